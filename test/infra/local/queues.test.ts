import { ChangeMessageVisibilityCommand, PurgeQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LocalExtension } from '../../../infra/local/start-local-extension.ts';
import { redriveMessages } from '../../../infra/operations/redrive-messages.ts';
import { makeGate } from './fixture/gate.ts';
import { clientOf, queueOf, sendTogether, sendWork, told } from './fixture/queues.ts';
import { startFixture, temporaryDirectory } from './fixture/start-fixture.ts';

const data = temporaryDirectory();
let extension: LocalExtension;
let client: SQSClient;
let from = 0;

beforeAll(async () => {
  extension = await startFixture({ dataDir: data.path, longestRetrySeconds: 1 });
  client = new SQSClient({ ...clientOf(extension), endpoint: extension.sqsEndpoint });
});
afterAll(async () => {
  await extension.close();
  data[Symbol.dispose]();
});
beforeEach(() => {
  from = extension.logs().length;
});

/** What was logged since the test began. */
const since = () => ({ ...extension, logs: () => extension.logs().slice(from) });
const log = () => since().logs().join('\n');

test('messages of a group are handled one after the other, in order', async () => {
  const ids = Array.from({ length: 12 }, (_, index) => `ordered-${index}`);
  for (const id of ids) await sendWork(extension, 'company#1', { id });
  await extension.idle();
  expect(told(since(), 'done')).toEqual(ids);
});

test('one that failed holds up its group until it succeeds, and no other group', async () => {
  await sendWork(extension, 'company#1', { id: 'first', do: 'failOnce' });
  await sendWork(extension, 'company#1', { id: 'second' });
  await sendWork(extension, 'company#2', { id: 'other' });
  await extension.idle();
  expect(told(since(), 'done')).toEqual(['other', 'first', 'second']);
});

test('groups are handled at the same time, the messages of one are not', async () => {
  await using gate = await makeGate();
  await sendWork(extension, 'company#1', { id: 'held', gate: gate.url });
  await gate.reached(1);
  await sendWork(extension, 'company#1', { id: 'behind' });
  await sendWork(extension, 'company#2', { id: 'beside' });
  await expect.poll(() => told(since(), 'done')).toEqual(['beside']);
  expect(await extension.countMessages()).toMatchObject({ waiting: 1, inFlight: 1 });
  gate.open();
  await extension.idle();
  expect(told(since(), 'done')).toEqual(['beside', 'held', 'behind']);
});

test('the event is the one of Lambda', async () => {
  const QueueUrl = queueOf(extension, 'Work');
  const sent = await client.send(
    new SendMessageCommand({
      QueueUrl,
      MessageBody: '{"id":"shape"}',
      MessageGroupId: 'company#1',
      MessageDeduplicationId: 'digest',
      MessageAttributes: {
        source: { DataType: 'String', StringValue: 'webhook' },
        bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 1, 2]) },
      },
    }),
  );
  await extension.idle();
  const { Records: records } = JSON.parse(/event (\{.*)/.exec(log())?.[1] ?? '') as SQSEvent;
  expect(records).toEqual([
    {
      messageId: sent.MessageId,
      receiptHandle: expect.any(String),
      body: '{"id":"shape"}',
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: expect.stringMatching(/^\d{13}$/),
        SequenceNumber: sent.SequenceNumber,
        MessageGroupId: 'company#1',
        SenderId: expect.any(String),
        MessageDeduplicationId: 'digest',
        ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
      },
      messageAttributes: {
        source: { stringValue: 'webhook', stringListValues: [], binaryListValues: [], dataType: 'String' },
        bytes: { binaryValue: 'AAEC', stringListValues: [], binaryListValues: [], dataType: 'Binary' },
      },
      md5OfMessageAttributes: sent.MD5OfMessageAttributes,
      md5OfBody: sent.MD5OfMessageBody,
      eventSource: 'aws:sqs',
      eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${QueueUrl.split('/').at(-1)}`,
      awsRegion: 'us-east-1',
    },
  ]);
});

test('a message with the de-duplication id of another is dropped within its group, and only there', async () => {
  await sendWork(extension, 'company#1', { id: 'once' }, 'same');
  await sendWork(extension, 'company#1', { id: 'again' }, 'same');
  await sendWork(extension, 'company#2', { id: 'elsewhere' }, 'same');
  const body = JSON.stringify({ id: 'by-content' });
  for (const MessageGroupId of ['company#1', 'company#1', 'company#2']) {
    await client.send(
      new SendMessageCommand({ QueueUrl: queueOf(extension, 'Work'), MessageBody: body, MessageGroupId }),
    );
  }
  await extension.idle();
  expect(told(since(), 'done').sort()).toEqual(['by-content', 'by-content', 'elsewhere', 'once']);
});

describe('of a batch', () => {
  test('only what the function names comes again', async () => {
    await sendTogether(extension, 'Work', [{ id: 'a' }, { id: 'b', do: 'failOnce' }, { id: 'c' }]);
    await extension.idle();
    expect(told(since(), 'begin')).toEqual(['a 1', 'b 1', 'c 1', 'b 2']);
    expect(log()).toMatch(/^Worker {2}3 messages, 1 failed, \d+ ms$/m);
    expect(log()).toMatch(/^Worker {2}1 message, \d+ ms$/m);
  });

  test.each(['throw', 'malformed', 'hang'] as const)(
    'all comes again, and at last to the dead letters: %s',
    async (how) => {
      const { dead } = await extension.countMessages();
      await sendTogether(extension, 'Work', [{ id: 'a' }, { id: 'b', do: how }]);
      await extension.idle();
      expect(log()).toMatch(/^Worker {2}2 messages, 2 failed, \d+ ms$/m);
      expect(log()).toMatch(/failed, [12] to the dead letters, \d+ ms$/m);
      expect(told(since(), 'begin')).toEqual(expect.arrayContaining(['a 2', 'b 2']));
      // They may come back apart, a moment after each other: the one that nothing is wrong with then succeeds.
      const succeeded = /^Worker {2}1 message, \d+ ms$/m.test(log()) ? 1 : 0;
      expect((await extension.countMessages()).dead).toBe(dead + 2 - succeeded);
      if (how === 'malformed') expect(log()).toContain('Malformed result: an itemIdentifier');
    },
  );

  test('nothing comes again where the mapping asks for no names', async () => {
    await sendTogether(extension, 'Plain', [{ id: 'a', do: 'fail' }, { id: 'b' }]);
    await extension.idle();
    expect(told(since(), 'begin').sort()).toEqual(['a 1', 'b 1']);
    expect(log()).toContain('PlainWorker | ');
    expect(log()).not.toContain('Absent');
  });
});

test('dead letters come back in order, once each, and what fails again stays dead', async () => {
  const [deadLetters, work] = [queueOf(extension, 'WorkDeadLetters'), queueOf(extension, 'Work')];
  await client.send(new PurgeQueueCommand({ QueueUrl: deadLetters }));
  await sendWork(extension, 'company#1', { id: 'one', do: 'fail' });
  await sendWork(extension, 'company#1', { id: 'two', do: 'fail' });
  await extension.idle();
  const twiceEach = ['one 1', 'one 2', 'two 1', 'two 2'];
  expect(told(since(), 'begin')).toEqual(twiceEach);
  expect((await extension.countMessages()).dead).toBe(2);

  expect(await redriveMessages({ client, from: deadLetters, to: work, waitSeconds: 0 })).toBe(2);
  await extension.idle();
  expect(told(since(), 'begin')).toEqual([...twiceEach, ...twiceEach]);
  expect((await extension.countMessages()).dead).toBe(2);
});

test('a message is not handed out again while a function has it, however soon failures are retried', async () => {
  await using gate = await makeGate();
  await sendWork(extension, 'company#1', { id: 'slow', gate: gate.url });
  await gate.reached(1);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  gate.open();
  await extension.idle();
  expect(told(since(), 'begin')).toEqual(['slow 1']);
});

test.for([
  ['longer', 3_600],
  ['shorter', 20],
] as const)(
  'one for which the function chose a %s time than the queue’s own is left alone until then',
  async ([, seconds]) => {
    await using gate = await makeGate();
    await sendWork(extension, 'company#1', { id: 'later', do: 'failOnce', gate: gate.url });
    await gate.reached(1);
    const { Records: records } = JSON.parse(/event (\{.*)/.exec(log())?.[1] ?? '') as SQSEvent;
    const message = { QueueUrl: queueOf(extension, 'Work'), ReceiptHandle: records[0]?.receiptHandle ?? '' };
    await client.send(new ChangeMessageVisibilityCommand({ ...message, VisibilityTimeout: seconds }));
    gate.open();
    await expect.poll(log).toContain('1 failed');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(told(since(), 'begin')).toEqual(['later 1']);
    await client.send(new ChangeMessageVisibilityCommand({ ...message, VisibilityTimeout: 0 }));
    await extension.idle();
    expect(told(since(), 'begin')).toEqual(['later 1', 'later 2']);
  },
);

test('schedules send when they are told to, each time another message', async () => {
  await extension.runSchedule('nightly');
  await extension.runSchedule('nightly');
  await extension.runSchedule('weekly-report');
  await extension.idle();
  expect(told(since(), 'done').sort()).toEqual(['nightly', 'nightly', 'report']);
  const runs = [...log().matchAll(/\\"run\\":\\"([0-9a-f-]{36})\\"/g)].map(([, run]) => run);
  expect(new Set(runs).size).toBe(2);
  await expect(extension.runSchedule('hourly')).rejects.toThrow(
    'There is no schedule "hourly". There are: nightly, weekly-report.',
  );
});

test('what acts and is not served is named', () => {
  const named = extension.logs().filter((line) => line.startsWith('Not served on this machine'));
  expect(named).toEqual([
    expect.stringMatching(/Elsewhere[0-9A-F]{8} \(AWS::Scheduler::Schedule\)/),
    'Not served on this machine: the route ANY /away, which leads to no function.',
  ]);
});
