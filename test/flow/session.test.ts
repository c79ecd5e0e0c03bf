import { beforeEach, describe, expect, inject, test } from 'vitest';
import { Browser, receivedCookies } from './browser.ts';
import { PlatformControl } from './platform-control.ts';

const world = inject('offline');
const platform = new PlatformControl(world);
const cookieOf = (company: number) => `__Host-ext_session_${company}`;

beforeEach(async () => {
  await platform.reset();
});

async function signedIn(company: number, user = 'owner'): Promise<Browser> {
  const browser = new Browser(world);
  expect((await browser.signIn(company, user)).status).toBe(302);
  return browser;
}

describe('which session a request means', () => {
  test('the only one there is, or the one that the header or the query names', async () => {
    const browser = await signedIn(22);
    expect(await browser.json('/api/session')).toMatchObject({ company_id: '22' });
    await browser.signIn(23);
    expect(await browser.json('/api/session')).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(await browser.json('/api/session', { headers: { 'x-company-id': '22' } })).toMatchObject({
      company_id: '22',
    });
    expect(await browser.json('/api/session?company_id=23')).toMatchObject({ company_id: '23' });
  });

  test('no cookie for the company named is 401, with where to sign in', async () => {
    const browser = await signedIn(22);
    const response = await browser.fetch('/api/session', { headers: { 'x-company-id': '24' } });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: 'session_required' });
    expect(response.headers.get('x-reauthorize-url')).toBe(`/fp/install?company_id=24&client_id=${world.apiKey}`);
  });

  test('header, query and path that name different companies are a tenant_mismatch', async () => {
    const browser = await signedIn(22);
    await browser.signIn(23);
    const calls: [string, RequestInit][] = [
      ['/api/session?company_id=23', { headers: { 'x-company-id': '22' } }],
      ['/api/platform/catalog/v2.0/company/22/products/', { headers: { 'x-company-id': '23' } }],
      ['/api/platform/catalog/v2.0/company/22/products/?company_id=23', {}],
      ['/company/22?company_id=23', {}],
    ];
    for (const [path, init] of calls) {
      const response = await browser.fetch(path, init);
      expect([path, response.status]).toEqual([path, 403]);
      expect(await response.json()).toMatchObject({ code: 'tenant_mismatch' });
    }
  });

  test('a cookie under another company’s name is a tenant_mismatch', async () => {
    const browser = await signedIn(22);
    browser.cookies.set(cookieOf(25), browser.cookies.get(cookieOf(22)) ?? '');
    expect(await browser.json('/api/session', { headers: { 'x-company-id': '25' } })).toMatchObject({
      code: 'tenant_mismatch',
    });
    expect((await browser.fetch('/company/25')).status).toBe(403);
  });

  for (const id of ['0', '01', 'abc', '1'.repeat(19), '1,1', '1%002']) {
    test(`a malformed X-Company-Id (${id.slice(0, 6)}) names the header`, async () => {
      const browser = await signedIn(22);
      const problem = await browser.json('/api/session', { headers: { 'x-company-id': id } });
      expect(problem).toMatchObject({ status: 400, code: 'invalid_request' });
      expect((problem as { detail: string }).detail).toContain('X-Company-Id');
    });
  }
});

describe('cookies that are not ours', () => {
  const garbage: [string, (cookie: string) => string][] = [
    ['garbage', () => 'garbage'],
    ['empty', () => ''],
    ['truncated', (cookie) => cookie.slice(0, -20)],
    ['edited', (cookie) => `${cookie.slice(0, 200)}${cookie[200] === 'A' ? 'B' : 'A'}${cookie.slice(201)}`],
    [
      'another header',
      (cookie) => `${Buffer.from('{"alg":"none"}').toString('base64url')}${cookie.slice(cookie.indexOf('.'))}`,
    ],
    ['4 KB of quotes', () => '"'.repeat(4000)],
  ];
  for (const [what, change] of garbage) {
    test(`${what}: 401, and the browser forgets it`, async () => {
      const browser = await signedIn(26);
      browser.cookies.set(cookieOf(26), change(browser.cookies.get(cookieOf(26)) ?? ''));
      const response = await browser.fetch('/api/session', { headers: { 'x-company-id': '26' } });
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ code: 'session_required' });
      expect(browser.cookies.has(cookieOf(26))).toBe(false);
    });
  }

  test('one of another purpose does not open', async () => {
    const browser = new Browser(world);
    await browser.consent(26, 'owner');
    const [transaction = ''] = browser.cookies.values();
    browser.cookies.set(cookieOf(26), transaction);
    expect(await browser.json('/api/session', { headers: { 'x-company-id': '26' } })).toMatchObject({
      code: 'session_required',
    });
  });

  test('the page sends the browser to sign in again, for the same place', async () => {
    const browser = new Browser(world);
    browser.cookies.set(cookieOf(26), 'garbage');
    const application = '65a000000000000000260001';
    const response = await browser.fetch(`/company/26/application/${application}?tab=a%2Fb`, {
      headers: { accept: 'text/html' },
    });
    expect(response.status).toBe(302);
    const location = new URL(response.headers.get('location') ?? '');
    expect(location.origin).toBe(new URL(world.baseUrl).origin);
    expect(Object.fromEntries(location.searchParams)).toEqual({
      company_id: '26',
      client_id: world.apiKey,
      application_id: application,
      redirect_path: `/company/26/application/${application}?tab=a%2Fb`,
    });
  });

  for (const path of ['/company/0', '/company/x', `/company/1/application/zzz`]) {
    test(`${path} is a page that says what is wrong`, async () => {
      const response = await new Browser(world).fetch(path, { headers: { accept: 'text/html' } });
      expect(response.status).toBe(400);
      expect(await response.text()).toMatch(/(company_id|application_id) must be/);
    });
  }
});

describe('a session ends', () => {
  test('when its person signs out, copies of its cookie included', async () => {
    const browser = await signedIn(27);
    const thief = browser.copy();
    const response = await browser.fetch('/api/session', { method: 'DELETE', headers: { origin: world.baseUrl } });
    expect(response.status).toBe(204);
    expect(browser.cookies.size).toBe(0);
    const refused = await thief.fetch('/api/session');
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ code: 'session_expired' });
    expect((await browser.signIn(27)).status).toBe(302);
    expect((await browser.fetch('/api/session')).status).toBe(200);
  });

  test('but not when somebody else signs out', async () => {
    const [owner, other] = [await signedIn(28), await signedIn(28, 'catalog')];
    await other.fetch('/api/session', { method: 'DELETE', headers: { origin: world.baseUrl } });
    expect((await owner.fetch('/api/session')).status).toBe(200);
  });

  test('when the platform no longer accepts its token', async () => {
    const browser = await signedIn(29);
    await platform.expireTokens({ company_id: 29 });
    const response = await browser.fetch('/api/platform/catalog/v2.0/company/29/products/');
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: 'session_expired' });
    expect(response.headers.get('x-reauthorize-url')).toBe(`/fp/install?company_id=29&client_id=${world.apiKey}`);
    expect(browser.cookies.size).toBe(0);
  });

  test('when its time is over, with the page leading back', async () => {
    await platform.set({ accessTokenSeconds: 1 });
    const browser = await signedIn(30);
    await expect
      .poll(async () => (await browser.copy().fetch('/api/session')).status, { timeout: 10_000, interval: 100 })
      .toBe(401);
    const response = await browser.copy().fetch('/api/session');
    expect(await response.json()).toMatchObject({ code: 'session_expired' });
    expect(receivedCookies(response)[0]).toMatchObject({ name: cookieOf(30), attributes: { 'max-age': '0' } });
    expect((await browser.fetch('/company/30')).status).toBe(302);
  });

  test('every sign-in makes a new one', async () => {
    const browser = await signedIn(31);
    const before = browser.cookies.get(cookieOf(31));
    await browser.signIn(31);
    expect(browser.cookies.get(cookieOf(31))).not.toBe(before);
  });
});

test('a browser that opens 40 companies, every fourth abandoned, stays under 6 KB of cookies and works in the newest', async () => {
  const browser = new Browser(world);
  const sizes: number[] = [];
  // Those that other tests need uninstalled are not among them.
  for (let company = 20; company < 60; company++) {
    const back = await browser.consent(company, 'owner');
    sizes.push(browser.cookieHeader().length);
    if (company % 4 === 0) continue;
    expect((await browser.fetch(back)).status).toBe(302);
    sizes.push(browser.cookieHeader().length);
    const session = await browser.json('/api/session', { headers: { 'x-company-id': String(company) } });
    expect(session).toMatchObject({ company_id: String(company) });
  }
  expect(Math.max(...sizes)).toBeLessThan(6_000);
  expect(browser.cookies.size).toBeGreaterThan(5);
});
