import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { tellProgress } from '../../../infra/commands/tell-progress.ts';

let said: string[];
beforeEach(() => {
  said = [];
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearInterval', 'performance'] });
  vi.spyOn(console, 'log').mockImplementation((line: string) => void said.push(line));
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});
const after = (milliseconds: number, end: () => unknown) => async () => {
  await new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
  return await end();
};

test('what is done at once is said and no more', async () => {
  const work = tellProgress(
    'Starting',
    after(900, () => 7),
  );
  await vi.advanceTimersByTimeAsync(900);
  expect(await work).toBe(7);
  expect(said).toEqual(['Starting …']);
});

test('what takes long says that it is still under way, and in the end how long it took', async () => {
  const work = tellProgress(
    'Synthesizing',
    after(12_000, () => undefined),
  );
  await vi.advanceTimersByTimeAsync(12_000);
  await work;
  expect(said).toEqual([
    'Synthesizing …',
    '  … still at it after 5.0 s',
    '  … still at it after 10.0 s',
    '  done in 12.0 s',
  ]);
});

test('what fails says nothing more', async () => {
  const work = tellProgress(
    'Starting',
    after(2_000, () => Promise.reject(new Error('no'))),
  ).catch(() => 'failed');
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await work).toBe('failed');
  expect(said).toEqual(['Starting …']);
});
