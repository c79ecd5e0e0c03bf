import { previousForSeconds } from '../../../shared/contract.ts';
import type { Values } from './secret-values.ts';

/** What can be rotated. */
export const keyNames = ['session', 'token', 'webhook', 'api-secret', 'edge'] as const;
export type KeyName = (typeof keyNames)[number];

/**
 * Where a rotation stands, read from the secret's own values, so that it needs no memory:
 * - `at_rest`: one value counts.
 * - `announced`: the next one is accepted and not used.
 * - `in_use`: it is used, and the one before it still counts.
 */
export interface Rotation {
  readonly phase: 'at_rest' | 'announced' | 'in_use';
  /** Epoch milliseconds: since when. */
  readonly sinceMs: number;
  /** Epoch milliseconds: from when the next step may be taken; undefined at rest, where nothing has to happen. */
  readonly nextFromMs: number | undefined;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** After fifteen minutes every instance has read what was put; one more for clocks that differ. */
export const readByAllMs = 16 * minuteMs;
/** An instance that cannot reach Secrets Manager uses what it holds for an hour, and what was sealed then must open. */
const usedByNoneMs = 61 * minuteMs;

/**
 * For how long the value before counts, from when the current one was put: as functions judge it, or, of what was sealed with
 * it, until nothing of that is left.
 */
function previousForMs(key: KeyName, maxSessionHours: number): number {
  switch (key) {
    case 'session':
      return maxSessionHours * hourMs + usedByNoneMs;
    case 'token':
      return usedByNoneMs;
    case 'webhook':
      return previousForSeconds.webhookKey * 1_000;
    case 'api-secret':
      return previousForSeconds.apiSecret * 1_000;
    case 'edge':
      return readByAllMs;
  }
}

export interface Rules {
  /** As configured: no session lives longer. */
  readonly maxSessionHours: number;
  /** Every instance has read what was put, e.g. because they have all been started since. */
  readonly isRead: boolean;
  /** Somebody knows the value before: it counts no longer than it takes everybody to use the current one. */
  readonly isLeaked: boolean;
}

export function judgeRotation(key: KeyName, { current, previous, next }: Values, rules: Rules): Rotation {
  const waitMs = (milliseconds: number) => (rules.isRead ? 0 : milliseconds);
  if (previous !== undefined && previous.text !== current.text) {
    const sinceMs = current.putAtMs;
    const fullMs = previousForMs(key, rules.maxSessionHours);
    // Of tokens nothing may be left that it sealed, whoever knows it.
    const leakedMs = key === 'token' ? waitMs(fullMs) : key === 'webhook' ? waitMs(readByAllMs) : 0;
    const nextFromMs =
      sinceMs + (rules.isLeaked ? leakedMs : key === 'token' || key === 'edge' ? waitMs(fullMs) : fullMs);
    return { phase: 'in_use', sinceMs, nextFromMs };
  }
  // One from before the current one was put is nobody's plan any more.
  if (next !== undefined && next.text !== current.text && next.putAtMs >= current.putAtMs) {
    return { phase: 'announced', sinceMs: next.putAtMs, nextFromMs: next.putAtMs + waitMs(readByAllMs) };
  }
  return { phase: 'at_rest', sinceMs: current.putAtMs, nextFromMs: undefined };
}
