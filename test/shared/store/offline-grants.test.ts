import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installationsTable } from '../../../shared/contract.ts';
import type { OfflineGrant } from '../../../shared/store/offline-grants.ts';
import { companyTenant, type Tenant, tenantKey } from '../../../shared/tenant.ts';
import { type Item, startTables, type TestTables } from '../fixture/dynamodb.ts';
import { afterNoon, noon } from '../fixture/extension.ts';
import { signIn } from '../fixture/sign-in.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

async function installed(attributes?: Item): Promise<OfflineGrant> {
  const company = tables.newCompany();
  if (attributes === undefined) await signIn(tables, company);
  else await tables.putInstallation(company, attributes);
  return (await tables.grants.find(companyTenant(company)))!;
}

describe('a grant', () => {
  test('is as the sign-in left it', async () => {
    expect(await installed()).toMatchObject({
      generation: 1,
      version: 1,
      status: 'installed',
      scopes: ['company/products', 'company/orders'],
      installedAtMs: noon.getTime(),
      accessTokenExpiresAt: noon.getTime() / 1000 + 3_600,
      isLeased: false,
      attempt: 0,
      announced: undefined,
      registered: undefined,
    });
  });

  test('is none of a company that never installed', async () => {
    expect(await tables.grants.find(companyTenant('999'))).toBeUndefined();
  });
});

describe('an uninstallation', () => {
  test('leaves a tombstone of another generation, which nothing of the old installation outlives', async () => {
    const grant = await installed();
    await tables.grants.recordAnnounced(grant, 'g1 a/b');
    await tables.grants.recordRegistered(grant, 'digest');
    await tables.grants.takeLease(grant, noon);
    expect(await tables.grants.uninstall(grant, afterNoon(60))).toBe(true);
    const seconds = { N: String(afterNoon(60).getTime() / 1000) };
    const { pk, ...row } = (await tables.row(grant.tenant.id)) ?? {};
    expect(pk).toEqual({ S: `company#${grant.tenant.id}` });
    expect(row).toEqual({
      status: { S: 'uninstalled' },
      generation: { N: '2' },
      version: { N: '2' },
      installedAtMs: { N: String(noon.getTime()) },
      announced: { S: 'g1 a/b' },
      attempt: { N: '1' },
      uninstalledAt: seconds,
      updatedAt: seconds,
    });
    expect(await tables.grants.find(grant.tenant)).toMatchObject({ sealedToken: undefined, isLeased: false });
  });

  test('changes nothing where the row has moved on', async () => {
    const grant = await installed();
    for (const stale of [
      { ...grant, version: 0 },
      { ...grant, generation: 0 },
      { ...grant, generation: 2 },
      { ...grant, tenant: companyTenant(tables.newCompany()) },
    ]) {
      expect(await tables.grants.uninstall(stale, noon)).toBe(false);
      expect(await tables.row(stale.tenant.id)).toEqual(
        stale.tenant === grant.tenant ? await tables.row(grant.tenant.id) : undefined,
      );
    }
    expect(await tables.grants.find(grant.tenant)).toEqual(grant);
    expect(await tables.grants.uninstall(grant, noon)).toBe(true);
    expect(await tables.grants.uninstall(grant, noon)).toBe(false);
  });

  test('is not undone by a refresh or a lease that began before it', async () => {
    const grant = await installed();
    await tables.grants.uninstall(grant, noon);
    const tombstone = await tables.row(grant.tenant.id);
    const stored = { sealedToken: 'sealed', scopes: [], accessTokenExpiresAt: 1, refreshFrom: 1 };
    expect(await tables.grants.takeLease(grant, noon)).toBe(false);
    expect(await tables.grants.renew(grant, stored, noon)).toBe(false);
    expect(await tables.grants.markReauthorize(grant, noon)).toBe(false);
    expect(await tables.grants.recordRegistered(grant, 'digest')).toBe(false);
    expect(await tables.grants.recordAnnounced(grant, 'g1 ')).toBe(false);
    expect(await tables.row(grant.tenant.id)).toEqual(tombstone);
  });
});

describe('why a grant has no newer token', () => {
  const failureOf = async ({ tenant }: OfflineGrant) => {
    const row = await tables.row(tenant.id);
    return [row?.['refreshFailure']?.S, Number(row?.['refreshFailedAtMs']?.N)];
  };
  const later = afterNoon(60);

  test('is noted where the platform refused, and not where it was not asked', async () => {
    const grant = await installed();
    await tables.grants.takeLease(grant, noon);
    await tables.grants.giveLeaseBack(grant, 1, 0);
    expect(await failureOf(grant)).toEqual([undefined, Number.NaN]);
    await tables.grants.giveLeaseBack(grant, 1, 0, later.getTime());
    expect(await failureOf(grant)).toEqual(['refused', later.getTime()]);
  });

  test('is noted by whoever takes a lease over, whose holder was never heard of again', async () => {
    const grant = await installed();
    await tables.grants.takeLease(grant, noon);
    expect(await failureOf(grant)).toEqual([undefined, Number.NaN]);
    await tables.grants.takeLease((await tables.grants.find(grant.tenant))!, later);
    expect(await failureOf(grant)).toEqual(['unknown', later.getTime()]);
  });

  test('is noted where the grant is lost, outlives a refresh, and goes with the installation', async () => {
    const [lost, unreadable] = [await installed(), await installed()];
    await tables.grants.markReauthorize(lost, later);
    expect(await failureOf(lost)).toEqual(['invalid_grant', later.getTime()]);
    await tables.grants.dropToken(unreadable, later);
    expect(await failureOf(unreadable)).toEqual(['unreadable', later.getTime()]);
    const stored = { sealedToken: 'sealed', scopes: [], accessTokenExpiresAt: 1, refreshFrom: 1 };
    expect(await tables.grants.renew(lost, stored, later)).toBe(true);
    expect(await failureOf(lost)).toEqual(['invalid_grant', later.getTime()]);
    const seen = await tables.installations.find(unreadable.tenant);
    await tables.installations.save(unreadable.tenant, seen, { generation: 2, grant: stored, now: later });
    expect(await failureOf(unreadable)).toEqual([undefined, Number.NaN]);
    await tables.grants.uninstall((await tables.grants.find(lost.tenant))!, later);
    expect(await failureOf(lost)).toEqual([undefined, Number.NaN]);
  });
});

describe('what hooks were told and what the platform registered', () => {
  test('is noted without moving the version, which a refresh may rest on', async () => {
    const grant = await installed();
    expect(await tables.grants.recordAnnounced(grant, 'g1 a/b')).toBe(true);
    expect(await tables.grants.recordRegistered(grant, 'digest')).toBe(true);
    expect(await tables.grants.recordUninstallAsked(grant, noon)).toBe(true);
    const noted = { announced: 'g1 a/b', registered: 'digest', uninstallAskedAtMs: noon.getTime() };
    expect(await tables.grants.find(grant.tenant)).toEqual({ ...grant, ...noted });
  });

  test('is not noted of another installation', async () => {
    const grant = await installed();
    expect(await tables.grants.recordAnnounced({ ...grant, generation: 2 }, 'g2 ')).toBe(false);
    expect(await tables.grants.recordRegistered({ ...grant, generation: 2 }, 'digest')).toBe(false);
    expect(await tables.grants.recordUninstallAsked({ ...grant, generation: 2 }, noon)).toBe(false);
    expect(await tables.grants.find(grant.tenant)).toEqual(grant);
  });
});

describe('the list of installed companies', () => {
  const listAll = async (limit: number) => {
    const found: string[][] = [];
    for (let partition = 0; partition < installationsTable.listing.partitions; partition++) {
      const companies: string[] = [];
      let last: Tenant | undefined;
      for (let after: Tenant | undefined, isLast = false; !isLast; after = last) {
        const page = await tables.grants.listInstalled(partition, after, limit);
        expect(page.tenants.length).toBeLessThanOrEqual(limit);
        companies.push(...page.tenants.map(tenantKey));
        last = page.tenants.at(-1);
        ({ isLast } = page);
      }
      found.push(companies);
    }
    return found;
  };

  test('has each of them once, however it is paged, spread over its partitions, and none that is gone', async () => {
    const grants = await Promise.all(Array.from({ length: 24 }, () => installed()));
    const [gone, ...others] = grants;
    await tables.grants.uninstall(gone!, noon);
    for (const limit of [1, 2, 3, 100]) {
      const partitions = await listAll(limit);
      const all = partitions.flat();
      expect(new Set(all).size).toBe(all.length);
      for (const { tenant } of others) expect(all).toContain(tenantKey(tenant));
      expect(all).not.toContain(tenantKey(gone!.tenant));
      for (const companies of partitions) expect(companies.length).toBeGreaterThan(1);
    }
  });

  test('goes on from a company that is gone meanwhile', async () => {
    const [first] = (await tables.grants.listInstalled(0, undefined, 1)).tenants;
    const { tenants: others } = await tables.grants.listInstalled(0, first, 100);
    await tables.grants.uninstall((await tables.grants.find(first!))!, noon);
    expect((await tables.grants.listInstalled(0, first, 100)).tenants).toEqual(others);
  });
});
