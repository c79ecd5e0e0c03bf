import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '../../../../shared/problems.ts';
import { sealTokenSet } from '../../../../shared/tokens/offline-token.ts';
import { startTables, type TestTables } from '../../fixture/dynamodb.ts';
import { noon } from '../../fixture/extension.ts';
import { keyRingFor } from '../../fixture/key-ring.ts';
import { problemOf } from '../../fixture/problem.ts';
import { tokenKeys as keysOfSignIn, signIn } from '../../fixture/sign-in.ts';
import { numbered, startOne, tokenKeys } from './one-process.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

const life = 3_600;
const leaseMs = 15_000;
const patienceMs = 40_000;

describe('a process', () => {
  test.each([
    ['was slow', 3, 3],
    ['was frozen, with a clock that stood still,', 60, 0],
    ['was slow, with a clock that was set back,', -60, 3],
  ])('that %s before its call leaves it, and begins again', async (_title, wallSeconds, monotonicSeconds) => {
    const { tenant, instance, pass, clock, httpClient, grants } = await startOne(tables);
    pass(life + 100);
    const leases: boolean[] = [];
    let isFirst = true;
    const tokens = instance({
      tokenKeys: {
        ...tokenKeys,
        current: async () => {
          if (isFirst) {
            clock.wallMs += wallSeconds * 1000;
            clock.monotonicMs += monotonicSeconds * 1000;
          }
          isFirst = false;
          return await tokenKeys.current();
        },
      },
      grants: {
        giveLeaseBack: async (...input) => {
          leases.push(httpClient.requests.length === 0 && (await grants.giveLeaseBack(...input)));
          return true;
        },
      },
    });
    expect((await tokens.get(tenant)).accessToken).toBe('CANARY-access-1');
    expect(leases).toEqual([true]);
    expect(httpClient.requests).toHaveLength(1);
  });

  test('that was slow does not give back a lease that somebody else has taken over', async () => {
    const { tenant, grants, pass } = await startOne(tables);
    pass(life);
    const seen = (await grants.find(tenant))!;
    await grants.takeLease(seen, noon);
    await grants.takeLease((await grants.find(tenant))!, noon);
    expect(await grants.giveLeaseBack(seen, 1, 0)).toBe(false);
    expect(await grants.find(tenant)).toMatchObject({ isLeased: true, attempt: 2 });
  });

  test('whose wall clock is set forward takes no lease over before its time', async () => {
    const { tenant, instance, pass, clock, grants, httpClient } = await startOne(tables);
    pass(life);
    const seen = (await grants.find(tenant))!;
    await grants.takeLease(seen, noon);
    let polls = 0;
    const wait = async () => {
      pass(1);
      polls += 1;
      if (polls === 1) clock.wallMs += life * 1000;
      if (polls === 5) {
        const now = new Date(clock.wallMs);
        const given = {
          accessToken: 'CANARY-theirs',
          refreshToken: 'CANARY-refresh',
          scopes: [],
          expiresInSeconds: life,
        };
        await grants.renew(seen, await sealTokenSet(await tokenKeys.current(), seen, given, now), now);
      }
    };
    expect((await instance({ wait }).get(tenant)).accessToken).toBe('CANARY-theirs');
    expect([polls, httpClient.requests]).toEqual([5, []]);
  });

  test('that does not learn that it got the lease waits for a lease like everybody, and no longer', async () => {
    const { tenant, instance, pass, httpClient, grants, waits } = await startOne(tables);
    pass(life);
    let isFirst = true;
    const takeLease: typeof grants.takeLease = async (grant, now) => {
      const isTaken = await grants.takeLease(grant, now);
      const isLost = isFirst;
      isFirst = false;
      return isTaken && !isLost;
    };
    expect((await instance({ grants: { takeLease } }).get(tenant)).accessToken).toBe('CANARY-access-1');
    expect(httpClient.requests).toHaveLength(1);
    const waitedMs = waits.reduce((sum, each) => sum + each, 0);
    expect([waitedMs >= leaseMs, waitedMs <= leaseMs + 200]).toEqual([true, true]);
  });

  test('that does not learn that it wrote the answer finds it there', async () => {
    const { tenant, instance, pass, httpClient, grants } = await startOne(tables);
    pass(life);
    const renew: typeof grants.renew = async (...input) => !(await grants.renew(...input));
    expect((await instance({ grants: { renew } }).get(tenant)).accessToken).toBe('CANARY-access-1');
    expect(httpClient.requests).toHaveLength(1);
  });

  test('that cannot reach the table writes the answer as soon as it can: it is nowhere else', async () => {
    const { tenant, instance, pass, httpClient, grants, row } = await startOne(tables);
    pass(life);
    let failures = 3;
    const renew: typeof grants.renew = async (...input) => {
      if (failures-- > 0) throw new Error('The table cannot be reached.');
      return await grants.renew(...input);
    };
    expect((await instance({ grants: { renew } }).get(tenant)).accessToken).toBe('CANARY-access-1');
    expect(httpClient.requests).toHaveLength(1);
    expect(await row()).toMatchObject({ version: 2, isLeased: false, attempt: 0, retryFrom: 0 });
  });

  test('that can never reach the table says so in the end', async () => {
    const { tenant, instance, pass, waits } = await startOne(tables);
    pass(life);
    const renew = () => Promise.reject(new Error('The table cannot be reached.'));
    await expect(instance({ grants: { renew } }).get(tenant)).rejects.toThrow('cannot be reached');
    expect(waits.reduce((sum, each) => sum + each, 0)).toBeGreaterThanOrEqual(patienceMs);
  });

  test('that may be ended before a lease is over begins no refresh, and uses what others bring', async () => {
    const { tenant, instance, pass, httpClient, clock, grants, waits } = await startOne(tables);
    const endsAtMs = clock.monotonicMs + (life - 100) * 1000 + leaseMs - 1;
    const deadline = { remainingMs: () => Math.max(0, endsAtMs - clock.monotonicMs) };
    pass(life - 100);
    expect((await instance().get(tenant, { deadline })).accessToken).toBe('CANARY-access-0');
    const asking = instance().get(tenant, { deadline, rejected: 'CANARY-access-0' });
    expect(await problemOf(asking)).toMatchObject({ code: 'platform_timeout' });
    expect(waits.reduce((sum, each) => sum + each, 0)).toBeLessThan(leaseMs + 200);
    expect(httpClient.requests).toEqual([]);
    expect(await grants.find(tenant)).toMatchObject({ attempt: 0, isLeased: false });
  });

  test('that sees one holder after the other gives up in the end', async () => {
    const { tenant, instance, pass, grants, waits, httpClient } = await startOne(tables);
    pass(life);
    const find: typeof grants.find = async () => {
      await grants.takeLease((await grants.find(tenant))!, noon);
      return await grants.find(tenant);
    };
    expect(await problemOf(instance({ grants: { find } }).get(tenant))).toMatchObject({
      code: 'platform_timeout',
    });
    expect(waits.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(patienceMs);
    expect(httpClient.requests).toEqual([]);
  });
});

describe('a refusal', () => {
  const invalid = { status: 400, body: { error: 'invalid_grant' } };

  test('that is the echo of somebody else’s refresh is nothing: their token is used', async () => {
    const one = await startOne(tables, {}, async () => {
      const seen = (await one.grants.find(one.tenant))!;
      const newer = { accessToken: 'CANARY-newer', refreshToken: 'CANARY-refresh', scopes: [], expiresInSeconds: life };
      const now = new Date(one.clock.wallMs);
      await one.grants.renew(seen, await sealTokenSet(await tokenKeys.current(), seen, newer, now), now);
      return invalid;
    });
    one.pass(life);
    expect((await one.instance().get(one.tenant)).accessToken).toBe('CANARY-newer');
    expect(await one.row()).toMatchObject({ status: 'installed', version: 2 });
  });

  test('is enough: a grant that was given up is not tried again by those who had seen it whole', async () => {
    const { tenant, instance, pass, grants } = await startOne(tables, {}, () => invalid);
    pass(life);
    expect(await problemOf(instance().get(tenant))).toMatchObject({ code: 'installation_required' });
    const row = (await grants.find(tenant))!;
    expect(row).toMatchObject({ status: 'reauthorize', version: 1, isLeased: false });
    expect(await grants.takeLease(row, noon)).toBe(false);
  });

  test('that never came leaves the lease taken: the platform may still be at it', async () => {
    const one = await startOne(tables, {}, (number) => {
      if (number === 1) throw new AppError('platform_timeout', 'The platform did not answer in time.');
      return numbered(number);
    });
    one.pass(life);
    expect((await one.instance().get(one.tenant)).accessToken).toBe('CANARY-access-2');
    expect(one.waits.reduce((sum, each) => sum + each, 0)).toBeGreaterThanOrEqual(leaseMs);
  });
});

describe('a stored token', () => {
  const rotatedTwice = keyRingFor(
    'offline-token',
    'CANARY-token-secret-3-0123456789',
    'CANARY-token-secret-2-0123456789',
  );

  test('that no key opens is dropped without a call, and the next launch mends the installation', async () => {
    const { tenant, instance, httpClient, row } = await startOne(tables);
    const asking = instance({ tokenKeys: rotatedTwice }).get(tenant);
    expect(await problemOf(asking)).toMatchObject({ code: 'installation_required' });
    expect(await row()).toMatchObject({ status: 'reauthorize', version: 2, sealedToken: undefined });
    expect(httpClient.requests).toEqual([]);
    await signIn(tables, tenant.id);
    expect(await row()).toMatchObject({ status: 'installed', version: 3 });
    expect((await instance({ tokenKeys: keysOfSignIn }).get(tenant)).accessToken).toMatch(/^CANARY-/);
  });

  test('that was sealed for another row is dropped as well', async () => {
    const [one, other] = await Promise.all([startOne(tables), startOne(tables)]);
    const grant = (await one.row())!;
    const foreign = { ...grant, sealedToken: (await other.row())!.sealedToken! };
    await one.grants.renew(grant, foreign, new Date(one.clock.wallMs));
    expect(await problemOf(one.instance().get(one.tenant))).toMatchObject({ code: 'installation_required' });
    expect(await one.row()).toMatchObject({ status: 'reauthorize', sealedToken: undefined });
  });

  test('that no key opens is left alone where somebody has replaced it meanwhile', async () => {
    const one = await startOne(tables);
    const find: typeof one.grants.find = async (tenant) => {
      const seen = await one.grants.find(tenant);
      if (seen?.version !== 1) return seen;
      const newer = { accessToken: 'CANARY-newer', refreshToken: 'CANARY-refresh', scopes: [], expiresInSeconds: life };
      await one.grants.renew(
        seen,
        await sealTokenSet(await rotatedTwice.current(), seen, newer, new Date()),
        new Date(),
      );
      return seen;
    };
    const tokens = one.instance({ tokenKeys: rotatedTwice, grants: { find } });
    expect((await tokens.get(one.tenant)).accessToken).toBe('CANARY-newer');
    expect(await one.row()).toMatchObject({ status: 'installed', version: 2 });
  });

  test('stays where the keys cannot be asked for', async () => {
    const { tenant, instance, row } = await startOne(tables);
    const before = await row();
    const find = () => Promise.reject(new Error('Secrets Manager is not to be reached.'));
    await expect(instance({ tokenKeys: { ...tokenKeys, find } }).get(tenant)).rejects.toThrow('not to be reached');
    expect(await row()).toEqual(before);
  });
});

describe('a platform that is down', () => {
  test('for an hour is asked about once a minute, however many ask for a token', async () => {
    const { tenant, instance, pass, httpClient, clock } = await startOne(tables, {}, () => ({ status: 503 }));
    pass(life);
    const instances = [instance(), instance(), instance()];
    const backAtMs = clock.wallMs + 3_600_000;
    while (clock.wallMs < backAtMs) {
      for (const tokens of instances) {
        const refusal = await problemOf(tokens.get(tenant));
        expect(refusal.code).toBe('rate_limited');
        expect(Number(refusal.headers['retry-after'])).toBeGreaterThan(15);
      }
      pass(20);
    }
    expect(httpClient.requests.length).toBeGreaterThan(40);
    expect(httpClient.requests.length).toBeLessThan(70);
  });

  test('and asks to be left alone for ten years is asked again after an hour', async () => {
    const { tenant, instance, pass, httpClient } = await startOne(tables, {}, (number) =>
      number === 1 ? { status: 429, headers: { 'retry-after': '315360000' } } : numbered(number),
    );
    pass(life);
    expect((await problemOf(instance().get(tenant))).headers).toEqual({ 'retry-after': '3600' });
    pass(3_601);
    expect((await instance().get(tenant)).accessToken).toBe('CANARY-access-2');
    expect(httpClient.requests).toHaveLength(2);
  });

  test('is asked with a second between, also where it says that none is needed', async () => {
    const { tenant, instance, pass, waits } = await startOne(tables, {}, (number) =>
      number === 1 ? { status: 429, headers: { 'retry-after': '0' } } : numbered(number),
    );
    pass(life);
    expect((await instance().get(tenant)).accessToken).toBe('CANARY-access-2');
    expect(waits).toEqual([1_000]);
  });

  test('is forgiven with the first token that it gives', async () => {
    const failing = (number: number) => (number === 3 ? numbered(number) : { status: 500 });
    const { tenant, instance, pass, waits } = await startOne(tables, {}, failing);
    pass(life);
    expect((await instance().get(tenant)).accessToken).toBe('CANARY-access-3');
    pass(life);
    await problemOf(instance().get(tenant));
    expect(waits).toEqual([1_000, 2_000, 1_000, 2_000, 4_000, 8_000]);
  });
});
