import {
  ChangeMessageVisibilityCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { awsClientOptions } from '../aws-client-options.ts';
import { throwTryAgain } from './unavailable.ts';

/** A message as the queue takes it: messages of one group are handled one after the other. */
export interface QueuedMessage {
  readonly body: string;
  readonly group: string;
  /** Within five minutes the queue takes a message with the same id only once. */
  readonly deduplicationId: string;
}

/** SQS takes ten messages at once, and 1 MiB together. */
const maxBatchMessages = 10;

export function createSqs(): SQSClient {
  const client = new SQSClient(awsClientOptions());
  client.middlewareStack.add(throwTryAgain, { step: 'initialize', priority: 'high', name: 'throwTryAgain' });
  return client;
}

/** The FIFO queue through which all background work goes. */
export class WorkQueue {
  readonly #client: Pick<SQSClient, 'send'>;
  readonly #queueUrl: string;

  constructor(client: Pick<SQSClient, 'send'>, queueUrl: string) {
    this.#client = client;
    this.#queueUrl = queueUrl;
  }

  /** Resolves once the queue has all of them. @throws where it has not: some may be queued, and sending again is safe. */
  async send(messages: readonly QueuedMessage[]): Promise<void> {
    const [only, ...others] = messages;
    if (only === undefined) return;
    if (others.length === 0) {
      await this.#client.send(new SendMessageCommand({ QueueUrl: this.#queueUrl, ...entry(only) }));
      return;
    }
    for (let index = 0; index < messages.length; index += maxBatchMessages) {
      const Entries = messages
        .slice(index, index + maxBatchMessages)
        .map((message, position) => ({ Id: String(position), ...entry(message) }));
      const { Failed = [] } = await this.#client.send(
        new SendMessageBatchCommand({ QueueUrl: this.#queueUrl, Entries }),
      );
      if (Failed.length > 0) throw new Error(`The queue did not take ${Failed.length} of ${Entries.length} messages.`);
    }
  }

  /** Has the queue deliver a message that failed again after so many seconds, instead of after its visibility timeout. */
  async retryAfter(receiptHandle: string, seconds: number): Promise<void> {
    await this.#client.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: this.#queueUrl,
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: seconds,
      }),
    );
  }
}

function entry({ body, group, deduplicationId }: QueuedMessage) {
  return { MessageBody: body, MessageGroupId: group, MessageDeduplicationId: deduplicationId };
}
