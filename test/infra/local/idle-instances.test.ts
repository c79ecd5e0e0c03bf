import { afterEach, expect, test, vi } from 'vitest';
import { idleInstances } from '../../../infra/local/lambda/idle-instances.ts';
import { makeGate } from './fixture/gate.ts';
import { openBundle } from './fixture/open-bundle.ts';

const source = `
  const id = crypto.randomUUID();
  export const handler = async ({ gate }) => {
    if (gate) await fetch(gate);
    return id;
  };`;

afterEach(() => {
  vi.useRealTimers();
});

test('an instance that was idle for a while ends, and one that is used in between does not', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  await using fn = openBundle(source, idleInstances({ seconds: 60 }));
  const first = await fn.invoke('{}', '');
  vi.advanceTimersByTime(59_000);
  expect(await fn.invoke('{}', '')).toEqual(first);
  vi.advanceTimersByTime(59_000);
  expect(await fn.invoke('{}', '')).toEqual(first);
  vi.advanceTimersByTime(60_000);
  expect(await fn.invoke('{}', '')).not.toEqual(first);
});

test('of those that are idle after a burst only so many stay; those that are busy finish', async () => {
  await using gate = await makeGate();
  const waitIdle = idleInstances({ most: 1 });
  await using fn = openBundle(source, waitIdle);
  await using other = openBundle(source, waitIdle);
  const burst = [1, 2, 3].map(() => fn.invoke(JSON.stringify({ gate: gate.url }), ''));
  await gate.reached(3);
  const lone = await other.invoke('{}', '');
  gate.open();
  const outcomes = await Promise.all(burst);
  expect(outcomes.map(({ kind }) => kind)).toEqual(['result', 'result', 'result']);
  expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome))).size).toBe(3);
  // One of the three is left, and it pushed out what was idle before it, of whichever function.
  expect(outcomes).toContainEqual(await fn.invoke('{}', ''));
  expect(await other.invoke('{}', '')).not.toEqual(lone);
});
