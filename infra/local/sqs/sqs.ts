import { findPackageJSON } from 'node:module';
import type { AddressInfo, Server } from 'node:net';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildApp } from 'fauxqs';
import { type AccessKey, refuseStranger } from '../host/access.ts';
import { StartError } from '../host/start-error.ts';
import { region } from '../lambda/lambda-environment.ts';
import type { StandIn } from '../secrets/secrets-manager.ts';
import { scopeDeduplicationToGroups } from './message-group-deduplication.ts';
import type { MessageJournal, QueueMessage } from './message-journal.ts';
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

/** A message that a function has. */
export interface HeldMessage {
  readonly receiptHandle: string;
  /** Epoch milliseconds. */
  readonly visibilityDeadline: number;
}

export interface QueueCounts {
  readonly waiting: number;
  readonly inFlight: number;
}

export interface Sqs extends StandIn {
  /** Makes the queue, with what the journal has of it; how many messages that are. */
  create(queue: QueueDefinition): Promise<number>;
  /** An operation of the service, without a connection. @throws {Error} with the service's answer where it refuses. */
  call<Output>(operation: string, input: Readonly<Record<string, unknown>>): Promise<Output>;
  /** What functions have of the queue's messages. */
  held(queue: QueueDefinition): readonly HeldMessage[];
  /** By name. */
  counts(): ReadonlyMap<string, QueueCounts>;
  /** Tells of each operation that was carried out, whoever asked for it. */
  onAnswered(listener: (operation: string) => void): void;
}

type Stores = NonNullable<NonNullable<Parameters<typeof buildApp>[0]>['stores']>;
type Store = Stores['sqsStore'];
type Queue = NonNullable<ReturnType<Store['getQueueByName']>>;

/**
 * SQS on this machine, for this run's functions only. fauxqs' own `startFauxqs` listens on every network interface, and
 * its persistence is to be had only there: this takes the parts.
 *
 * A message that is answered for is in the journal, where there is one: a message of the last run is the same one, but
 * its receives are counted from 0. What a function had while the run ended comes again, as SQS's at-least-once promises.
 *
 * What differs from AWS: a receive brings at most one message of each group; nothing expires (MessageRetentionPeriod);
 * policies, encryption and message moving tasks are not there.
 */
export async function startSqs(accessKey: AccessKey, journal?: MessageJournal): Promise<Sqs> {
  const store = await openStore();
  if (journal) store.persistence = noteIn(journal);
  const app = buildApp({ logger: false, defaultRegion: region, stores: { sqsStore: store } as Stores });
  scopeDeduplicationToGroups(app);
  const listeners: ((operation: string) => void)[] = [];
  app.addHook('onRequest', async ({ headers }, reply) => {
    const stranger = refuseStranger(headers, portOf(app.server), accessKey);
    if (stranger) await reply.status(stranger.status).send(stranger.body);
  });
  app.addHook('preSerialization', async ({ headers }, reply, payload) => {
    try {
      journal?.flush();
      return payload;
    } catch (error) {
      // Only of a message that was sent somebody must know that it is safe.
      if (!operationOf(headers)?.startsWith('SendMessage')) return payload;
      reply.status(500);
      return { __type: 'com.amazonaws.sqs#InternalFailure', message: (error as Error).message };
    }
  });
  app.addHook('onResponse', async ({ headers }) => {
    const operation = operationOf(headers);
    if (operation !== undefined) for (const listener of listeners) listener(operation);
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const host = `127.0.0.1:${portOf(app.server)}`;
  const call: Sqs['call'] = async (operation, input) => {
    const answer = await app.inject({
      method: 'POST',
      url: '/',
      headers: {
        host,
        authorization: `AWS4-HMAC-SHA256 Credential=${accessKey.accessKeyId}/`,
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `AmazonSQS.${operation}`,
      },
      payload: JSON.stringify(input),
    });
    if (answer.statusCode === 200) return answer.json();
    throw new Error(`SQS refused ${operation}: ${answer.body}`);
  };
  return {
    endpoint: `http://${host}`,
    close: () => app.close(),
    call,
    async create({ logicalId, name, attributes }) {
      await call('CreateQueue', { QueueName: name, Attributes: attributes }).catch((error: Error) => {
        throw new StartError(`The template's queue ${logicalId} cannot be made: ${error.message}`, { cause: error });
      });
      const queue = store.getQueueByName(name);
      const messages = journal?.messagesOf(name) ?? [];
      for (const message of messages) if (queue) restore(queue, message);
      return messages.length;
    },
    held: ({ name }) => store.inspectQueue(name)?.messages.inflight ?? [],
    counts() {
      const sum = (queue: Queue, ...attributes: Parameters<Queue['getAttribute']>[0][]) =>
        attributes.reduce((total, attribute) => total + Number(queue.getAttribute(attribute)), 0);
      return new Map(
        [...store.allQueues()].map((queue) => [
          queue.name,
          {
            waiting: sum(queue, 'ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesDelayed'),
            inFlight: sum(queue, 'ApproximateNumberOfMessagesNotVisible'),
          },
        ]),
      );
    },
    onAnswered: (listener) => void listeners.push(listener),
  };
}

/** fauxqs makes its store itself and shows it to nobody, but takes one that it is given. */
async function openStore(): Promise<Store> {
  const manifest = findPackageJSON('fauxqs', import.meta.url) ?? '';
  const file = pathToFileURL(join(dirname(manifest), 'dist', 'sqs', 'sqsStore.js'));
  const { SqsStore } = (await import(file.href)) as { readonly SqsStore: new () => Store };
  return new SqsStore();
}

/** What fauxqs tells its own database of messages goes to the journal; what else it tells follows from the template. */
function noteIn(journal: MessageJournal): NonNullable<Store['persistence']> {
  const ignore = () => undefined;
  return {
    insertMessage: (queue: string, message: QueueMessage) => journal.put(queue, message),
    deleteMessage: (id: string) => journal.delete(id),
    deleteQueueMessages: (queue: string) => journal.purge(queue),
    insertQueue: ignore,
    deleteQueue: ignore,
    updateQueueAttributes: ignore,
    updateQueueSequenceCounter: ignore,
    updateMessageInflight: ignore,
    updateMessageReady: ignore,
  } as unknown as NonNullable<Store['persistence']>;
}

function restore(queue: Queue, message: QueueMessage): void {
  const { messageId, messageDeduplicationId: id, sequenceNumber } = message;
  queue.sequenceCounter = Math.max(queue.sequenceCounter, Number(sequenceNumber ?? 0));
  if (id !== undefined) queue.recordDeduplication(id, messageId, sequenceNumber);
  queue.enqueue(Object.assign(message, { approximateReceiveCount: 0 }));
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** From the header by which SQS's JSON protocol names it. */
function operationOf(headers: Readonly<Record<string, unknown>>): string | undefined {
  const target = headers['x-amz-target'];
  return typeof target === 'string' ? target.replace(/^AmazonSQS\./, '') : undefined;
}
