import { array, assert, asyncProperty, integer, nat, record } from 'fast-check';
import { expect, test } from 'vitest';
import { AppError } from '../../../shared/problems.ts';
import { type CallLimit, CallLimiter, type SharedCalls } from '../../../shared/session/call-limiter.ts';

const start = Date.parse('2026-07-10T12:00:00Z');
const person: CallLimit = { of: 'person', name: 'company#1#user#asha#g1', callsPerSecond: 20 };
const company: CallLimit = { of: 'company', name: 'company#1', callsPerSecond: 40 };

/** What all instances know together, and how often they wrote. */
function sharedCalls(): SharedCalls & { writes: number } {
  const moments = new Map<string, number>();
  return {
    writes: 0,
    add(name, ms, now) {
      this.writes++;
      const moment = Math.max(moments.get(name) ?? 0, now.getTime()) + ms;
      moments.set(name, moment);
      return Promise.resolve(moment);
    },
  };
}

/** Which instance a call comes to, as chance has it. */
function lots(seed: number): (of: number) => number {
  let state = seed >>> 0;
  return (of) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * of);
  };
}

/** Undefined where it was admitted. */
async function refusalOf(
  limiter: CallLimiter,
  atMs: number,
  limits: readonly CallLimit[] = [person],
): Promise<AppError | undefined> {
  try {
    await limiter.admit(limits, new Date(start + atMs));
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

test('whoever stays within the rate, and within a burst less ten calls of each instance, is never refused', async () => {
  const pausesAndCalls = array(record({ pauseMs: nat(2_000), calls: integer({ min: 1, max: 100 }) }), {
    maxLength: 40,
  });
  await assert(
    asyncProperty(pausesAndCalls, integer(), integer({ min: 1, max: 8 }), async (steps, seed, of) => {
      const lot = lots(seed);
      const shared = sharedCalls();
      const instances = Array.from({ length: of }, () => new CallLimiter(shared));
      let atMs = 0;
      const burst = 100 - 10 * of;
      let room = burst;
      for (const { pauseMs, calls } of steps) {
        atMs += pauseMs;
        room = Math.min(burst, room + (pauseMs / 1_000) * 20);
        for (let call = 0; call < calls && room >= 1; call++, room--) {
          const instance = instances[lot(of)] as CallLimiter;
          expect(await refusalOf(instance, atMs)).toBeUndefined();
        }
      }
    }),
  );
});

test('a greedy one gets the rate, a burst, and ten calls of each instance, whatever the number of instances', async () => {
  const seconds = 30;
  await assert(
    asyncProperty(integer({ min: 1, max: 50 }), integer(), async (of, seed) => {
      const lot = lots(seed);
      const shared = sharedCalls();
      const instances = Array.from({ length: of }, () => new CallLimiter(shared));
      let admitted = 0;
      for (let atMs = 0; atMs < seconds * 1_000; atMs += 10) {
        const instance = instances[lot(of)] as CallLimiter;
        if ((await refusalOf(instance, atMs)) === undefined) admitted++;
      }
      expect(admitted).toBeLessThanOrEqual(seconds * 20 + 100 + 10 * of);
      expect(admitted).toBeGreaterThan(seconds * 20 * 0.8);
      // A tenth of what was admitted, and none for what was refused.
      expect(shared.writes).toBeLessThanOrEqual(admitted / 10);
    }),
    { numRuns: 10 },
  );
});

test('fewer than ten calls in half a minute to an instance write nothing', async () => {
  const shared = sharedCalls();
  const limiter = new CallLimiter(shared);
  for (let minute = 0; minute < 10; minute++) {
    for (let call = 0; call < 9; call++) expect(await refusalOf(limiter, minute * 60_000 + call)).toBeUndefined();
  }
  expect(shared.writes).toBe(0);
});

test('a refusal says when to come back, and whoever does is admitted', async () => {
  const limiter = new CallLimiter(sharedCalls());
  let refusal: AppError | undefined;
  for (let call = 0; refusal === undefined && call < 1_000; call++) refusal = await refusalOf(limiter, call);
  expect(refusal).toMatchObject({ code: 'rate_limited', status: 429 });
  expect(refusal?.message).toBe('A person may make 20 calls a second for long, and made more.');
  const seconds = Number(refusal?.headers['retry-after']);
  expect(seconds).toBeGreaterThan(0);
  expect(await refusalOf(limiter, 109)).toBeDefined();
  expect(await refusalOf(limiter, 109 + seconds * 1_000)).toBeUndefined();
});

test('one who is refused takes nothing from the company; all of its people together are limited', async () => {
  const shared = sharedCalls();
  const limiter = new CallLimiter(shared);
  const both = (name: string) => [{ ...person, name }, company];
  for (let call = 0; call < 1_000; call++) await refusalOf(limiter, call, both('greedy'));
  expect(await refusalOf(limiter, 1_000, both('another'))).toBeUndefined();
  const refusals: string[] = [];
  for (let call = 0; call < 400; call++) {
    const refusal = await refusalOf(limiter, 1_000 + call, both(`person ${call}`));
    if (refusal !== undefined) refusals.push(refusal.message);
  }
  expect(new Set(refusals)).toEqual(new Set(['A company may make 40 calls a second for long, and made more.']));
});

test('where nothing can be shared, each instance limits by itself', async () => {
  const limiter = new CallLimiter({ add: () => Promise.reject(new Error('read-only')) });
  let admitted = 0;
  for (let atMs = 0; atMs < 20_000; atMs += 5) if ((await refusalOf(limiter, atMs)) === undefined) admitted++;
  expect(admitted).toBeGreaterThan(400);
  expect(admitted).toBeLessThanOrEqual(20 * 20 + 100 + 10);
});

test('an instance that sees ever more people forgets them, and none is refused for another', async () => {
  const limiter = new CallLimiter(sharedCalls());
  for (let call = 0; call < 20_000; call++) {
    expect(await refusalOf(limiter, call, [{ ...person, name: `person ${call}` }])).toBeUndefined();
  }
});

test('what is taken back counts for nothing, also where every call is told', async () => {
  for (const callsPerSecond of [1, 20]) {
    const limits = [{ ...person, callsPerSecond }];
    const shared = sharedCalls();
    const limiter = new CallLimiter(shared);
    for (let call = 0; call < 1_000; call++) {
      expect(await refusalOf(limiter, call, limits)).toBeUndefined();
      limiter.takeBack(limits);
    }
    expect(shared.writes).toBeLessThanOrEqual(1);
  }
});

test('a clock that jumps back an hour keeps nobody out', async () => {
  const limiter = new CallLimiter(sharedCalls());
  for (let call = 0; call < 120; call++) await refusalOf(limiter, 3_600_000 + call);
  expect(await refusalOf(limiter, 3_600_120)).toBeDefined();
  expect(await refusalOf(limiter, 0)).toBeUndefined();
});
