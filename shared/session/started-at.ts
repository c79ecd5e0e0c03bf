import { type Extension, extensionFor } from '../config.ts';
import { AppError } from '../problems.ts';
import type { KeyRing } from '../sealing.ts';
import { openSession, tenantOfSessionCookie } from './sessions.ts';
import { isRoundCookie } from './sign-in-round.ts';
import { openTransaction } from './transactions.ts';

/**
 * When the session or the transaction in a cookie began; undefined where it does not open any more. That of a sign-in's
 * round counts as of now: it is small, and without it somebody might be sent round for ever.
 */
export async function startedAtMs(
  keys: KeyRing,
  extension: Extension,
  now: Date,
  name: string,
  text: string,
): Promise<number | undefined> {
  if (isRoundCookie(name)) return now.getTime();
  const tenant = tenantOfSessionCookie(name);
  if (tenant === undefined) return (await openTransaction(keys, text, now))?.startedAtMs;
  try {
    return (await openSession(keys, extensionFor(extension, tenant).scopes, { tenant, text, now })).signedInAtMs;
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}
