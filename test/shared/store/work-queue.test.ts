import type { SQSClient } from '@aws-sdk/client-sqs';
import { ChangeMessageVisibilityCommand, SendMessageBatchCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import type { QueuedMessage } from '../../../shared/store/work-queue.ts';
import { WorkQueue } from '../../../shared/store/work-queue.ts';

const queueUrl = 'https://sqs.example/1/work.fifo';
const message = (number: number): QueuedMessage => ({
  body: `{"n":${number}}`,
  group: `company#${number % 3}`,
  deduplicationId: `id-${number}`,
});
const messages = (count: number) => Array.from({ length: count }, (_, index) => message(index));
const entry = (number: number) => ({
  MessageBody: `{"n":${number}}`,
  MessageGroupId: `company#${number % 3}`,
  MessageDeduplicationId: `id-${number}`,
});

type Answer = (command: object, number: number) => object;

/** A queue whose requests are written down; `answer` is what SQS answers. */
function startQueue(answer: Answer = () => ({})) {
  const asked: { command: object; input: unknown }[] = [];
  const client = {
    send: (command: { input: unknown }) => {
      asked.push({ command, input: command.input });
      return Promise.resolve(answer(command, asked.length));
    },
  } as unknown as Pick<SQSClient, 'send'>;
  return { queue: new WorkQueue(client, queueUrl), asked };
}

const entriesOf = (asked: { input: unknown }[]) =>
  asked.map(({ input }) => (input as { Entries: { Id: string; MessageBody: string }[] }).Entries);

describe('messages for the queue', () => {
  test('are none where there are none', async () => {
    const { queue, asked } = startQueue();
    await queue.send([]);
    expect(asked).toEqual([]);
  });

  test('go alone where there is one, with their group and id', async () => {
    const { queue, asked } = startQueue();
    await queue.send([message(7)]);
    expect(asked[0]?.command).toBeInstanceOf(SendMessageCommand);
    expect(asked.map(({ input }) => input)).toEqual([{ QueueUrl: queueUrl, ...entry(7) }]);
  });

  for (const [count, batches] of [
    [2, [2]],
    [10, [10]],
    [11, [10, 1]],
    [101, [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 1]],
  ] as const) {
    test(`go in batches of ten, in order: ${count}`, async () => {
      const { queue, asked } = startQueue();
      await queue.send(messages(count));
      for (const { command } of asked) expect(command).toBeInstanceOf(SendMessageBatchCommand);
      const entries = entriesOf(asked);
      expect(entries.map(({ length }) => length)).toEqual([...batches]);
      for (const batch of entries) expect(new Set(batch.map(({ Id }) => Id)).size).toBe(batch.length);
      const sent = entries.flat().map(({ Id: _id, ...rest }) => rest);
      expect(sent).toEqual(Array.from({ length: count }, (_, index) => entry(index)));
    });
  }

  test('of which some are not taken are a failure, although SQS answers 200', async () => {
    const failing: Answer = (_, number) => ({ Failed: number === 2 ? [{ Id: '0' }, { Id: '3' }] : [] });
    const { queue, asked } = startQueue(failing);
    await expect(queue.send(messages(25))).rejects.toThrow('The queue did not take 2 of 10 messages.');
    expect(asked).toHaveLength(2);
  });

  test('that fail together are a failure', async () => {
    const broken: Answer = () => {
      throw new Error('no queue');
    };
    for (const count of [1, 2])
      await expect(startQueue(broken).queue.send(messages(count))).rejects.toThrow('no queue');
  });
});

test('a message that failed comes again when it is told to', async () => {
  const { queue, asked } = startQueue();
  await queue.retryAfter('receipt', 30);
  expect(asked[0]?.command).toBeInstanceOf(ChangeMessageVisibilityCommand);
  expect(asked.map(({ input }) => input)).toEqual([
    { QueueUrl: queueUrl, ReceiptHandle: 'receipt', VisibilityTimeout: 30 },
  ]);
});
