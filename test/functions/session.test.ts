import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { handler as SessionHandler } from '../../functions/session.ts';
import { sessionCookieName } from '../../shared/session/sessions.ts';
import { companyTenant } from '../../shared/tenant.ts';
import { clientId, liveSession } from '../shared/fixture/extension.ts';
import { bareEvent, gatewayEvent, type TestRequest } from './fixture/event.ts';
import { everywhere, startWorld, type World } from './fixture/world.ts';

let world: World;
let handler: typeof SessionHandler;
beforeAll(async () => {
  world = await startWorld();
  ({ handler } = await import('../../functions/session.ts'));
});
afterAll(() => world.close());

const send = (request: Partial<TestRequest>, event = gatewayEvent) =>
  world.send(handler, event({ path: '/api/session', ...request }));

describe('GET /api/session', () => {
  for (const [frontDoor, event] of [
    ['API Gateway', gatewayEvent],
    ['a front door that leaves cookies in the headers', bareEvent],
  ] as const) {
    test(`tells who is signed in and what they may do, never a token, through ${frontDoor}`, async () => {
      const expiresAt = Math.floor(Date.now() / 1000) + 1_000;
      const { company, cookie } = await world.signIn({ scopes: ['company/products'], expiresAt });
      const answer = await send({ cookie }, event);
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({
        ...everywhere,
        'content-type': 'application/json',
        'cache-control': 'no-store',
      });
      expect(answer.json).toEqual({
        company_id: company,
        user: { id: 'u1', name: 'Asha Rao', email: 'asha@example.com' },
        access_mode: 'offline',
        scopes: ['company/products'],
        missing_scopes: ['company/orders'],
        expires_at: expiresAt,
      });
    });
  }

  test('is about the company that header or query name, and about the only one otherwise', async () => {
    const [one, two] = [await world.signIn(), await world.signIn()];
    const cookie = `${one.cookie}; other=1; ${two.cookie}`;
    const ask = async (request: Partial<TestRequest>) => (await send({ cookie, ...request })).json;
    expect(await ask({ headers: { 'x-company-id': two.company } })).toMatchObject({ company_id: two.company });
    expect(await ask({ query: `company_id=${one.company}` })).toMatchObject({ company_id: one.company });
    expect(await ask({})).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(await ask({ cookie: two.cookie })).toMatchObject({ company_id: two.company });
    expect(await ask({ query: `company_id=${one.company}`, headers: { 'x-company-id': two.company } })).toMatchObject({
      status: 403,
      code: 'tenant_mismatch',
    });
    for (const wrong of ['', '0', '1,2', `${one.company}, ${two.company}`, 'CANARY']) {
      expect(await ask({ headers: { 'x-company-id': wrong } })).toMatchObject({ status: 400, code: 'invalid_request' });
    }
  });

  test('names no organization where the extension has no partners: such a parameter is the platform’s own', async () => {
    const { company, cookie } = await world.signIn();
    for (const request of [
      { query: 'organization_id=a1' },
      { query: 'organization_id=' },
      { query: 'organization_id=a1&organization_id=a2' },
      { headers: { 'x-organization-id': 'a1' } },
      { cookie: `${cookie}; __Host-ext_session_org_a1=x` },
    ] as Partial<TestRequest>[]) {
      expect(await send({ cookie, ...request })).toMatchObject({ status: 200, json: { company_id: company } });
    }
  });

  test('of a company without a session is 401 and names the way to sign in', async () => {
    const { cookie } = await world.signIn();
    const other = world.tables.newCompany();
    const answer = await send({ cookie, headers: { 'x-company-id': other } });
    expect([answer.status, answer.json['code']]).toEqual([401, 'session_required']);
    expect(answer.headers['x-reauthorize-url']).toBe(`/fp/install?company_id=${other}&client_id=${clientId}`);
    expect(answer.cookies).toEqual([]);
    const nobody = await send({});
    expect([nobody.status, nobody.headers['x-reauthorize-url']]).toEqual([401, undefined]);
  });

  for (const [what, change, code] of [
    ['is over', { session: { expiresAt: 1_000 } }, 'session_expired'],
    ['is of an older installation', { row: { generation: { N: '2' } } }, 'session_expired'],
    ['is of an uninstalled company', { row: { status: { S: 'uninstalled' } } }, 'session_expired'],
    ['is cut short', { cut: true }, 'session_required'],
  ] as const) {
    test(`that ${what} is 401 ${code}, and its cookie is forgotten`, async () => {
      const { company, cookie } = await world.signIn('session' in change ? change.session : {});
      if ('row' in change) await world.tables.putInstallation(company, change.row);
      const answer = await send({ cookie: 'cut' in change ? cookie.slice(0, -9) : cookie });
      expect([answer.status, answer.json['code']]).toEqual([401, code]);
      expect(answer.json).toMatchObject({ type: 'about:blank', request_id: 'JKJaXmPLvHcESHA=', status: 401 });
      expect(answer.headers['x-reauthorize-url']).toBe(`/fp/install?company_id=${company}&client_id=${clientId}`);
      expect(answer.cookies).toHaveLength(1);
      expect(answer.cookies[0]).toMatch(new RegExp(`^${sessionCookieName(companyTenant(company))}=; Max-Age=0;`));
      expect(answer.log).toMatchObject({ status: 401, code, level: 'info' });
    });
  }

  test('makes one call of DynamoDB', async () => {
    const { cookie } = await world.signIn();
    world.tables.calls.length = 0;
    await send({ cookie });
    expect(world.tables.calls.map(({ operation }) => operation)).toEqual(['BatchGetItem']);
  });

  test('is refused to another site', async () => {
    const { cookie } = await world.signIn();
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }] as const) {
      const answer = await send({ cookie, headers: { ...headers } });
      expect([answer.status, answer.json['code']]).toEqual([403, 'cross_site_request']);
    }
  });
});

describe('DELETE /api/session', () => {
  test('lets out whom an operator keeps out, cookie and copies', async () => {
    const { company, cookie } = await world.signIn();
    const blocked = { blockedAtMs: { N: String(Date.now()) } };
    await world.tables.putInstallation(company, blocked);
    expect((await send({ cookie })).json).toMatchObject({ code: 'access_denied' });
    const answer = await send({ method: 'DELETE', cookie, headers: { 'x-company-id': company } });
    expect([answer.status, answer.cookies]).toEqual([204, [expect.stringMatching(/; Max-Age=0;/)]]);
    await world.tables.putInstallation(company);
    expect((await send({ cookie })).json).toMatchObject({ code: 'session_expired' });
  });

  test('signs out: the cookie is cleared, and no copy of it works any more', async () => {
    const { company, cookie } = await world.signIn();
    const headers = { 'x-company-id': company };
    const answer = await send({ method: 'DELETE', cookie, headers });
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(answer.cookies).toHaveLength(1);
    expect(answer.cookies[0]).toMatch(new RegExp(`^${sessionCookieName(companyTenant(company))}=; Max-Age=0;`));
    expect((await send({ cookie, headers })).json).toMatchObject({ status: 401, code: 'session_expired' });
  });

  test('needs proof that it comes from the extension', async () => {
    const { cookie } = await world.signIn();
    expect((await send({ method: 'DELETE', cookie })).json).toMatchObject({ code: 'cross_site_request' });
    expect((await send({ cookie })).status).toBe(200);
  });

  test('of one person leaves the others signed in', async () => {
    const { company, cookie } = await world.signIn();
    const userCache = world.tables.userCache;
    await userCache.signOut(
      liveSession({ tenant: companyTenant(company), user: { id: 'u2', name: 'Ravi', email: undefined } }),
      new Date(),
    );
    expect((await send({ cookie })).status).toBe(200);
  });
});

test('a table that cannot be read is 500 and tells nobody why, but for the kind of it in the log', async () => {
  const { company, cookie } = await world.signIn();
  await world.tables.putInstallation(company, { status: { S: 'CANARY-strange' } });
  const answer = await send({ cookie });
  await world.tables.putInstallation(company);
  expect(answer.status).toBe(500);
  expect(Object.keys(answer.json).toSorted()).toEqual(['code', 'detail', 'request_id', 'status', 'title', 'type']);
  expect(answer.json).toMatchObject({ code: 'internal', request_id: 'JKJaXmPLvHcESHA=' });
  expect(JSON.stringify(answer.json)).not.toMatch(/status attribute|corrupt|Error|stored item/i);
  expect(answer.log).toMatchObject({ level: 'error', status: 500, code: 'internal', error: 'CorruptItemError' });
});
