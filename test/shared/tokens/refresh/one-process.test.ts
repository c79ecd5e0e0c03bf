import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { companyTenant } from '../../../../shared/tenant.ts';
import { startTables, type TestTables } from '../../fixture/dynamodb.ts';
import { noon } from '../../fixture/extension.ts';
import { problemOf } from '../../fixture/problem.ts';
import { numbered, startOne } from './one-process.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());
afterEach(() => {
  vi.restoreAllMocks();
});

const leaseSeconds = 15;
const life = 3_600;
const margin = 300;

describe('a token', () => {
  test('is handed out as it is while it is fresh: one read, and nobody else is asked', async () => {
    const { tenant, instance, httpClient } = await startOne(tables);
    tables.calls.length = 0;
    expect(await instance().get(tenant)).toEqual({
      tenant,
      accessToken: 'CANARY-access-0',
      generation: 1,
      scopes: ['company/products'],
      isRefreshable: true,
      callsFromMs: 0,
    });
    expect(tables.calls).toMatchObject([{ operation: 'GetItem', input: { ConsistentRead: true } }]);
    expect(httpClient.requests).toEqual([]);
  });

  test('is refreshed early, at another moment by each asker, in the first third of its margin', async () => {
    const { tenant, instance, pass, httpClient } = await startOne(tables);
    const random = vi.spyOn(Math, 'random').mockReturnValue(0.5);
    pass(life - margin + 49);
    expect((await instance().get(tenant)).accessToken).toBe('CANARY-access-0');
    random.mockReturnValue(0.4);
    expect((await instance().get(tenant)).accessToken).toBe('CANARY-access-1');
    expect(httpClient.requests).toHaveLength(1);
  });

  test('is refreshed by every asker once a third of its margin is over', async () => {
    const { tenant, instance, pass } = await startOne(tables);
    vi.spyOn(Math, 'random').mockReturnValue(0.999);
    pass(life - margin + margin / 3);
    expect((await instance().get(tenant)).accessToken).toBe('CANARY-access-1');
  });

  test('that still lives is handed out at once while somebody refreshes it', async () => {
    const { tenant, instance, pass, grants, waits, httpClient } = await startOne(tables);
    pass(life - margin / 2);
    await grants.takeLease((await grants.find(tenant))!, noon);
    expect((await instance().get(tenant)).accessToken).toBe('CANARY-access-0');
    expect([waits, httpClient.requests]).toEqual([[], []]);
  });

  test('that still lives is handed out where its early refresh fails, and the platform is left alone', async () => {
    const { tenant, instance, pass, httpClient } = await startOne(tables, {}, () => ({ status: 500 }));
    pass(life - margin / 2);
    for (const _ of [1, 2, 3]) expect((await instance().get(tenant)).accessToken).toBe('CANARY-access-0');
    expect(httpClient.requests).toHaveLength(1);
  });

  test('is not handed out in its last ten seconds, also where no other is to be had', async () => {
    const busy = { status: 429, headers: { 'retry-after': '300' } };
    const { tenant, instance, pass } = await startOne(tables, {}, () => busy);
    pass(life - 11);
    expect((await instance().get(tenant)).accessToken).toBe('CANARY-access-0');
    pass(1);
    expect(await problemOf(instance().get(tenant))).toMatchObject({
      code: 'rate_limited',
      status: 429,
    });
  });

  test('of five seconds is handed out to those who ask at once, and not refreshed by each', async () => {
    const brief = (number: number) => ({ body: { access_token: `CANARY-access-${number}`, expires_in: 5 } });
    const { tenant, instance, pass, httpClient } = await startOne(tables, {}, brief);
    pass(life);
    for (const _ of [1, 2, 3]) expect((await instance().get(tenant)).accessToken).toBe('CANARY-access-1');
    expect(httpClient.requests).toHaveLength(1);
  });

  test('lives from the question on, however late the answer comes', async () => {
    const one = await startOne(tables, {}, (number) => {
      one.pass(7);
      return numbered(number);
    });
    one.pass(life);
    await one.instance().get(one.tenant);
    expect((await one.row())?.accessTokenExpiresAt).toBe(Math.floor(one.clock.wallMs / 1000) - 7 + life);
  });

  test('that was given without a refresh token serves to its end, and the company then has to sign in again', async () => {
    const { tenant, instance, pass, httpClient, row } = await startOne(tables, { hasRefreshToken: false });
    pass(life - 11);
    expect((await instance().get(tenant)).accessToken).toBe('CANARY-access-0');
    pass(1);
    expect(await problemOf(instance().get(tenant))).toMatchObject({ code: 'installation_required' });
    expect((await row())?.status).toBe('reauthorize');
    expect(httpClient.requests).toEqual([]);
  });
});

describe('a token that the platform rejected', () => {
  test('is refreshed once, however fresh it looks and however many instances were told', async () => {
    const { tenant, instance, httpClient } = await startOne(tables);
    const asking = Array.from({ length: 10 }, () => instance().get(tenant, { rejected: 'CANARY-access-0' }));
    for (const { accessToken } of await Promise.all(asking)) expect(accessToken).toBe('CANARY-access-1');
    expect(httpClient.requests).toHaveLength(1);
  });

  test('is not refreshed where a newer one is there', async () => {
    const { tenant, instance, httpClient } = await startOne(tables);
    await instance().get(tenant, { rejected: 'CANARY-access-0' });
    expect((await instance().get(tenant, { rejected: 'CANARY-access-0' })).accessToken).toBe('CANARY-access-1');
    expect(httpClient.requests).toHaveLength(1);
  });

  test('is never handed out again, also where no other is to be had', async () => {
    const { tenant, instance } = await startOne(tables, {}, () => ({
      status: 400,
      body: { error: 'invalid_grant' },
    }));
    const asking = instance().get(tenant, { rejected: 'CANARY-access-0' });
    expect(await problemOf(asking)).toMatchObject({ code: 'installation_required' });
    expect(await problemOf(instance().get(tenant))).toMatchObject({ code: 'installation_required' });
  });
});

describe('one instance', () => {
  test('asks once for all who ask at once, and again for who asks later', async () => {
    const { tenant, instance, pass, httpClient } = await startOne(tables);
    pass(life);
    tables.calls.length = 0;
    const tokens = instance();
    const all = await Promise.all(Array.from({ length: 50 }, () => tokens.get(tenant)));
    expect(new Set(all.map(({ accessToken }) => accessToken))).toEqual(new Set(['CANARY-access-1']));
    expect(tables.calls.map(({ operation }) => operation)).toEqual(['GetItem', 'UpdateItem', 'UpdateItem']);
    expect(httpClient.requests).toHaveLength(1);
    await tokens.get(tenant);
    expect(tables.calls).toHaveLength(4);
  });

  test('does not keep a failure for those who ask later', async () => {
    const { tenant, instance, pass } = await startOne(tables, {}, (number) =>
      number === 1 ? { status: 429, headers: { 'retry-after': '60' } } : numbered(number),
    );
    pass(life);
    const tokens = instance();
    const refused = await Promise.allSettled([tokens.get(tenant), tokens.get(tenant)]);
    expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    pass(61);
    expect((await tokens.get(tenant)).accessToken).toBe('CANARY-access-2');
  });

  test('is not held up by another company', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const [stuck, other] = [
      await startOne(tables, {}, async (number) => {
        await promise;
        return numbered(number);
      }),
      await startOne(tables),
    ];
    stuck.pass(life);
    const tokens = stuck.instance();
    const asking = tokens.get(stuck.tenant);
    stuck.clock.wallMs -= life * 1000;
    expect((await tokens.get(other.tenant)).accessToken).toBe('CANARY-access-0');
    resolve();
    await asking;
  });

  test('takes over while the old token lives, so that nobody waits for a lease that its holder died with', async () => {
    const { tenant, instance, pass, grants, waits } = await startOne(tables);
    pass(life - margin / 2);
    await grants.takeLease((await grants.find(tenant))!, noon);
    const tokens = instance();
    for (const accessToken of ['CANARY-access-0', 'CANARY-access-0', 'CANARY-access-1']) {
      expect((await tokens.get(tenant)).accessToken).toBe(accessToken);
      pass(leaseSeconds / 2);
    }
    expect(waits).toEqual([]);
  });
});

describe('a company that is not installed', () => {
  test('has no token, whether it is unknown, in online mode, uninstalled or to be signed in again', async () => {
    const { instance, httpClient } = await startOne(tables);
    const rows = [
      undefined,
      {},
      { status: { S: 'uninstalled' } },
      { status: { S: 'reauthorize' }, token: { S: 'old' } },
    ];
    for (const row of rows) {
      const company = tables.newCompany();
      if (row !== undefined) await tables.putInstallation(company, row);
      expect(await problemOf(instance().get(companyTenant(company)))).toMatchObject({
        code: 'installation_required',
        status: 409,
      });
    }
    expect(httpClient.requests).toEqual([]);
  });
});
