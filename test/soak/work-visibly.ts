import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { BackgroundContext } from '../../shared/background/handlers.ts';

/** Works for a while between two calls, from which the platform's records tell which run did what, and when. */
export async function workVisibly(
  { company, platform }: Pick<BackgroundContext, 'company' | 'platform'>,
  what: string,
  milliseconds: number,
): Promise<void> {
  const run = randomUUID();
  const call = (step: 'start' | 'end') => platform.get(`catalog/v1.0/company/${company}/__echo/${step}/${what}/${run}`);
  await call('start');
  await wait(milliseconds);
  await call('end');
}
