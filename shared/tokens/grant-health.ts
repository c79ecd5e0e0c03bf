import type { Installation } from '../store/installations.ts';

/** A refresh that has been tried for so long is more than a bad moment: the token before it is most likely over. */
const patienceMs = 15 * 60_000;

/**
 * Since when a tenant has no working grant, in epoch milliseconds: the platform ended it, no key opens it, or its refreshes
 * have failed for a quarter of an hour. Undefined where it works; 0 where nobody noted when it broke.
 */
export function brokenSinceMs(
  { status, refreshingSinceMs }: Pick<Installation, 'status' | 'refreshingSinceMs'>,
  now: Date,
): number | undefined {
  if (status === 'reauthorize') return refreshingSinceMs ?? 0;
  const isFailing = refreshingSinceMs !== undefined && now.getTime() - refreshingSinceMs > patienceMs;
  return status === 'installed' && isFailing ? refreshingSinceMs : undefined;
}
