import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { open } from '../../../shared/sealing.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { readableText, startTables, type TestTables } from '../fixture/dynamodb.ts';
import { afterNoon, noon, testExtension } from '../fixture/extension.ts';
import { problemOf } from '../fixture/problem.ts';
import { askedOf, fakePlatform, offlineToken, onlineToken, signIn, tokenKeys } from '../fixture/sign-in.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

const fewer = { body: { ...onlineToken, scope: ['company/products'] } };
const moreScopes = testExtension({ scopes: ['company/products', 'company/orders', 'company/settings'] });
const allOfThem = { body: { ...onlineToken, scope: ['company/*'] } };

describe('a first installation', () => {
  test('stores the grant and gives the person a session of their own', async () => {
    const company = tables.newCompany();
    const httpClient = fakePlatform();
    expect(await signIn(tables, company, { httpClient })).toEqual({
      tenant: companyTenant(company),
      user: { id: 'u1', name: 'Asha Rao', email: 'asha@example.com' },
      generation: 1,
      signedInAtMs: noon.getTime(),
      accessToken: 'CANARY-online-token',
      scopes: ['company/products', 'company/orders'],
      expiresAt: noon.getTime() / 1000 + 7_200,
    });
    expect(askedOf(httpClient)).toEqual(['token', 'offline-token']);
    expect(await tables.row(company)).toMatchObject({
      generation: { N: '1' },
      version: { N: '1' },
      status: { S: 'installed' },
      scopes: { L: [{ S: 'company/products' }, { S: 'company/orders' }] },
      accessTokenExpiresAt: { N: String(noon.getTime() / 1000 + 3_600) },
    });
  });

  test('gives a session of 24 hours at most, or of fewer where the configuration says so', async () => {
    for (const [expiresIn, session, seconds] of [
      [31_000_000, {}, 24 * 3_600],
      [31_000_000, { maxHours: 8 }, 8 * 3_600],
      [31_000_000, { maxHours: 0.5 }, 1_800],
      [7_200, { maxHours: 8 }, 7_200],
    ] as const) {
      const httpClient = fakePlatform({ online: { body: { ...onlineToken, expires_in: expiresIn } } });
      const made = await signIn(tables, tables.newCompany(), { httpClient, extension: testExtension({ session }) });
      expect(made.expiresAt - noon.getTime() / 1000).toBe(seconds);
    }
  });

  test('asks the platform as its reference says, with the credentials in header and body and never in the path', async () => {
    const company = tables.newCompany();
    const httpClient = fakePlatform();
    await signIn(tables, company, { httpClient });
    const [online, offline] = httpClient.requests;
    const basic = `Basic ${Buffer.from('extension-client-1:CANARY-api-secret').toString('base64')}`;
    const path = `/service/panel/authentication/v1.0/company/${company}/oauth`;
    expect(online).toMatchObject({
      origin: 'https://api.fynd.com',
      method: 'POST',
      target: `${path}/token`,
      headers: { authorization: basic, 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(String(online?.body)).toBe('code=CANARY-code&grant_type=authorization_code');
    expect(offline).toMatchObject({ target: `${path}/offline-token`, headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(String(offline?.body))).toEqual({
      client_id: 'extension-client-1',
      client_secret: 'CANARY-api-secret',
      grant_type: 'authorization_code',
      scope: ['company/products', 'company/orders'],
      code: 'CANARY-code',
    });
  });

  test('leaves no token in any item that could be read without the key, and binds it to its row', async () => {
    const company = tables.newCompany();
    await signIn(tables, company);
    for (const item of await tables.items()) expect(readableText(item)).not.toContain('CANARY');
    const text = (await tables.row(company))?.['token']?.S ?? '';
    const openAs = (subject: string) => open(tokenKeys, 'offline-token', { text, subject, now: noon });
    expect(await openAs(`company#${company}#g1`)).toMatchObject({
      outcome: 'opened',
      claims: { tok: 'CANARY-offline-token', ref: 'CANARY-refresh-token' },
    });
    expect((await openAs(`company#${company}#g2`)).outcome).toBe('refused');
    expect((await openAs('company#1#g1')).outcome).toBe('refused');
  });

  test('by somebody who lacks scopes is refused, stores nothing and does not touch the next person', async () => {
    const company = tables.newCompany();
    const httpClient = fakePlatform({ online: fewer });
    const refusal = await problemOf(signIn(tables, company, { httpClient }));
    expect(refusal).toMatchObject({
      code: 'scopes_missing',
      status: 403,
      members: { missing_scopes: ['company/orders'] },
    });
    expect(refusal.message).toContain('company/orders');
    expect(askedOf(httpClient)).toEqual(['token']);
    expect(await tables.row(company)).toBeUndefined();
    expect(await signIn(tables, company)).toMatchObject({ tenant: companyTenant(company), generation: 1 });
  });

  for (const [how, offline] of [
    ['refuses the grant with a 403', { status: 403, body: { message: 'no' } }],
    ['says that scopes are lacking', { status: 400, body: { error: 'invalid_scope' } }],
    ['grants less for the company than to the person', { body: { ...offlineToken, scope: ['company/products'] } }],
  ] as const) {
    test(`is refused, with nothing stored, when the platform ${how}`, async () => {
      const company = tables.newCompany();
      const refusal = await problemOf(signIn(tables, company, { httpClient: fakePlatform({ offline }) }));
      expect(refusal).toMatchObject({ code: 'scopes_missing', status: 403 });
      expect(refusal.members['missing_scopes']).toContain('company/orders');
      expect(await tables.row(company)).toBeUndefined();
    });
  }

  test('of an extension that was uninstalled begins a new generation', async () => {
    const company = tables.newCompany();
    await tables.putInstallation(company, {
      generation: { N: '4' },
      version: { N: '9' },
      status: { S: 'uninstalled' },
    });
    expect((await signIn(tables, company)).generation).toBe(5);
    expect(await tables.row(company)).toMatchObject({ generation: { N: '5' }, status: { S: 'installed' } });
  });
});

describe('a sign-in where the extension is installed', () => {
  test('asks for no offline grant and writes nothing', async () => {
    const company = tables.newCompany();
    await signIn(tables, company);
    const before = await tables.row(company);
    const httpClient = fakePlatform({ online: fewer });
    tables.calls.length = 0;
    const session = await signIn(tables, company, { httpClient });
    expect(session).toMatchObject({ generation: 1, scopes: ['company/products'] });
    expect(askedOf(httpClient)).toEqual(['token']);
    expect(tables.calls.map(({ operation }) => operation)).toEqual(['GetItem']);
    expect(await tables.row(company)).toEqual(before);
  });

  test('takes the new scopes into the grant when somebody who holds them comes, and old sessions go on', async () => {
    const company = tables.newCompany();
    await signIn(tables, company);
    const offline = { body: { ...offlineToken, scope: ['company/*'] } };
    const httpClient = fakePlatform({ online: allOfThem, offline });
    const session = await signIn(tables, company, { extension: moreScopes, httpClient });
    expect(session.generation).toBe(1);
    expect(await tables.row(company)).toMatchObject({ version: { N: '2' }, scopes: { L: [{ S: 'company/*' }] } });
  });

  for (const [who, answers] of [
    ['lacks the new scopes', {}],
    ['cannot grant them to the company', { online: allOfThem, offline: { status: 403 } }],
    ['gets fewer for the company', { online: allOfThem, offline: { body: offlineToken } }],
  ] as const) {
    test(`by somebody who ${who} gives a session and leaves the row as it is`, async () => {
      const company = tables.newCompany();
      await signIn(tables, company);
      const before = await tables.row(company);
      const httpClient = fakePlatform(answers);
      const session = await signIn(tables, company, { extension: moreScopes, httpClient });
      expect(session).toMatchObject({ generation: 1, accessToken: 'CANARY-online-token' });
      expect(await tables.row(company)).toEqual(before);
    });
  }

  test('that installs over begins a new generation', async () => {
    const company = tables.newCompany();
    await signIn(tables, company);
    const launch = { installEvent: true, startedAt: afterNoon(60), now: afterNoon(90) };
    expect((await signIn(tables, company, launch)).generation).toBe(2);
    expect(await tables.row(company)).toMatchObject({
      generation: { N: '2' },
      version: { N: '2' },
      installedAtMs: { N: String(afterNoon(90).getTime()) },
    });
  });

  test('that would install over what was installed since it began opens that: of several at once, one counts', async () => {
    const company = tables.newCompany();
    await signIn(tables, company, { startedAt: noon, now: afterNoon(5) });
    const before = await tables.row(company);
    const httpClient = fakePlatform();
    for (const startedAt of [noon, afterNoon(5)]) {
      const launch = { installEvent: true, startedAt, now: afterNoon(6), httpClient };
      expect((await signIn(tables, company, launch)).generation).toBe(1);
    }
    expect(askedOf(httpClient)).toEqual(['token', 'token']);
    expect(await tables.row(company)).toEqual(before);
    const later = { installEvent: true, startedAt: new Date(afterNoon(5).getTime() + 1) };
    expect((await signIn(tables, company, later)).generation).toBe(2);
  });

  test('that says nothing of installing does not begin a new generation, however old the installation is', async () => {
    const company = tables.newCompany();
    await signIn(tables, company);
    expect((await signIn(tables, company, { startedAt: afterNoon(86_400) })).generation).toBe(1);
  });

  test('that installs over, by somebody who lacks scopes, leaves the working installation as it is', async () => {
    const company = tables.newCompany();
    await signIn(tables, company);
    const before = await tables.row(company);
    const httpClient = fakePlatform({ online: fewer });
    const launch = { installEvent: true, startedAt: afterNoon(60), httpClient };
    expect((await signIn(tables, company, launch)).generation).toBe(1);
    expect(askedOf(httpClient)).toEqual(['token']);
    expect(await tables.row(company)).toEqual(before);
  });

  test('mends a grant that no longer works', async () => {
    const company = tables.newCompany();
    await tables.putInstallation(company, { status: { S: 'reauthorize' }, scopes: { L: [{ S: 'company/*' }] } });
    expect((await signIn(tables, company)).generation).toBe(2);
    expect(await tables.row(company)).toMatchObject({ status: { S: 'installed' }, generation: { N: '2' } });
  });

  test('leaves a grant that no longer works to somebody who can mend it', async () => {
    const company = tables.newCompany();
    await tables.putInstallation(company, { status: { S: 'reauthorize' }, scopes: { L: [{ S: 'company/*' }] } });
    const before = await tables.row(company);
    const session = await signIn(tables, company, { httpClient: fakePlatform({ online: fewer }) });
    expect(session.generation).toBe(1);
    expect(await tables.row(company)).toEqual(before);
  });
});

describe('in online mode', () => {
  const extension = testExtension({ accessMode: 'online' });

  test('the first sign-in writes a row without a token, and asks for no offline grant', async () => {
    const company = tables.newCompany();
    const httpClient = fakePlatform({ online: fewer });
    expect((await signIn(tables, company, { extension, httpClient })).generation).toBe(1);
    expect(askedOf(httpClient)).toEqual(['token']);
    const row = await tables.row(company);
    expect(row).toMatchObject({ generation: { N: '1' }, version: { N: '1' }, status: { S: 'installed' } });
    for (const absent of ['token', 'scopes', 'accessTokenExpiresAt']) expect(row).not.toHaveProperty(absent);
  });

  test('the next one writes nothing', async () => {
    const company = tables.newCompany();
    await signIn(tables, company, { extension });
    const before = await tables.row(company);
    const launch = { extension, installEvent: true, startedAt: afterNoon(60) };
    expect((await signIn(tables, company, launch)).generation).toBe(1);
    expect(await tables.row(company)).toEqual(before);
  });
});
