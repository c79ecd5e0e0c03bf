import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { givenDeduplicationId, uniqueDeduplicationId } from './message-group-deduplication.ts';
import type { QueueDefinition } from './queue-definition.ts';
import type { HeldMessage, Sqs } from './sqs.ts';

type Saved = Record<string, readonly HeldMessage[]>;

/** What waits in the queues, kept in a file that only its owner can read. */
export interface SavedMessages {
  /** Sends what the last run left to the queues, in its order; how many by logical id. */
  restore(): Promise<ReadonlyMap<string, number>>;
  /** Writes down what the queues hold, messages in flight included. */
  save(): Promise<void>;
}

/**
 * fauxqs keeps its queues in memory. A message that is restored is another one to SQS: it has a new id, its receives are
 * counted again, and a second message with its de-duplication id would no longer be dropped. What a function had while
 * the run ended comes again, as SQS's at-least-once promises.
 */
export function savedMessages(file: string, sqs: Sqs, queues: readonly QueueDefinition[]): SavedMessages {
  const read = (): Saved => (existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Saved) : {});
  return {
    async restore() {
      const saved = read();
      const counts = new Map<string, number>();
      for (const { logicalId, name, url } of queues) {
        const messages = saved[name] ?? [];
        for (const message of messages) {
          await sqs.call('SendMessage', {
            QueueUrl: url,
            MessageBody: message.body,
            MessageAttributes: message.messageAttributes,
            ...(message.messageGroupId !== undefined && {
              MessageGroupId: message.messageGroupId,
              MessageDeduplicationId: uniqueDeduplicationId(
                givenDeduplicationId(message.messageDeduplicationId ?? ''),
                randomUUID(),
              ),
            }),
          });
        }
        if (messages.length > 0) counts.set(logicalId, messages.length);
      }
      return counts;
    },
    async save() {
      // Those of another platform stay.
      const saved = read();
      // What moves to the dead letters meanwhile is then in both, rather than in none.
      for (const queue of queues.toSorted((a, b) => Number(!a.deadLetters) - Number(!b.deadLetters))) {
        const { ready, delayed, inflight } = await sqs.contents(queue);
        const messages = [...inflight.map(({ message }) => message), ...ready, ...delayed];
        if (messages.length > 0) saved[queue.name] = messages.sort(byOrder);
        else delete saved[queue.name];
      }
      if (Object.keys(saved).length === 0) return rmSync(file, { force: true });
      const next = `${file}.next`;
      writeFileSync(next, JSON.stringify(saved), { mode: 0o600 });
      renameSync(next, file);
    },
  };
}

/** Sequence numbers have the same length; a queue that is not FIFO has none. */
function byOrder(one: HeldMessage, other: HeldMessage): number {
  const [a = '', b = ''] = [one.sequenceNumber, other.sequenceNumber];
  return a === b ? one.sentTimestamp - other.sentTimestamp : a < b ? -1 : 1;
}
