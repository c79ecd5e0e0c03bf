import { setTimeout as wait } from 'node:timers/promises';
import { StartError } from '../local/host/start-error.ts';

/** What `--wait` says. @throws {StartError} where that is no number of seconds up to a quarter of an hour. */
export function waitSecondsOf(given: string): number {
  const seconds = Number(given);
  if (seconds >= 0 && seconds <= 900) return seconds;
  throw new StartError('--wait is a number of seconds up to 900.');
}

/** Waits so long for requests that were under way, and says so, after what has happened already. */
export async function letRequestsEnd(seconds: number, happened = ''): Promise<void> {
  if (seconds === 0) return;
  console.error(`${happened}Requests that were under way have ${seconds} s to end …`);
  await wait(seconds * 1000);
}
