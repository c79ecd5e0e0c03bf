import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deadlineIn } from '../../../shared/http/http-client.ts';
import { type ConfirmUninstallDependencies, confirmUninstall } from '../../../shared/install/confirm-uninstall.ts';
import type { OfflineGrants } from '../../../shared/store/offline-grants.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { startTables, type TestTables } from '../fixture/dynamodb.ts';
import { afterNoon, noon, testExtension } from '../fixture/extension.ts';
import { keyRingFor } from '../fixture/key-ring.ts';
import { type OfflineAnswers, type OfflineWork, offlineWork } from '../fixture/offline-work.ts';
import { problemOf } from '../fixture/problem.ts';
import { fakePlatform, offlineToken, signIn } from '../fixture/sign-in.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

const dead = { status: 401 };
const revoked = { status: 400, body: { error: 'invalid_grant' } };
const gone: OfflineAnswers = { refresh: revoked, call: () => dead };

/** Somebody says, at a minute past noon, that a company uninstalled which installed at noon. */
async function confirm(
  company: string,
  world: OfflineWork,
  message: { signedAtMs?: number; triesRefresh?: boolean } = {},
  changes: Partial<ConfirmUninstallDependencies> = {},
) {
  const { tokens, httpClient, now } = world;
  return await confirmUninstall(
    { cluster: 'https://api.fynd.com', grants: tables.grants, tokens, httpClient, now, ...changes },
    await tables.grants.find(companyTenant(company)),
    { signedAtMs: message.signedAtMs, triesRefresh: message.triesRefresh ?? message.signedAtMs !== undefined },
    deadlineIn(25_000),
  );
}

/** Something happens between the reading of the row and its end. */
function overtakenBy(other: (company: string) => Promise<unknown>): Pick<OfflineGrants, 'find' | 'uninstall'> {
  return {
    find: (tenant) => tables.grants.find(tenant),
    uninstall: async (grant, now) => {
      await other(grant.tenant.id);
      return await tables.grants.uninstall(grant, now);
    },
  };
}

describe('an uninstallation', () => {
  test('is confirmed where the platform accepts neither the token nor a refresh; nothing of the grant is left', async () => {
    const world = offlineWork(tables, gone);
    const company = await world.install();
    expect(await confirm(company, world)).toEqual({ outcome: 'uninstalled', generation: 2, confirmedBy: 'platform' });
    const row = await tables.row(company);
    expect(row).toMatchObject({ status: { S: 'uninstalled' }, generation: { N: '2' }, version: { N: '2' } });
    for (const attribute of ['token', 'scopes', 'accessTokenExpiresAt', 'refreshFrom', 'listed', 'registered']) {
      expect(row).not.toHaveProperty(attribute);
    }
  });

  test('is confirmed where the grant was found broken before', async () => {
    const world = offlineWork(tables, gone);
    const company = await world.install();
    await tables.grants.markReauthorize((await tables.grants.find(companyTenant(company)))!, new Date());
    expect(await confirm(company, world)).toMatchObject({ outcome: 'uninstalled', confirmedBy: 'platform' });
    expect(world.httpClient.requests).toEqual([]);
  });

  test('that is forged changes nothing: the grant works', async () => {
    const world = offlineWork(tables);
    const company = await world.install();
    const before = await tables.row(company);
    expect(await confirm(company, world)).toEqual({ outcome: 'unconfirmed' });
    expect(world.httpClient.requests.map(({ target }) => target)).toEqual([
      `/service/platform/company-profile/v1.0/company/${company}`,
    ]);
    expect(await tables.row(company)).toEqual(before);
  });

  test('is not confirmed by a token that no key opens: whether the grant works is unknown', async () => {
    const world = offlineWork(tables, gone, {
      tokenKeys: keyRingFor('offline-token', 'CANARY-token-secret-9-0123456789'),
    });
    const company = await world.install();
    expect(await problemOf(confirm(company, world))).toMatchObject({ code: 'platform_error' });
    expect(await confirm(company, world)).toEqual({ outcome: 'unconfirmed' });
    expect(await tables.row(company)).toMatchObject({ status: { S: 'reauthorize' }, generation: { N: '1' } });
    const signedAtMs = afterNoon(30).getTime();
    expect(await confirm(company, world, { signedAtMs })).toMatchObject({ confirmedBy: 'signature' });
  });

  for (const status of [403, 404]) {
    test(`is not confirmed by a ${status}, which is about the resource`, async () => {
      const world = offlineWork(tables, { call: () => ({ status }) });
      expect(await confirm(await world.install(), world)).toEqual({ outcome: 'unconfirmed' });
    });
  }

  test('is not confirmed by a dead access token alone: the grant gives another one', async () => {
    const world = offlineWork(tables, { call: ({ token }) => (token.includes('refreshed') ? {} : dead) });
    const company = await world.install();
    expect(await confirm(company, world)).toEqual({ outcome: 'unconfirmed' });
    expect(await tables.row(company)).toMatchObject({ status: { S: 'installed' }, generation: { N: '1' } });
  });

  for (const [what, answers] of [
    ['answers 500', { call: () => ({ status: 500 }) }],
    ['answers 429', { call: () => ({ status: 429 }) }],
    ['cannot refresh', { call: () => dead, refresh: { status: 503 } }],
  ] as [string, OfflineAnswers][]) {
    test(`is asked about later where the platform ${what}, and nothing changes until then`, async () => {
      const world = offlineWork(tables, answers);
      const company = await world.install();
      const { status } = await problemOf(confirm(company, world));
      expect(status).toBeGreaterThan(428);
      expect(await tables.row(company)).toMatchObject({ status: { S: 'installed' }, generation: { N: '1' } });
    });
  }

  test('is none where the company never installed, or is uninstalled already', async () => {
    const world = offlineWork(tables, gone);
    expect(await confirm(tables.newCompany(), world)).toEqual({ outcome: 'not_installed' });
    const company = await world.install();
    await confirm(company, world);
    const before = await tables.row(company);
    const later = { signedAtMs: world.now().getTime() };
    expect(await confirm(company, world, later)).toEqual({ outcome: 'not_installed' });
    expect(await tables.row(company)).toEqual(before);
  });
});

describe('a signed message', () => {
  for (const [when, signedAtMs] of [
    ['after', noon.getTime() + 1_000],
    ['in the same second', noon.getTime()],
    ['before', noon.getTime() - 1_000],
  ] as const) {
    test(`that was made ${when} is outweighed by a grant that works`, async () => {
      const world = offlineWork(tables);
      const company = await world.install();
      expect(await confirm(company, world, { signedAtMs })).toEqual({ outcome: 'unconfirmed' });
      expect(await tables.row(company)).toMatchObject({ status: { S: 'installed' }, generation: { N: '1' } });
    });
  }

  test('has the grant tried by a refresh, which a live access token may outlive', async () => {
    const world = offlineWork(tables, { refresh: revoked });
    const company = await world.install();
    expect(await confirm(company, world)).toEqual({ outcome: 'unconfirmed' });
    const message = { signedAtMs: noon.getTime() + 1_000 };
    expect(await confirm(company, world, message)).toMatchObject({ outcome: 'uninstalled', confirmedBy: 'platform' });
  });

  test('tries no refresh of a grant that never had any: its token works', async () => {
    const world = offlineWork(tables, { refresh: revoked });
    const { refresh_token: _, ...unrefreshable } = offlineToken;
    const company = tables.newCompany();
    await signIn(tables, company, { httpClient: fakePlatform({ offline: { body: unrefreshable } }) });
    const message = { signedAtMs: noon.getTime() + 1_000 };
    expect(await confirm(company, world, message)).toEqual({ outcome: 'unconfirmed' });
    expect(await tables.row(company)).toMatchObject({ status: { S: 'installed' } });
  });

  test('is all that counts in online mode, where there is nothing to ask with', async () => {
    const world = offlineWork(tables, gone);
    const company = await world.install(testExtension({ accessMode: 'online' }));
    expect(await confirm(company, world)).toEqual({ outcome: 'unconfirmed' });
    expect(world.httpClient.requests).toEqual([]);
    const message = { signedAtMs: noon.getTime() + 1_000 };
    expect(await confirm(company, world, message)).toMatchObject({ outcome: 'uninstalled', confirmedBy: 'signature' });
  });
});

describe('an uninstallation at the very moment', () => {
  test('of a new installation leaves that as it is', async () => {
    for (const message of [{}, { signedAtMs: noon.getTime() + 1_000 }]) {
      const world = offlineWork(tables, gone);
      const company = await world.install();
      const again = () => signIn(tables, company, { installEvent: true, startedAt: afterNoon(61) });
      const grants = overtakenBy(again);
      expect(await confirm(company, world, message, { grants })).toEqual({ outcome: 'not_installed' });
      expect(await tables.row(company)).toMatchObject({ status: { S: 'installed' }, generation: { N: '2' } });
    }
  });

  test('of another uninstallation is one', async () => {
    const world = offlineWork(tables, gone);
    const company = await world.install();
    const grants = overtakenBy(() => confirm(company, world));
    expect(await confirm(company, world, {}, { grants })).toEqual({ outcome: 'not_installed' });
    expect(await tables.row(company)).toMatchObject({ generation: { N: '2' } });
  });

  test('of a refresh is not forgotten: it is asked about once more', async () => {
    const world = offlineWork(tables, gone);
    const company = await world.install();
    const renewed = async () => {
      const grant = (await tables.grants.find(companyTenant(company)))!;
      const { accessTokenExpiresAt, refreshFrom } = grant;
      const stored = { sealedToken: grant.sealedToken!, scopes: grant.scopes, accessTokenExpiresAt, refreshFrom };
      expect(await tables.grants.renew(grant, stored, afterNoon(60))).toBe(true);
    };
    for (const message of [{}, { signedAtMs: noon.getTime() + 1_000 }]) {
      await problemOf(confirm(company, world, message, { grants: overtakenBy(renewed) }));
      expect(await tables.row(company)).toMatchObject({ generation: { N: '1' } });
    }
    expect(await confirm(company, world)).toMatchObject({ outcome: 'uninstalled' });
  });
});
