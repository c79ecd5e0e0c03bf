import { beforeAll, describe, expect, inject, test } from 'vitest';
import { Browser } from './browser.ts';
import { PlatformControl } from './platform-control.ts';

const world = inject('offline');
const platform = new PlatformControl(world);
const echo = (company: number) => `/api/platform/catalog/v2.0/company/${company}/__echo/x`;

/** The sealed session of somebody who has signed in, as a page without cookies holds it. */
async function sessionOf(company: number, user = 'owner'): Promise<string> {
  const browser = new Browser(world);
  expect((await browser.signIn(company, user)).status).toBe(302);
  return browser.cookies.get(`__Host-ext_session_${company}`) ?? '';
}

const bearer = (session: string, more: Record<string, string> = {}) => ({
  authorization: `Bearer ${session}`,
  ...more,
});
const nobody = () => new Browser(world);

beforeAll(() => platform.reset());

describe('a session in Authorization', () => {
  test('opens every route of a signed-in person, whatever the case of its scheme, and needs no cookie', async () => {
    const session = await sessionOf(41);
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const headers = { authorization: `${scheme} ${session}` };
      for (const path of ['/api/session', '/api/products', '/api/platform/catalog/v2.0/company/41/products/']) {
        const response = await nobody().fetch(path, { headers });
        expect([path, response.status]).toEqual([path, 200]);
        // Over TLS Node takes Brotli, in which a stored answer travels.
        expect(response.headers.get('vary')).toMatch(/^Cookie, Authorization(, Accept-Encoding)?$/);
        expect(response.headers.getSetCookie()).toEqual([]);
      }
    }
    expect(await nobody().json('/api/session', { headers: bearer(session) })).toMatchObject({ company_id: '41' });
  });

  test('needs no proof of its origin, but another site is refused', async () => {
    const session = await sessionOf(41);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      expect((await nobody().fetch(echo(41), { method, headers: bearer(session) })).status).toBe(200);
      for (const foreign of [
        { origin: 'https://evil.test' },
        { 'sec-fetch-site': 'cross-site' },
        { origin: 'null', 'x-company-id': '41' },
      ] as Record<string, string>[]) {
        const response = await nobody().fetch(echo(41), { method, headers: bearer(session, foreign) });
        expect([response.status, await response.json()]).toMatchObject([403, { code: 'cross_site_request' }]);
        expect(response.headers.get('vary')).toBe('Cookie, Authorization');
      }
    }
  });

  test('names its own company: path, header and query that name another one are a tenant_mismatch', async () => {
    const session = await sessionOf(41);
    const calls: [string, Record<string, string>][] = [
      ['/api/session', { 'x-company-id': '42' }],
      ['/api/session?company_id=42', {}],
      [echo(42), {}],
      [echo(41), { 'x-company-id': '42' }],
    ];
    for (const [path, more] of calls) {
      const response = await nobody().fetch(path, { headers: bearer(session, more) });
      expect([path, response.status]).toEqual([path, 403]);
      expect(await response.json()).toMatchObject({ code: 'tenant_mismatch' });
    }
  });

  test('is used instead of any cookie: it is this person’s call, and a cookie does not mend it', async () => {
    const browser = nobody();
    await browser.signIn(41, 'owner');
    await browser.signIn(42, 'owner');
    const session = await sessionOf(41, 'catalog');
    const name = async (headers: Record<string, string>) =>
      ((await browser.json('/api/session', { headers })) as { user?: { name: string } }).user?.name;
    const own = await name({ 'x-company-id': '41' });
    const theirs = await name(bearer(session));
    expect([own, theirs].every((each) => typeof each === 'string')).toBe(true);
    expect(theirs).not.toBe(own);
    for (const malformed of ['', 'x', `${session}x`, `${session} ${session}`, `${session}, Bearer ${session}`, 'é']) {
      const headers = { authorization: `Bearer ${Buffer.from(malformed).toString('latin1')}`, 'x-company-id': '41' };
      const response = await browser.fetch('/api/session', { headers });
      expect([response.status, await response.json()]).toMatchObject([401, { code: 'session_required' }]);
      expect(response.headers.getSetCookie()).toEqual([]);
      expect(response.headers.get('vary')).toBe('Cookie, Authorization');
      expect(response.headers.get('x-reauthorize-url')).toBe(`/fp/install?company_id=41&client_id=${world.apiKey}`);
    }
    expect((await browser.fetch('/api/session', { headers: { authorization: 'Bearer' } })).status).toBe(401);
    // What is no Bearer is nobody's session.
    const basic = await browser.fetch('/api/session', {
      headers: { authorization: 'Basic eDp5', 'x-company-id': '41' },
    });
    expect(basic.status).toBe(200);
  });

  test('opens nothing outside of /api/', async () => {
    const session = await sessionOf(41);
    const page = await nobody().fetch('/company/41', { headers: bearer(session, { accept: 'text/html' }) });
    expect(page.status).toBe(302);
    expect(page.headers.get('location')).toContain('/fp/install?');
  });

  test('that the platform ended is 401, touches no cookie, and says where to sign in again', async () => {
    const browser = nobody();
    await browser.signIn(43);
    const session = await sessionOf(43);
    await platform.expireTokens({ company_id: 43 });
    const response = await browser.fetch(echo(43), { headers: bearer(session) });
    expect([response.status, await response.json()]).toMatchObject([401, { code: 'session_expired' }]);
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(response.headers.get('x-reauthorize-url')).toBe(`/fp/install?company_id=43&client_id=${world.apiKey}`);
    expect(response.headers.get('vary')).toContain('Authorization');
  });

  test('of another key, another purpose or another company’s installation is none', async () => {
    const browser = nobody();
    await browser.fetch(browser.installPath(44));
    const [transaction = ''] = [...browser.cookies].filter(([name]) => name.includes('txn')).map(([, value]) => value);
    expect(transaction).not.toBe('');
    const response = await nobody().fetch('/api/session', { headers: bearer(transaction) });
    expect([response.status, await response.json()]).toMatchObject([401, { code: 'session_required' }]);
  });

  test('signs out: it no longer works, and no cookie is touched', async () => {
    const session = await sessionOf(45);
    const browser = nobody();
    await browser.signIn(45, 'catalog');
    const response = await browser.fetch('/api/session', { method: 'DELETE', headers: bearer(session) });
    expect([response.status, response.headers.getSetCookie()]).toEqual([204, []]);
    expect(response.headers.get('vary')).toBe('Cookie, Authorization');
    expect(await nobody().json('/api/session', { headers: bearer(session) })).toMatchObject({
      code: 'session_expired',
    });
    expect((await browser.fetch('/api/session')).status).toBe(200);
  });

  test('reaches neither the platform nor the cache of anybody else', async () => {
    const session = await sessionOf(46);
    await platform.forgetRequests();
    await nobody().fetch(echo(46), { headers: bearer(session) });
    const asked = await platform.requests('/service/platform/');
    expect(asked.length).toBeGreaterThan(0);
    expect(JSON.stringify(asked)).not.toContain(session);
  });
});
