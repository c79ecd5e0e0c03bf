import { AppError } from '../problems.ts';

/** Whose calls are counted together, and how many of them a second may go on for long. */
export interface CallLimit {
  /** For the sentence of a refusal. */
  readonly of: 'person' | 'company' | 'organization';
  /** The one name that every instance has for them. */
  readonly name: string;
  readonly callsPerSecond: number;
}

/** What all instances know together: for each name, until when its calls have used up what they may. */
export interface SharedCalls {
  /** Adds to it. Resolves to what it is now, epoch milliseconds; now or later. @throws where it was not added. */
  add(name: string, ms: number, now: Date): Promise<number>;
}

/** A burst may be as large as what is allowed in so many seconds. */
const burstMs = 5_000;
/** So many calls of one name, within `windowMs` and of one instance, are told to the others: one write for all of them. */
const maxUntold = 10;
const windowMs = 30_000;
/** Beyond that all are forgotten: whoever is busy is known again after ten calls. */
const maxNames = 5_000;
/** Nobody owes as much: a moment that is farther ahead was written by a clock that is ahead, and counts as none. */
export const maxAheadMs = 10 * 60_000;

interface Seen {
  untold: number;
  sinceMs: number;
  usedUntilMs: number;
}

/**
 * Limits calls, over all instances. Each call moves the moment until which its name's allowance is used by its share of a
 * second; once that lies more than a burst ahead, calls are refused (the generic cell rate algorithm, ITU-T I.371).
 *
 * Each instance counts in memory, and tells the others only of who is busy: whoever makes fewer than ten calls in half a
 * minute to an instance costs nothing, and whoever was refused costs nothing until the moment comes. So all is known with
 * up to ten calls of each instance too few. What cannot be told is counted all the same, by each instance for itself.
 */
export class CallLimiter {
  readonly #shared: SharedCalls;
  readonly #seen = new Map<string, Seen>();

  constructor(shared: SharedCalls) {
    this.#shared = shared;
  }

  /**
   * Counts a call under each of the names, the first refusal ending it: who is refused as a person is none of the company's
   * calls.
   * @throws {AppError} `rate_limited`, with `Retry-After`.
   */
  async admit(limits: readonly CallLimit[], now: Date): Promise<void> {
    const busy: CallLimit[] = [];
    for (const limit of limits) if (this.#count(limit, now.getTime())) busy.push(limit);
    // Within the request, since an instance stands still between two. Nobody waits where nobody is busy.
    if (busy.length > 0) await Promise.all(busy.map((limit) => this.#tell(limit, now)));
  }

  /** Takes back a call that was admitted and turned out to be nobody's: whoever holds a session that is over uses up nothing. */
  takeBack(limits: readonly CallLimit[]): void {
    for (const { name } of limits) {
      const seen = this.#seen.get(name);
      // Below nothing where it was told already: the next one makes up for it.
      if (seen !== undefined) seen.untold--;
    }
  }

  /** Whether the others are to be told. */
  #count(limit: CallLimit, nowMs: number): boolean {
    let seen = this.#seen.get(limit.name);
    if (seen === undefined) {
      if (this.#seen.size >= maxNames) this.#seen.clear();
      seen = { untold: 0, sinceMs: nowMs, usedUntilMs: 0 };
      this.#seen.set(limit.name, seen);
    }
    refuseBeyond(limit, seen.usedUntilMs, nowMs);
    if (nowMs - seen.sinceMs >= windowMs) {
      seen.untold = 0;
      seen.sinceMs = nowMs;
    }
    seen.untold++;
    // Where little is allowed, half a second of it is told at once.
    return seen.untold >= Math.min(maxUntold, Math.max(1, limit.callsPerSecond / 2));
  }

  async #tell(limit: CallLimit, now: Date): Promise<void> {
    const seen = this.#seen.get(limit.name);
    if (seen === undefined) return;
    const ms = Math.ceil((seen.untold * 1_000) / limit.callsPerSecond);
    seen.untold = 0;
    seen.sinceMs = now.getTime();
    try {
      seen.usedUntilMs = await this.#shared.add(limit.name, ms, now);
    } catch {
      seen.usedUntilMs = Math.max(seen.usedUntilMs, now.getTime()) + ms;
    }
  }
}

function refuseBeyond({ of, callsPerSecond }: CallLimit, usedUntilMs: number, nowMs: number): void {
  const waitMs = usedUntilMs - nowMs - burstMs;
  if (waitMs <= 0 || waitMs > maxAheadMs) return;
  throw new AppError(
    'rate_limited',
    `A ${of === 'organization' ? 'partner' : of} may make ${callsPerSecond} calls a second for long, and made more.`,
    { headers: { 'retry-after': String(Math.ceil(waitMs / 1_000)) } },
  );
}
