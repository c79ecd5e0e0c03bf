import { afterAll, beforeAll, expect, test } from 'vitest';
import { CallLimiter } from '../../../shared/session/call-limiter.ts';
import { CallLevels } from '../../../shared/store/call-levels.ts';
import { startTables, type TestTables } from '../fixture/dynamodb.ts';
import { engineName } from '../fixture/engine.ts';

const noon = Date.parse('2026-07-10T12:00:00Z');

// A busy machine is no reason to fail.
const patience = 30_000;

let tables: TestTables;
let levels: CallLevels;
beforeAll(async () => {
  tables = await startTables();
  levels = new CallLevels(tables.documents, tables.names.userCache, patience);
});
afterAll(() => tables.close());

const updates = () => tables.calls.filter(({ operation }) => operation === 'UpdateItem').length;

test(`what is added is known to all, and a past moment counts as none (${engineName()})`, async () => {
  expect(await levels.add('company#1', 500, new Date(noon))).toBe(noon + 500);
  expect(await levels.add('company#1', 500, new Date(noon + 100))).toBe(noon + 1_000);
  const written = updates();
  // A day later it has rested, however late DynamoDB deletes it.
  const nextDay = new Date(noon + 86_400_000);
  expect(await levels.add('company#1', 250, nextDay)).toBe(nextDay.getTime() + 250);
  expect(updates() - written).toBe(2);
  expect(await levels.add('company#1', 250, nextDay)).toBe(nextDay.getTime() + 500);
  expect(updates() - written).toBe(3);
});

test('what is added at once is all there, but for who began with somebody else', async () => {
  await levels.add('company#2', 100, new Date(noon));
  await Promise.all(Array.from({ length: 50 }, () => levels.add('company#2', 100, new Date(noon))));
  expect(await levels.add('company#2', 0, new Date(noon))).toBe(noon + 5_100);
  await Promise.all(Array.from({ length: 50 }, () => levels.add('company#3', 100, new Date(noon))));
  const begun = await levels.add('company#3', 0, new Date(noon));
  expect(begun).toBeGreaterThanOrEqual(noon + 100);
  expect(begun).toBeLessThanOrEqual(noon + 5_000);
});

test('an instance whose clock is ahead keeps nobody out, neither now nor with the next call', async () => {
  await levels.add('company#6', 500, new Date(noon + 3_600_000));
  expect(await levels.add('company#6', 500, new Date(noon))).toBe(noon + 500);
  expect(await levels.add('company#6', 500, new Date(noon))).toBe(noon + 1_000);
});

test('an item holds a moment and nothing else, and leaves within the hour', async () => {
  await levels.add('company#4', 100, new Date(noon));
  const items = (await tables.items()).filter(({ pk }) => pk?.S === 'company#4');
  expect(items).toEqual([
    {
      pk: { S: 'company#4' },
      sk: { S: '#calls' },
      usedUntilMs: { N: String(noon + 100) },
      expiresAt: { N: String(noon / 1_000 + 3_600) },
    },
  ]);
});

test('a table that is not there, or refuses, is told of once and quickly', async () => {
  const nowhere = new CallLevels(tables.documents, 'Nowhere');
  await expect(nowhere.add('company#5', 100, new Date(noon))).rejects.toThrow();
});

test('somebody who asks 200 times a second of 50 instances gets the limit, a burst, and ten calls of each', async () => {
  const person = { of: 'person', name: 'company#6#user#greedy#g1', callsPerSecond: 20 } as const;
  const instances = Array.from({ length: 50 }, () => new CallLimiter(levels));
  const seconds = 60;
  const written = updates();
  const admitted = Array.from({ length: seconds }, () => 0);
  for (let call = 0; call < seconds * 200; call++) {
    const atMs = call * 5;
    // Each in turn is the widest spread, and so the worst.
    const instance = instances[call % instances.length];
    const isAdmitted = await instance?.admit([person], new Date(noon + atMs)).then(
      () => true,
      () => false,
    );
    if (isAdmitted) admitted[Math.floor(atMs / 1_000)] = (admitted[Math.floor(atMs / 1_000)] ?? 0) + 1;
  }
  const sum = (counts: readonly number[]) => counts.reduce((all, each) => all + each, 0);
  const writes = updates() - written;
  // What docs/decisions says of it.
  expect(sum(admitted.slice(0, 5))).toBeLessThanOrEqual(5 * 20 + 100 + 10 * instances.length);
  expect(sum(admitted.slice(30))).toBe(30 * 20);
  expect(writes).toBeLessThanOrEqual(sum(admitted) / 10);
});
