import { onTestFinished, vi } from 'vitest';

/**
 * Moves the clock of this test's process by so many seconds, on top of earlier moves, until the test ends. Only `Date`
 * moves: timers and connections go on. An extension that runs (startExtension) has its own clock: there, let tokens
 * expire with `world.platform.expireTokens`.
 */
export function moveClock(seconds: number): void {
  if (!vi.isFakeTimers()) {
    const real = Date.now();
    vi.useFakeTimers({ toFake: ['Date'], now: real });
    onTestFinished(() => void vi.useRealTimers());
  }
  vi.setSystemTime(Date.now() + seconds * 1000);
}
