import type { AddressInfo } from 'node:net';
import { buildApp } from 'fauxqs';
import { StartError } from '../host/start-error.ts';
import { region } from '../lambda/lambda-environment.ts';
import type { StandIn } from '../secrets/secrets-manager.ts';
import { scopeDeduplicationToGroups } from './message-group-deduplication.ts';
import type { QueueDefinition } from './queue-definition.ts';

/** A message as SQS's own JSON protocol spells it: binary values are base64 text. */
export interface ReceivedMessage {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly Body: string;
  readonly MD5OfBody: string;
  readonly MD5OfMessageAttributes?: string;
  readonly Attributes: Readonly<Record<string, string>>;
  readonly MessageAttributes?: Readonly<Record<string, MessageAttribute>>;
}

export interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}

/** A message that is in a queue, whatever its state. */
export interface HeldMessage {
  readonly body: string;
  readonly messageAttributes: Readonly<Record<string, MessageAttribute>>;
  readonly sentTimestamp: number;
  readonly messageGroupId?: string;
  readonly messageDeduplicationId?: string;
  readonly sequenceNumber?: string;
}

export interface QueueContents {
  readonly ready: readonly HeldMessage[];
  readonly delayed: readonly HeldMessage[];
  readonly inflight: readonly {
    readonly message: HeldMessage;
    readonly receiptHandle: string;
    /** Epoch milliseconds. */
    readonly visibilityDeadline: number;
  }[];
}

export interface QueueCounts {
  readonly waiting: number;
  readonly inFlight: number;
}

export interface Sqs extends StandIn {
  create(queue: QueueDefinition): Promise<void>;
  /** An operation of the service, without a connection. @throws {Error} with the service's answer where it refuses. */
  call<Output>(operation: string, input: Readonly<Record<string, unknown>>): Promise<Output>;
  contents(queue: QueueDefinition): Promise<QueueContents>;
  /** By name. */
  counts(): Promise<ReadonlyMap<string, QueueCounts>>;
  /** Tells of each operation that was carried out, whoever asked for it. */
  onAnswered(listener: (operation: string) => void): void;
}

/**
 * SQS on this machine, in memory, for this run's functions only. fauxqs' own `startFauxqs` listens on every network
 * interface, and its persistence is to be had only there: this takes the parts.
 *
 * What differs from AWS: a receive brings at most one message of each group; nothing expires (MessageRetentionPeriod);
 * policies, encryption and message moving tasks are not there.
 */
export async function startSqs(): Promise<Sqs> {
  const app = buildApp({ logger: false, defaultRegion: region });
  scopeDeduplicationToGroups(app);
  const listeners: ((operation: string) => void)[] = [];
  app.addHook('onResponse', async ({ headers }) => {
    const operation = operationOf(headers);
    if (operation !== undefined) for (const listener of listeners) listener(operation);
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const call: Sqs['call'] = async (operation, input) => {
    const answer = await app.inject({
      method: 'POST',
      url: '/',
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${operation}` },
      payload: JSON.stringify(input),
    });
    if (answer.statusCode === 200) return answer.json();
    throw new Error(`SQS refused ${operation}: ${answer.body}`);
  };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    close: () => app.close(),
    call,
    async create({ logicalId, name, attributes }) {
      await call('CreateQueue', { QueueName: name, Attributes: attributes }).catch((error: Error) => {
        throw new StartError(`The template's queue ${logicalId} cannot be made: ${error.message}`, { cause: error });
      });
    },
    async contents({ name }) {
      const answer = await app.inject(`/_fauxqs/queues/${encodeURIComponent(name)}`);
      return answer.json<{ messages: QueueContents }>().messages;
    },
    async counts() {
      const answer = await app.inject('/_fauxqs/queues');
      const queues =
        answer.json<
          {
            name: string;
            approximateMessageCount: number;
            approximateDelayedCount: number;
            approximateInflightCount: number;
          }[]
        >();
      return new Map(
        queues.map((queue) => [
          queue.name,
          {
            waiting: queue.approximateMessageCount + queue.approximateDelayedCount,
            inFlight: queue.approximateInflightCount,
          },
        ]),
      );
    },
    onAnswered: (listener) => void listeners.push(listener),
  };
}

/** From the header by which SQS's JSON protocol names it. */
function operationOf(headers: Readonly<Record<string, unknown>>): string | undefined {
  const target = headers['x-amz-target'];
  return typeof target === 'string' ? target.replace(/^AmazonSQS\./, '') : undefined;
}
