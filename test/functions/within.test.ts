import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { within } from '../../functions/runtime/within.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('what never ends is given up at its time, and not before', async () => {
  let outcome: string | undefined;
  const waiting = within(5_000, new Promise<string>(() => {}), 'late').then((value) => {
    outcome = value;
    return value;
  });
  await vi.advanceTimersByTimeAsync(4_999);
  expect(outcome).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1);
  await waiting;
  expect(outcome).toBe('late');
});

test('what ends in time, well or not, leaves no timer behind', async () => {
  expect(await within(5_000, Promise.resolve('done'), 'late')).toBe('done');
  await expect(within(5_000, Promise.reject(new Error('refused')), 'late')).rejects.toThrow('refused');
  expect(vi.getTimerCount()).toBe(0);
});
