import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { HttpClient } from '../../../shared/http/http-client.ts';
import type { Installations } from '../../../shared/store/installations.ts';
import type { Tenant } from '../../../shared/tenant.ts';
import { type Item, startTables, type TestTables } from '../fixture/dynamodb.ts';
import { afterNoon, noon, testExtension } from '../fixture/extension.ts';
import type { FakeHttpClient } from '../fixture/http-client.ts';
import { problemOf } from '../fixture/problem.ts';
import { askedOf, fakePlatform, offlineToken, signIn } from '../fixture/sign-in.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());
afterEach(() => void vi.restoreAllMocks());

/** Lets `count` things happen, then the process is gone: before the next one takes effect, or right after it. */
function crashAt(count: number, moment: 'before' | 'after', httpClient: FakeHttpClient) {
  let left = count;
  const step = async <Result>(act: () => Promise<Result>): Promise<Result> => {
    if (left === 0 && moment === 'before') throw new Error('crash');
    const result = await act();
    if (left-- === 0) throw new Error('crash');
    return result;
  };
  const crashing: HttpClient = (request, deadline) => step(() => httpClient(request, deadline));
  return {
    httpClient: Object.assign(crashing, { requests: httpClient.requests }),
    installations: {
      find: (...input: Parameters<Installations['find']>) => step(() => tables.installations.find(...input)),
      save: (...input: Parameters<Installations['save']>) => step(() => tables.installations.save(...input)),
    },
  };
}

/** What an installation is; its times, its sealed token and how it is listed differ between companies. */
const essence = ({ generation, version, status, scopes, accessTokenExpiresAt, token }: Item = {}) => ({
  generation,
  version,
  status,
  scopes,
  accessTokenExpiresAt,
  isNewToken: token !== undefined && token.S !== 'old',
});

describe('a crash', () => {
  const kinds: [string, Item | undefined][] = [
    ['a first installation', undefined],
    ['an installation over a broken one', { status: { S: 'reauthorize' }, scopes: { L: [] }, token: { S: 'old' } }],
  ];
  for (const [kind, before] of kinds) {
    for (const moment of ['before', 'after'] as const) {
      for (const step of [0, 1, 2, 3]) {
        test(`${moment} step ${step + 1} of ${kind} leaves the old row or the whole new one, and the next sign-in works`, async () => {
          const [company, whole] = [tables.newCompany(), tables.newCompany()];
          for (const each of [company, whole]) if (before) await tables.putInstallation(each, before);
          const old = await tables.row(company);
          await expect(signIn(tables, company, crashAt(step, moment, fakePlatform()))).rejects.toThrow('crash');
          const after = await tables.row(company);
          const isWritten = step === 3 && moment === 'after';
          if (!isWritten) expect(after).toEqual(old);
          await signIn(tables, whole);
          const complete = await tables.row(whole);
          if (isWritten) expect(essence(after)).toEqual(essence(complete));
          await signIn(tables, company);
          expect(essence(await tables.row(company))).toEqual(essence(complete));
        });
      }
    }
  }
});

describe('a sign-in that loses its conditional write', () => {
  /** Somebody else writes between this sign-in's reading and its writing. */
  function overtakenBy(other: () => Promise<unknown>) {
    let overtaken = false;
    return {
      find: (tenant: Tenant) => tables.installations.find(tenant),
      save: async (...input: Parameters<Installations['save']>) => {
        if (!overtaken) {
          overtaken = true;
          await other();
        }
        return await tables.installations.save(...input);
      },
    };
  }
  const sealedBy = async (company: string) => (await tables.row(company))?.['token']?.S;

  test('writes over the other one where its own grant works, in the same generation', async () => {
    const company = tables.newCompany();
    let othersToken: string | undefined;
    const installations = overtakenBy(async () => {
      await signIn(tables, company);
      othersToken = await sealedBy(company);
    });
    const httpClient = fakePlatform();
    expect((await signIn(tables, company, { httpClient, installations })).generation).toBe(1);
    expect(askedOf(httpClient)).toEqual(['token', 'offline-token', company]);
    expect(httpClient.requests[2]?.headers['authorization']).toBe('Bearer CANARY-offline-token');
    expect(await tables.row(company)).toMatchObject({ generation: { N: '1' }, version: { N: '2' } });
    expect(await sealedBy(company)).not.toBe(othersToken);
  });

  test('stays in the generation that the other one began, where both launches install over', async () => {
    const company = tables.newCompany();
    await signIn(tables, company);
    const launch = { installEvent: true, startedAt: afterNoon(60), now: afterNoon(90) };
    const installations = overtakenBy(() => signIn(tables, company, launch));
    expect((await signIn(tables, company, { ...launch, installations })).generation).toBe(2);
    expect(await tables.row(company)).toMatchObject({ generation: { N: '2' }, version: { N: '3' } });
  });

  for (const probe of [{ status: 403 }, { status: 404 }]) {
    test(`takes a ${probe.status} for an answer about something else: its grant works`, async () => {
      const company = tables.newCompany();
      const installations = overtakenBy(() => signIn(tables, company));
      await signIn(tables, company, { httpClient: fakePlatform({ probe }), installations });
      expect(await tables.row(company)).toMatchObject({ version: { N: '2' } });
    });
  }

  for (const probe of [{ status: 401 }, { status: 429 }, { status: 500 }, { status: 503 }]) {
    test(`leaves the other one where its own grant does not work or cannot be tried (${probe.status})`, async () => {
      const company = tables.newCompany();
      let others: Item | undefined;
      const installations = overtakenBy(async () => {
        await signIn(tables, company);
        others = await tables.row(company);
      });
      const session = await signIn(tables, company, { httpClient: fakePlatform({ probe }), installations });
      expect(session.generation).toBe(1);
      expect(await tables.row(company)).toEqual(others);
    });
  }

  test('does not write a grant that no longer works over an uninstallation', async () => {
    const company = tables.newCompany();
    const tombstone = { generation: { N: '2' }, version: { N: '7' }, status: { S: 'uninstalled' } };
    const installations = overtakenBy(() => tables.putInstallation(company, tombstone));
    const httpClient = fakePlatform({ probe: { status: 401 } });
    expect(await problemOf(signIn(tables, company, { httpClient, installations }))).toMatchObject({
      code: 'platform_error',
    });
    expect(await tables.row(company)).toMatchObject(tombstone);
  });

  test('installs again over an uninstallation of the older one where its own grant works', async () => {
    const company = tables.newCompany();
    const tombstone = { generation: { N: '2' }, version: { N: '7' }, status: { S: 'uninstalled' } };
    const installations = overtakenBy(() => tables.putInstallation(company, tombstone));
    expect((await signIn(tables, company, { installations })).generation).toBe(3);
    expect(await tables.row(company)).toMatchObject({ status: { S: 'installed' }, generation: { N: '3' } });
  });

  test('is content with the other one in online mode', async () => {
    const company = tables.newCompany();
    const extension = testExtension({ accessMode: 'online' });
    const installations = overtakenBy(() => signIn(tables, company, { extension }));
    const httpClient = fakePlatform();
    expect((await signIn(tables, company, { extension, httpClient, installations })).generation).toBe(1);
    expect(askedOf(httpClient)).toEqual(['token']);
    expect(await tables.row(company)).toMatchObject({ version: { N: '1' } });
  });

  /** Loses every time; tells when it was tried, in milliseconds. */
  function alwaysLosing() {
    const triedAtMs: number[] = [];
    return {
      triedAtMs,
      find: tables.installations.find.bind(tables.installations),
      save: () => Promise.resolve(triedAtMs.push(performance.now()) < 0),
    };
  }

  test('again and again is content with the installation that stands, whoever wrote it', async () => {
    const company = tables.newCompany();
    await signIn(tables, company);
    const before = await tables.row(company);
    const installations = alwaysLosing();
    const launch = { installEvent: true, startedAt: afterNoon(60), installations };
    expect(await signIn(tables, company, launch)).toMatchObject({ generation: 1, accessToken: 'CANARY-online-token' });
    expect(installations.triedAtMs).toHaveLength(4);
    expect(await tables.row(company)).toEqual(before);
  });

  test('pauses longer and longer before it tries again, each for itself', async () => {
    const company = tables.newCompany();
    await signIn(tables, company, { startedAt: noon });
    const random = vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const installations = alwaysLosing();
    await signIn(tables, company, { installEvent: true, startedAt: afterNoon(60), installations });
    const at = installations.triedAtMs;
    const pauses = at.slice(1).map((each, index) => each - (at[index] ?? 0));
    expect(random).toHaveBeenCalled();
    for (const [index, atLeastMs] of [19, 39, 79].entries()) expect(pauses[index]).toBeGreaterThanOrEqual(atLeastMs);
  });

  test('again and again gives up where no installation stands', async () => {
    const company = tables.newCompany();
    const installations = alwaysLosing();
    expect(await problemOf(signIn(tables, company, { installations }))).toMatchObject({
      code: 'internal',
      status: 500,
    });
    await tables.putInstallation(company, { status: { S: 'uninstalled' } });
    expect(await problemOf(signIn(tables, company, { installations }))).toMatchObject({ code: 'internal' });
  });
});

test('two people who install at once both get a session of the one installation', async () => {
  for (let round = 0; round < 3; round++) {
    const company = tables.newCompany();
    const sessions = await Promise.all([1, 2, 3].map(() => signIn(tables, company)));
    expect(sessions.map(({ generation }) => generation)).toEqual([1, 1, 1]);
    expect(await tables.row(company)).toMatchObject({ generation: { N: '1' }, status: { S: 'installed' } });
  }
});

test('the platform is asked by nobody once a grant was refused for another reason than scopes', async () => {
  const company = tables.newCompany();
  const httpClient = fakePlatform({
    offline: { status: 400, body: { ...offlineToken, error: 'invalid_grant', scope: undefined } },
  });
  expect(await problemOf(signIn(tables, company, { httpClient }))).toMatchObject({ code: 'code_refused', status: 502 });
  expect(await tables.row(company)).toBeUndefined();
});
