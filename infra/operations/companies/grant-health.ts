import type { HeldInstallation } from '../../../shared/store/held-data.ts';
import { brokenSinceMs } from '../../../shared/tokens/grant-health.ts';

/** A company whose background work stands, for people. Times as ISO 8601; undefined where nobody noted them. */
export interface BrokenGrant {
  readonly kind: string;
  readonly id: string;
  /** `reauthorize`: only a launch mends it. `installed`: its refreshes are still tried. */
  readonly status: string;
  readonly brokenSince: string | undefined;
  /** As `RefreshFailure`. */
  readonly lastFailure: string | undefined;
  readonly lastFailureAt: string | undefined;
  /** How often a refresh of this token was tried. */
  readonly attempts: number;
}

/** Undefined where the grant works, or there is none. */
export function brokenGrant({ tenant, attributes }: HeldInstallation, now: Date): BrokenGrant | undefined {
  const { status, refreshingSinceMs, refreshFailure, refreshFailedAtMs, attempt } = attributes;
  if (status !== 'installed' && status !== 'reauthorize') return undefined;
  const sinceMs = brokenSinceMs({ status, refreshingSinceMs: numberOf(refreshingSinceMs) }, now);
  if (sinceMs === undefined) return undefined;
  const failedAt = numberOf(refreshFailedAtMs);
  return {
    ...tenant,
    status,
    brokenSince: date(sinceMs || failedAt),
    lastFailure: typeof refreshFailure === 'string' ? refreshFailure : undefined,
    lastFailureAt: date(failedAt),
    attempts: numberOf(attempt) ?? 0,
  };
}

/** The longest broken first. */
export function describeBroken(broken: readonly BrokenGrant[]): string {
  if (broken.length === 0) return 'Every company’s grant works.';
  const minute = (at: string | undefined) => at?.slice(0, 16) ?? '-'.padEnd(16);
  return broken
    .map(({ kind, id, status, brokenSince, lastFailure, lastFailureAt, attempts }) =>
      [
        `${kind} ${id}`.padEnd(28),
        `broken since ${minute(brokenSince)}`,
        `${lastFailure ?? 'unknown'} at ${minute(lastFailureAt)}`.padEnd(34),
        `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`,
        status === 'reauthorize' ? 'mended when somebody opens the extension there' : 'still tried',
      ].join('  '),
    )
    .join('\n');
}

const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
const date = (epochMs: number | undefined) => (epochMs ? new Date(epochMs).toISOString() : undefined);
