import { expect, test } from 'vitest';
import { startQueue } from '../../../infra/local/lambda/start-queue.ts';
import { makeGate } from './fixture/gate.ts';
import { openBundle } from './fixture/open-bundle.ts';

test('only so many instances start at once, and the function with the fewest goes first', async () => {
  const started: string[] = [];
  const finish: (() => void)[] = [];
  const enqueue = startQueue(2);
  const want = (name: string, instances: number) =>
    enqueue({
      instances: () => instances,
      start: () => {
        started.push(name);
        return new Promise((resolve) => finish.push(resolve));
      },
    });
  for (const instances of [0, 1, 2, 3]) want(`busy ${instances}`, instances);
  want('quiet', 0);
  expect(started).toEqual(['busy 0', 'busy 1']);
  for (const expected of ['quiet', 'busy 2', 'busy 3']) {
    finish.shift()?.();
    await expect.poll(() => started.at(-1)).toBe(expected);
  }
});

test('an event whose instance still starts goes to one that becomes free before', async () => {
  await using init = await makeGate();
  await using work = await makeGate();
  await using fn = openBundle(`
    await fetch('${init.url}');
    const id = crypto.randomUUID();
    export const handler = async ({ gate }) => {
      if (gate) await fetch(gate);
      return id;
    };`);
  const first = fn.invoke(JSON.stringify({ gate: work.url }), '');
  await init.reached(1);
  init.open();
  await work.reached(1);
  const second = fn.invoke('{}', '');
  await init.reached(2);
  work.open();
  expect(await second).toEqual(await first);
  expect(await second).toMatchObject({ kind: 'result' });
});

test('events beyond the instances that may start are all answered, by few of them where they are quick', async () => {
  await using fn = openBundle('const id = crypto.randomUUID(); export const handler = async () => id;');
  const outcomes = await Promise.all(Array.from({ length: 60 }, () => fn.invoke('{}', '')));
  expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['result']));
  expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome))).size).toBeLessThanOrEqual(4);
});

test('an instance that cannot start fails one event, each of several', async () => {
  await using fn = openBundle(`throw new Error('broken');`);
  const outcomes = await Promise.all([fn.invoke('{}', ''), fn.invoke('{}', ''), fn.invoke('{}', '')]);
  for (const outcome of outcomes) {
    expect(outcome).toEqual({ kind: 'error', reason: expect.stringMatching(/^Error: broken/) });
  }
});

test('what waits when the runtime ends gets an outcome', async () => {
  await using init = await makeGate();
  await using fn = openBundle(`await fetch('${init.url}'); export const handler = async () => 1;`);
  const waiting = Promise.all([fn.invoke('{}', ''), fn.invoke('{}', ''), fn.invoke('{}', '')]);
  await init.reached(1);
  await fn.close();
  for (const outcome of await waiting) expect(outcome).toEqual({ kind: 'error', reason: 'the local runtime ends' });
});
