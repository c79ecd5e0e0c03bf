import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installationsTable } from '../../../shared/contract.ts';
import type { Installation, StoredTokenSet } from '../../../shared/store/installations.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { type Item, startTables, type TestTables } from '../fixture/dynamodb.ts';
import { noon } from '../fixture/extension.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

const grant: StoredTokenSet = {
  sealedToken: 'sealed-1',
  scopes: ['company/products'],
  accessTokenExpiresAt: 1_800_000_000,
  refreshFrom: 1,
};
const later = new Date(noon.getTime() + 60_000);
const seconds = (date: Date) => ({ N: String(date.getTime() / 1000) });
const milliseconds = (date: Date) => ({ N: String(date.getTime()) });

async function installed(companyId: string): Promise<Installation> {
  expect(
    await tables.installations.save(companyTenant(companyId), undefined, { generation: 1, grant, now: noon }),
  ).toBe(true);
  const found = await tables.installations.find(companyTenant(companyId));
  if (found === undefined) throw new Error('It was not written.');
  return found;
}

describe('installations', () => {
  test('are read together where they are wanted together, without those that are not there', async () => {
    const [one, two, none] = [tables.newCompany(), tables.newCompany(), tables.newCompany()];
    const expected = [await installed(one), await installed(two)];
    tables.calls.length = 0;
    const found = await tables.installations.findAll([one, none, two].map(companyTenant));
    expect(found.toSorted((a, b) => a.tenant.id.localeCompare(b.tenant.id))).toEqual(expected);
    expect(tables.calls.map(({ operation }) => operation)).toEqual(['BatchGetItem']);
    expect(await tables.installations.findAll([])).toEqual([]);
  });

  test('are unknown until they are written, and then as they were written', async () => {
    const company = tables.newCompany();
    expect(await tables.installations.find(companyTenant(company))).toBeUndefined();
    expect(await installed(company)).toEqual({
      tenant: companyTenant(company),
      generation: 1,
      version: 1,
      status: 'installed',
      scopes: ['company/products'],
      installedAtMs: noon.getTime(),
      announced: undefined,
      registered: undefined,
    });
    expect(await tables.row(company)).toMatchObject({
      pk: { S: `company#${company}` },
      generation: { N: '1' },
      version: { N: '1' },
      status: { S: 'installed' },
      scopes: { L: [{ S: 'company/products' }] },
      token: { S: 'sealed-1' },
      accessTokenExpiresAt: { N: '1800000000' },
      installedAtMs: milliseconds(noon),
      updatedAt: seconds(noon),
    });
  });

  test('say what the hooks were told of and what the platform registered; from before that was kept, they are old', async () => {
    const company = tables.newCompany();
    await tables.putInstallation(company, { announced: { S: 'g1 a/b' }, registered: { S: 'digest' } });
    expect(await tables.installations.find(companyTenant(company))).toMatchObject({
      installedAtMs: 0,
      announced: 'g1 a/b',
      registered: 'digest',
    });
  });

  test('are read consistently, and without the token', async () => {
    const company = tables.newCompany();
    await installed(company);
    tables.calls.length = 0;
    await tables.installations.find(companyTenant(company));
    const [{ operation, input } = { operation: '', input: {} }, ...others] = tables.calls;
    expect(others).toEqual([]);
    expect(operation).toBe('GetItem');
    expect(input).toMatchObject({
      ConsistentRead: true,
      ProjectionExpression: installationsTable.callbackAttributes.map((name) => `#${name}`).join(', '),
    });
    expect(JSON.stringify(input)).not.toContain('token');
  });

  test('are made by exactly one of many who install at once', async () => {
    for (let round = 0; round < 5; round++) {
      const company = tables.newCompany();
      const saves = Array.from({ length: 4 }, (_, index) =>
        tables.installations.save(companyTenant(company), undefined, {
          generation: 1,
          grant: { ...grant, sealedToken: `sealed-${index}` },
          now: noon,
        }),
      );
      const outcomes = await Promise.all(saves);
      expect(outcomes.filter(Boolean)).toHaveLength(1);
      expect((await tables.row(company))?.['token']?.S).toBe(`sealed-${outcomes.indexOf(true)}`);
    }
  });

  test('are not changed at all by a write that rests on what is no longer so', async () => {
    const company = tables.newCompany();
    const seen = await installed(company);
    const next = { generation: 2, grant: { ...grant, sealedToken: 'sealed-2' }, now: later };
    expect(await tables.installations.save(companyTenant(company), seen, next)).toBe(true);
    const after = await tables.row(company);
    const lost = { generation: 9, grant: { ...grant, sealedToken: 'sealed-9' }, now: later };
    const current = await tables.installations.find(companyTenant(company));
    for (const stale of [undefined, seen, { ...current!, generation: 1 }, { ...current!, version: 1 }]) {
      expect(await tables.installations.save(companyTenant(company), stale, lost)).toBe(false);
      expect(await tables.installations.save(companyTenant(company), stale, { ...lost, grant: undefined })).toBe(false);
    }
    expect(await tables.row(company)).toEqual(after);
  });

  test('move their version with every write, and say since when only with a new generation', async () => {
    const company = tables.newCompany();
    const first = await installed(company);
    await tables.installations.save(companyTenant(company), first, { generation: 1, grant, now: later });
    expect(await tables.row(company)).toMatchObject({
      version: { N: '2' },
      generation: { N: '1' },
      installedAtMs: milliseconds(noon),
      updatedAt: seconds(later),
    });
    const second = await tables.installations.find(companyTenant(company));
    await tables.installations.save(companyTenant(company), second, { generation: 2, grant, now: later });
    expect(await tables.row(company)).toMatchObject({
      version: { N: '3' },
      generation: { N: '2' },
      installedAtMs: milliseconds(later),
    });
  });

  test('begin with a new grant as if nothing had been tried, whatever was tried with the one before', async () => {
    const company = tables.newCompany();
    await installed(company);
    const tenant = companyTenant(company);
    const old = await tables.grants.find(tenant);
    if (old === undefined) throw new Error('It was not written.');
    await tables.grants.takeLease(old, noon);
    await tables.grants.giveLeaseBack(old, 1, 1_900_000_000);
    const seen = await tables.installations.find(tenant);
    expect(await tables.installations.save(tenant, seen, { generation: 1, grant, now: later })).toBe(true);
    expect(await tables.grants.find(tenant)).toMatchObject({ attempt: 0, retryFrom: 0, isLeased: false });
  });

  test('lose their token with the grant, and keep what others wrote beside', async () => {
    const company = tables.newCompany();
    await tables.putInstallation(company, {
      token: { S: 'sealed' },
      scopes: { L: [] },
      accessTokenExpiresAt: { N: '1' },
      announced: { S: 'kept' },
      sessionsValidFromMs: { N: '5' },
    });
    const seen = await tables.installations.find(companyTenant(company));
    expect(
      await tables.installations.save(companyTenant(company), seen, { generation: 2, grant: undefined, now: noon }),
    ).toBe(true);
    const row = await tables.row(company);
    expect(Object.keys(row ?? {})).not.toContain('token');
    expect(row).toMatchObject({ announced: { S: 'kept' }, sessionsValidFromMs: { N: '5' } });
    expect((await tables.installations.find(companyTenant(company)))?.scopes).toBeUndefined();
  });

  test('of one company are never those of another', async () => {
    const company = tables.newCompany();
    await installed(company);
    expect(await tables.installations.find(companyTenant(`${company}0`))).toBeUndefined();
    expect(await tables.installations.find(companyTenant(company.slice(0, -1)))).toBeUndefined();
  });

  const strange: [string, Item][] = [
    ['status', { status: { S: 'half-installed' } }],
    ['generation', { generation: { S: '1' } }],
    ['generation', { generation: { N: '1.5' } }],
    ['version', { version: { NULL: true } }],
    ['installedAtMs', { installedAtMs: { S: 'yesterday' } }],
    ['announced', { announced: { N: '1' } }],
    ['scopes', { scopes: { L: [{ N: '1' }] } }],
  ];
  for (const [what, attributes] of strange) {
    test(`that hold a strange ${what} (${JSON.stringify(attributes)}) are nobody's fault who asks`, async () => {
      const company = tables.newCompany();
      await tables.putInstallation(company, attributes);
      await expect(tables.installations.find(companyTenant(company))).rejects.toThrow(
        `A stored item has no valid ${what}.`,
      );
    });
  }
});
