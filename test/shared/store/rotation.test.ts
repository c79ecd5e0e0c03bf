import { type GetSecretValueCommand, ResourceNotFoundException } from '@aws-sdk/client-secrets-manager';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextStage } from '../../../shared/contract.ts';
import { open, seal } from '../../../shared/sealing.ts';
import { Secrets } from '../../../shared/store/secrets.ts';

const minutes = 60_000;
const startMs = Date.UTC(2026, 6, 10, 12);
const keyOf = (name: string) => `CANARY-${name}-0123456789abcdef0123456789`;

/** One secret, a clock that all instances share, and instances that each remember what they have read. */
function startFleet() {
  const stages = new Map([['AWSCURRENT', 'old']]);
  const clock = { ms: 0 };
  const createdAt = new Map([['old', startMs - 86_400_000]]);
  const send = ({ input: { VersionStage = '' } }: GetSecretValueCommand) => {
    const name = stages.get(VersionStage);
    if (name === undefined) return Promise.reject(new ResourceNotFoundException({ message: 'none', $metadata: {} }));
    return Promise.resolve({ SecretString: keyOf(name), CreatedDate: new Date(createdAt.get(name) ?? 0) });
  };
  const now = () => new Date(startMs + clock.ms);
  return {
    clock,
    now,
    put(name: string, stage: 'AWSCURRENT' | typeof nextStage) {
      if (stage === 'AWSCURRENT') stages.set('AWSPREVIOUS', stages.get('AWSCURRENT') ?? '');
      stages.set(stage, name);
      createdAt.set(name, now().getTime());
    },
    startInstance: () => new Secrets({ send }, { now, monotonicMs: () => clock.ms }),
  };
}

const putAtMs = 20 * minutes;
const announcedForMs = 15 * minutes;

const steps = fc.array(
  fc.record({
    /** Often just about the moments when something is put. */
    atMs: fc.oneof(
      fc.integer({ min: putAtMs - 60_000, max: putAtMs + 60_000 }),
      fc.integer({ min: putAtMs + announcedForMs - 60_000, max: putAtMs + announcedForMs + 60_000 }),
      fc.integer({ min: 0, max: 60 * minutes }),
    ),
    by: fc.nat(3),
    opensAt: fc.nat(3),
    /** Lambda has ended the instance that opens it, and starts another one. */
    isNew: fc.boolean(),
    /** What anybody may send: the name of a key that never was. */
    isForged: fc.boolean(),
  }),
  { minLength: 1, maxLength: 60 },
);

async function rotateAmong(
  given: readonly { atMs: number; by: number; opensAt: number; isNew: boolean; isForged: boolean }[],
  act: (ours: Secrets, theirs: Secrets, fleet: ReturnType<typeof startFleet>) => Promise<void>,
): Promise<void> {
  const fleet = startFleet();
  const instances = Array.from({ length: 4 }, fleet.startInstance);
  const puts = [
    { dueMs: putAtMs, put: () => fleet.put('new', nextStage) },
    { dueMs: putAtMs + announcedForMs, put: () => fleet.put('new', 'AWSCURRENT') },
  ];
  for (const { atMs, by, opensAt, isNew, isForged } of given.toSorted((a, b) => a.atMs - b.atMs)) {
    for (const { put, dueMs } of puts.splice(0, puts.findLastIndex((each) => each.dueMs <= atMs) + 1)) {
      fleet.clock.ms = dueMs;
      put();
    }
    fleet.clock.ms = atMs;
    if (isNew) instances[opensAt] = fleet.startInstance();
    const [ours, theirs] = [instances[by], instances[opensAt]] as [Secrets, Secrets];
    if (isForged) await theirs.keyRing('key', 'session').find('forged');
    await act(ours, theirs, fleet);
    for (const instance of instances) await instance.settled();
  }
}

test('what one instance seals another opens, whatever each has read and when, through a whole rotation', async () => {
  await fc.assert(
    fc.asyncProperty(steps, (given) =>
      rotateAmong(given, async (ours, theirs, { now }) => {
        const expiresAt = now().getTime() / 1000 + 600;
        const text = await seal(ours.keyRing('key', 'session'), 'session', { subject: 's', claims: {}, expiresAt });
        const opened = await open(theirs.keyRing('key', 'session'), 'session', { text, now: now() });
        expect(opened.outcome).toBe('opened');
      }),
    ),
    { numRuns: 150 },
  );
});

test('what is signed with the value that one instance uses another takes, through a whole rotation', async () => {
  const day = { previousForSeconds: 86_400 };
  await fc.assert(
    fc.asyncProperty(steps, (given) =>
      rotateAmong(given, async (ours, theirs) => {
        const signedWith = await ours.value('key');
        const taken = await theirs.values('key', day);
        const all = taken.includes(signedWith) ? taken : await theirs.newestValues('key');
        expect(all).toContain(signedWith);
      }),
    ),
    { numRuns: 150 },
  );
});

test('a value that was put without being announced is refused by an instance that looked half a minute ago', async () => {
  const fleet = startFleet();
  const [ours, theirs] = [fleet.startInstance(), fleet.startInstance()];
  await theirs.keyRing('key', 'session').find('forged');
  fleet.put('new', 'AWSCURRENT');
  const { kid } = await ours.keyRing('key', 'session').current();
  expect(await theirs.keyRing('key', 'session').find(kid)).toBeUndefined();
});

test('a value that comes next opens already, and nothing is sealed with it yet', async () => {
  const fleet = startFleet();
  const [ours, theirs] = [fleet.startInstance(), fleet.startInstance()];
  const { kid: old } = await ours.keyRing('key', 'session').current();
  fleet.put('new', nextStage);
  expect((await theirs.keyRing('key', 'session').current()).kid).toBe(old);
  fleet.put('new', 'AWSCURRENT');
  const { kid } = await fleet.startInstance().keyRing('key', 'session').current();
  expect(kid).not.toBe(old);
  expect((await ours.keyRing('key', 'session').find(kid))?.kid).toBe(kid);
});

test('who knows the value in use as another one than before looks again for the one before', async () => {
  const day = { previousForSeconds: 86_400 };
  const fleet = startFleet();
  const ours = fleet.startInstance();
  // As before the rotation: there is none before.
  await ours.keyRing('key', 'session').find('forged');
  fleet.put('new', nextStage);
  fleet.clock.ms = 10_000;
  fleet.put('new', 'AWSCURRENT');
  fleet.clock.ms = 31_000;
  expect(await ours.newestValues('key')).toContain(keyOf('new'));
  expect(await ours.values('key', day)).toEqual([keyOf('new'), keyOf('old')]);
});
