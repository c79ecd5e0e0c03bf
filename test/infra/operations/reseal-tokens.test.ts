import { afterAll, beforeAll, expect, test } from 'vitest';
import { countSealed, resealTokens } from '../../../infra/operations/rotate/reseal-tokens.ts';
import { deriveSealingKey } from '../../../shared/sealing.ts';
import { HeldData, type HeldToken } from '../../../shared/store/held-data.ts';
import { companyTenant, organizationTenant, type Tenant } from '../../../shared/tenant.ts';
import { openTokenSet, sealTokenSet } from '../../../shared/tokens/offline-token.ts';
import { startTables, type TestTables } from '../../shared/fixture/dynamodb.ts';

const keyOf = (name: string) => deriveSealingKey(`CANARY-${name}-0123456789abcdef0123456789`, 'offline-token');
const keys = { previous: keyOf('old'), current: keyOf('new') };
const now = () => new Date('2026-07-10T12:00:00Z');
const quiet = { now, onProgress: () => undefined };

let tables: TestTables;
let held: HeldData;
beforeAll(async () => {
  tables = await startTables();
  held = new HeldData(tables.documents, tables.names);
});
afterAll(() => tables.close());

/** A row whose token this key sealed. */
async function grant(tenant: Tenant, key = keys.previous): Promise<void> {
  const tokens = { accessToken: `a-${tenant.id}`, refreshToken: `r-${tenant.id}`, scopes: [], expiresInSeconds: 3_600 };
  const { sealedToken } = await sealTokenSet(key, { tenant, generation: 1 }, tokens, now());
  await tables.putInstallation(tenant, {
    generation: { N: '1' },
    version: { N: '4' },
    status: { S: 'installed' },
    attempt: { N: '2' },
    leasedVersion: { N: '4' },
    token: { S: sealedToken },
  });
}

const opened = async (tenant: Tenant) => {
  const found = await tables.grants.find(tenant);
  const ring = { find: (kid: string) => Promise.resolve(kid === keys.current.kid ? keys.current : undefined) };
  return await openTokenSet(ring, { tenant, generation: 1 }, found?.sealedToken ?? '', now());
};

const many: Tenant[] = [
  ...Array.from({ length: 40 }, (_, index) => companyTenant(String(index + 1))),
  organizationTenant('partner'),
];
const reset = async () => {
  for (const tenant of many) await grant(tenant);
};

test('every token is sealed anew, of partners too, and nothing else of a row moves', async () => {
  await reset();
  const before = await tables.row('7');
  expect(await resealTokens(held, keys, quiet)).toEqual({ withCurrent: many.length, withPrevious: 0, withUnknown: 0 });
  for (const tenant of many) {
    expect(await opened(tenant)).toEqual({ accessToken: `a-${tenant.id}`, refreshToken: `r-${tenant.id}` });
  }
  const { token: _before, ...rest } = before ?? {};
  const { token: _after, ...after } = (await tables.row('7')) ?? {};
  expect(after).toEqual(rest);
});

test('a job that is killed after any write is run again, and nothing is lost or done twice', async () => {
  for (let killedAfter = 0; killedAfter < many.length + 5; killedAfter += 3) {
    await reset();
    let writes = 0;
    const underWay: Promise<boolean>[] = [];
    const dying: Pick<HeldData, 'tokens' | 'replaceToken'> = {
      tokens: () => held.tokens(),
      async replaceToken(...write) {
        if (writes >= killedAfter) throw new Error('killed');
        writes += 1;
        const written = held.replaceToken(...write);
        underWay.push(written);
        return await written;
      },
    };
    const isKilled = await resealTokens(dying, keys, quiet).then(
      () => false,
      () => true,
    );
    await Promise.all(underWay);
    expect(isKilled).toBe(killedAfter < many.length);
    expect(await countSealed(held, keys)).toEqual({
      withCurrent: writes,
      withPrevious: many.length - writes,
      withUnknown: 0,
    });
    await resealTokens(held, keys, quiet);
    for (const tenant of many) expect(await opened(tenant)).toMatchObject({ refreshToken: `r-${tenant.id}` });
  }
});

test('a refresh that is under way keeps its lease, and its token wins over the one that was sealed anew', async () => {
  await reset();
  const tenant = companyTenant('9');
  const before = (await tables.grants.find(tenant))!;
  const fresh = { accessToken: 'a-fresh', refreshToken: 'r-fresh', scopes: [], expiresInSeconds: 3_600 };
  // An instance that began before the job and is done after it.
  await resealTokens(held, keys, quiet);
  expect(await tables.grants.find(tenant)).toMatchObject({ version: before.version, attempt: 2, isLeased: true });
  const stored = await sealTokenSet(keys.current, { tenant, generation: 1 }, fresh, now());
  expect(await tables.grants.renew(before, stored, now())).toBe(true);
  expect(await opened(tenant)).toEqual({ accessToken: 'a-fresh', refreshToken: 'r-fresh' });
});

test('a token that was refreshed between the look and the write stays, and one that comes late is sealed in another look', async () => {
  await reset();
  const [late, refreshed] = [companyTenant('11'), companyTenant('12')];
  let looks = 0;
  const racing: Pick<HeldData, 'tokens' | 'replaceToken'> = {
    async *tokens() {
      looks += 1;
      const all: HeldToken[] = [];
      for await (const token of held.tokens()) all.push(token);
      if (looks === 1) {
        const before = (await tables.grants.find(refreshed))!;
        const fresh = { accessToken: 'a-fresh', refreshToken: 'r-fresh', scopes: [], expiresInSeconds: 3_600 };
        const stored = await sealTokenSet(keys.previous, { tenant: refreshed, generation: 1 }, fresh, now());
        await tables.grants.renew(before, stored, now());
      }
      yield* all.filter(({ tenant }) => looks > 1 || tenant.id !== late.id);
    },
    replaceToken: (...write) => held.replaceToken(...write),
  };
  expect(await resealTokens(racing, keys, quiet)).toMatchObject({ withPrevious: 0 });
  expect(await opened(refreshed)).toEqual({ accessToken: 'a-fresh', refreshToken: 'r-fresh' });
  expect(await opened(late)).toMatchObject({ refreshToken: 'r-11' });
});

test('what no key opens is counted, and stands in nobody’s way', async () => {
  await reset();
  await grant(companyTenant('13'), keyOf('older'));
  const other = (await tables.grants.find(companyTenant('14')))!;
  // Another row's text, under the right name.
  await tables.putInstallation(companyTenant('15'), {
    generation: { N: '1' },
    version: { N: '1' },
    status: { S: 'installed' },
    token: { S: other.sealedToken ?? '' },
  });
  expect(await resealTokens(held, keys, quiet)).toEqual({
    withCurrent: many.length - 2,
    withPrevious: 0,
    withUnknown: 2,
  });
});
