import { type GetSecretValueCommand, ResourceNotFoundException } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../../shared/config.ts';
import { deriveSealingKey } from '../../../shared/sealing.ts';
import { Secrets } from '../../../shared/store/secrets.ts';

const minutes = 60_000;
const hours = 60 * minutes;

/** Secrets Manager whose every secret has this value, and two clocks that stand until they are moved. */
function startSecrets(current: string | undefined) {
  const createdAt: Date | undefined = new Date('2026-07-10T12:00:00Z');
  const world = {
    current,
    previous: undefined as string | undefined,
    createdAt: createdAt as Date | undefined,
    wallMs: createdAt.getTime(),
    monotonicMs: 0,
    isFailing: false,
    /** `secret stage`, in order. */
    asked: [] as string[],
    pass: (milliseconds: number) => {
      world.wallMs += milliseconds;
      world.monotonicMs += milliseconds;
    },
    /** From now on answers wait for `release`, which lets those go that were asked for until then. */
    holdBack: () => {
      isHeldBack = true;
    },
    release: () => {
      isHeldBack = false;
      for (const go of waiting.splice(0)) go();
    },
  };
  let isHeldBack = false;
  const waiting: (() => void)[] = [];
  const send = async ({ input }: GetSecretValueCommand) => {
    world.asked.push(`${input.SecretId} ${input.VersionStage}`);
    const { isFailing } = world;
    const values = { AWSCURRENT: world.current, AWSPREVIOUS: world.previous } as Record<string, string | undefined>;
    const value = values[String(input.VersionStage)];
    const { createdAt: CreatedDate } = world;
    if (isHeldBack) await new Promise<void>((resolve) => waiting.push(resolve));
    if (isFailing) throw new Error('Secrets Manager is not to be reached.');
    if (value === undefined) throw new ResourceNotFoundException({ message: 'none', $metadata: {} });
    return { SecretString: value, ...(CreatedDate && { CreatedDate }) };
  };
  const secrets = new Secrets({ send }, { now: () => new Date(world.wallMs), monotonicMs: () => world.monotonicMs });
  return { world, secrets };
}

describe('a secret', () => {
  test('is asked for once, also by many at once', async () => {
    const { world, secrets } = startSecrets('CANARY-1');
    const values = await Promise.all([secrets.value('a'), secrets.value('a'), secrets.value('a')]);
    expect(values).toEqual(['CANARY-1', 'CANARY-1', 'CANARY-1']);
    world.pass(5 * minutes - 1);
    expect(await secrets.value('a')).toBe('CANARY-1');
    expect(world.asked).toEqual(['a AWSCURRENT']);
    expect(secrets.settled()).toBeUndefined();
  });

  test('that is older than five minutes is used at once and renewed beside that', async () => {
    const { world, secrets } = startSecrets('CANARY-1');
    await secrets.value('a');
    world.current = 'CANARY-2';
    world.pass(5 * minutes);
    world.holdBack();
    expect(await Promise.all([secrets.value('a'), secrets.value('a')])).toEqual(['CANARY-1', 'CANARY-1']);
    expect(world.asked).toHaveLength(2);
    const settled = secrets.settled();
    expect(settled).toBeDefined();
    world.release();
    await settled;
    expect(await secrets.value('a')).toBe('CANARY-2');
    expect(world.asked).toHaveLength(2);
  });

  for (const clock of ['wallMs', 'monotonicMs'] as const) {
    test(`that is older than fifteen minutes, if only by ${clock}, is renewed before it is used`, async () => {
      const { world, secrets } = startSecrets('CANARY-1');
      await secrets.value('a');
      world.current = 'CANARY-2';
      world[clock] += 15 * minutes - 1;
      world.isFailing = true;
      expect(await secrets.value('a')).toBe('CANARY-1');
      await secrets.settled();
      world.isFailing = false;
      world[clock] += 30_000;
      expect(await secrets.value('a')).toBe('CANARY-2');
    });
  }

  test('that was frozen with others is renewed beside them, not after them', async () => {
    const { world, secrets } = startSecrets('CANARY-1');
    await Promise.all([secrets.value('a'), secrets.value('b')]);
    world.asked.length = 0;
    world.current = 'CANARY-2';
    world.pass(20 * minutes);
    world.holdBack();
    const value = secrets.value('a');
    await Promise.resolve();
    await Promise.resolve();
    expect(world.asked.toSorted()).toEqual(['a AWSCURRENT', 'b AWSCURRENT']);
    world.release();
    expect([await value, await secrets.value('b')]).toEqual(['CANARY-2', 'CANARY-2']);
    expect(world.asked).toHaveLength(2);
  });

  test('is not what a request brings that slept with its process: it is asked for again', async () => {
    const { world, secrets } = startSecrets('CANARY-1');
    await secrets.value('a');
    world.pass(5 * minutes);
    world.holdBack();
    await secrets.value('a');
    world.current = 'CANARY-2';
    world.pass(2 * hours);
    const value = secrets.value('a');
    world.release();
    expect(await value).toBe('CANARY-2');
    await secrets.settled();
    expect(await secrets.value('a')).toBe('CANARY-2');
  });

  test('is used for an hour while Secrets Manager cannot be reached, which is tried every 30 seconds', async () => {
    const { world, secrets } = startSecrets('CANARY-1');
    await secrets.value('a');
    world.isFailing = true;
    world.asked.length = 0;
    for (let second = 10; second < 3_600; second += 10) {
      world.pass(10_000);
      expect(await secrets.value('a')).toBe('CANARY-1');
      await secrets.settled();
    }
    expect(world.asked).toHaveLength((3_600 - 300) / 30);
    world.pass(10_000);
    await expect(secrets.value('a')).rejects.toThrow('not to be reached');
    world.isFailing = false;
    world.current = 'CANARY-2';
    expect(await secrets.value('a')).toBe('CANARY-2');
  });

  test('stays as it was without another wait, where Secrets Manager did not answer for another just now', async () => {
    const { world, secrets } = startSecrets('CANARY-1');
    await secrets.value('a');
    world.pass(1 * minutes);
    await secrets.value('b');
    world.isFailing = true;
    world.pass(15 * minutes);
    expect(await secrets.value('a')).toBe('CANARY-1');
    await secrets.settled();
    const { length } = world.asked;
    expect([await secrets.value('b'), await secrets.value('a')]).toEqual(['CANARY-1', 'CANARY-1']);
    expect(world.asked).toHaveLength(length);
  });

  test('that was never read fails, and is asked for again at the next request', async () => {
    const { world, secrets } = startSecrets('CANARY-1');
    world.isFailing = true;
    await expect(secrets.value('a')).rejects.toThrow('not to be reached');
    world.isFailing = false;
    expect(await secrets.value('a')).toBe('CANARY-1');
  });

  test('that has no value says so without showing anything', async () => {
    const secrets = new Secrets({ send: () => Promise.resolve({}) });
    const value = secrets.value('arn:aws:secretsmanager:r:1:secret:api-key');
    await expect(value).rejects.toThrow(new ConfigurationError('The secret behind api-key has no value yet.'));
  });
});

describe('secrets that are asked for in advance', () => {
  test('are asked for side by side, and once', async () => {
    const { world, secrets } = startSecrets('CANARY-1');
    world.holdBack();
    secrets.begin(['a', 'b']);
    expect(world.asked).toEqual(['a AWSCURRENT', 'b AWSCURRENT']);
    const values = [secrets.value('a'), secrets.value('b')];
    world.release();
    expect(await Promise.all(values)).toEqual(['CANARY-1', 'CANARY-1']);
    expect(world.asked).toHaveLength(2);
  });

  test('are asked for again by the first who needs them, where that failed, and nobody hears of it otherwise', async () => {
    const { world, secrets } = startSecrets('CANARY-1');
    world.holdBack();
    world.isFailing = true;
    secrets.begin(['a', 'b']);
    const value = secrets.value('a');
    world.isFailing = false;
    world.release();
    expect(await value).toBe('CANARY-1');
    await secrets.settled();
    expect(await secrets.value('b')).toBe('CANARY-1');
    expect(world.asked).toHaveLength(4);
  });
});

describe('a value before the current one', () => {
  const day = { previousForSeconds: 86_400 };

  test('counts until the current one has the age that is given, and is not asked for after that', async () => {
    const { world, secrets } = startSecrets('CANARY-2');
    world.previous = 'CANARY-1';
    world.pass(24 * hours - 1);
    expect(await secrets.values('a', day)).toEqual(['CANARY-2', 'CANARY-1']);
    world.pass(1);
    world.asked.length = 0;
    expect(await secrets.values('a', day)).toEqual(['CANARY-2']);
    expect(world.asked).toEqual([]);
  });

  test('does not count where nobody says how old the current one is', async () => {
    const { world, secrets } = startSecrets('CANARY-2');
    Object.assign(world, { previous: 'CANARY-1', createdAt: undefined });
    expect(await secrets.values('a', day)).toEqual(['CANARY-2']);
  });

  test('is gone at once when the secret is set twice', async () => {
    const { world, secrets } = startSecrets('CANARY-2');
    world.previous = 'CANARY-1';
    await secrets.values('a', day);
    world.pass(5 * minutes);
    Object.assign(world, { current: 'CANARY-4', previous: 'CANARY-3', createdAt: new Date(world.wallMs) });
    await secrets.values('a', day);
    await secrets.settled();
    expect(await secrets.values('a', day)).toEqual(['CANARY-4', 'CANARY-3']);
  });

  test('is none of a secret that was never rotated', async () => {
    const { secrets } = startSecrets('CANARY-1');
    expect(await secrets.values('a', day)).toEqual(['CANARY-1']);
  });
});

describe('the keys in a secret', () => {
  const numbered = (number: number) => `CANARY-${number}-0123456789abcdef0123456789`;
  const kidOf = (number: number) => deriveSealingKey(numbered(number), 'session').kid;

  function startRing(use: 'session' | 'offline-token' = 'session') {
    const { world, secrets } = startSecrets(numbered(1));
    const rotate = (current: number) =>
      Object.assign(world, { current: numbered(current), previous: numbered(current - 1) });
    return { world, rotate, secrets, keys: secrets.keyRing('key', use) };
  }

  test('are the current one and, once it was rotated, the previous one', async () => {
    const { world, keys, rotate } = startRing();
    expect((await keys.current()).kid).toBe(kidOf(1));
    expect((await keys.find(kidOf(1)))?.kid).toBe(kidOf(1));
    rotate(2);
    world.pass(15 * minutes);
    expect((await keys.current()).kid).toBe(kidOf(2));
    expect((await keys.find(kidOf(1)))?.kid).toBe(kidOf(1));
    expect((await keys.find(kidOf(2)))?.kid).toBe(kidOf(2));
    rotate(3);
    world.pass(15 * minutes);
    expect(await keys.find(kidOf(1))).toBeUndefined();
  });

  test('open for years after a rotation: what they sealed is not theirs to end', async () => {
    const { world, keys, rotate } = startRing();
    rotate(2);
    world.pass(24 * 365 * hours);
    expect((await keys.find(kidOf(1)))?.kid).toBe(kidOf(1));
  });

  test('are others for another use of the same value', async () => {
    const { secrets } = startRing();
    const [session, token] = [secrets.keyRing('key', 'session'), secrets.keyRing('key', 'offline-token')];
    const { kid } = await session.current();
    expect((await token.current()).kid).not.toBe(kid);
    expect(await token.find(kid)).toBeUndefined();
  });

  test('that another instance began to use are found before five minutes are over', async () => {
    const { world, keys, rotate } = startRing();
    await keys.current();
    rotate(2);
    world.pass(31_000);
    expect((await keys.find(kidOf(2)))?.kid).toBe(kidOf(2));
  });

  test('that nobody has are looked for at most every 30 seconds, however often somebody sends their name', async () => {
    const { world, keys } = startRing();
    expect(await keys.find('unknown')).toBeUndefined();
    const { length } = world.asked;
    for (let time = 0; time < 100; time++) expect(await keys.find(`unknown-${time}`)).toBeUndefined();
    expect(world.asked).toHaveLength(length);
    world.pass(30_000);
    await keys.find('unknown');
    expect(world.asked).toHaveLength(length + 3);
  });

  test('of stored tokens are looked for at once: a row of ours names none that never was', async () => {
    const { keys, rotate } = startRing('offline-token');
    await keys.current();
    expect(await keys.find('unknown')).toBeUndefined();
    rotate(2);
    const { kid } = deriveSealingKey(numbered(2), 'offline-token');
    expect((await keys.find(kid))?.kid).toBe(kid);
  });

  test('of stored tokens are not taken for lost where Secrets Manager cannot be reached', async () => {
    const { world, keys } = startRing('offline-token');
    const { kid } = await keys.current();
    world.isFailing = true;
    await expect(keys.find('unknown')).rejects.toThrow('not to be reached');
    expect((await keys.find(kid))?.kid).toBe(kid);
  });

  test('are none in a value that is too short, and one that was replaced is in nobody’s way', async () => {
    const { world, keys } = startRing();
    Object.assign(world, { current: 'CANARY-short', previous: numbered(1) });
    await expect(keys.current()).rejects.toThrow('fewer than 32 characters');
    Object.assign(world, { current: numbered(2), previous: 'CANARY-short' });
    world.pass(15 * minutes);
    expect((await keys.current()).kid).toBe(kidOf(2));
    expect(await keys.find(kidOf(1))).toBeUndefined();
  });
});
