import { beforeEach, describe, expect, inject, test } from 'vitest';
import { Browser, receivedCookies } from './browser.ts';
import { PlatformControl } from './platform-control.ts';

const world = inject('offline');
const platform = new PlatformControl(world);
const tokenPath = (company: number) => `/service/panel/authentication/v1.0/company/${company}/oauth/token`;
const offlinePath = (company: number) => `/service/panel/authentication/v1.0/company/${company}/oauth/offline-token`;
const callbackErrors = { accept: 'application/json' };

beforeEach(async () => {
  await platform.reset();
});

describe('install', () => {
  test('sends the browser to the platform, asking for what is configured, signed, with a state of its own', async () => {
    const response = await new Browser(world).fetch(
      new Browser(world).installPath(1, { cluster_url: 'https://evil.test' }),
    );
    expect(response.status).toBe(302);
    const location = new URL(response.headers.get('location') ?? '');
    expect(location.origin).toBe(world.platformUrl);
    expect(location.pathname).toBe('/service/panel/authentication/v1.0/company/1/oauth/authorize');
    const {
      state,
      'x-fp-date': date,
      'x-fp-signature': signature,
      ...rest
    } = Object.fromEntries(location.searchParams);
    expect(rest).toEqual({
      access_mode: 'online',
      client_id: world.apiKey,
      redirect_uri: `${world.baseUrl}/fp/auth`,
      response_type: 'code',
      scope: 'company/products,company/orders',
    });
    expect(state).toMatch(/^[\w-]{43}$/);
    expect(date).toMatch(/^\d{8}T\d{6}Z$/);
    expect(signature).toMatch(/^v1\.1:[0-9a-f]{64}$/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
    expect(response.headers.get('strict-transport-security')).toMatch(/max-age=\d+/);
    const [cookie] = receivedCookies(response);
    expect(cookie?.name).toMatch(/^__Host-/);
    expect(cookie?.attributes).toMatchObject({
      httponly: '',
      secure: '',
      samesite: 'None',
      partitioned: '',
      path: '/',
      'max-age': '600',
    });
    expect(cookie?.attributes).not.toHaveProperty('domain');
  });

  test('carries the application into the redirect_uri', async () => {
    const browser = new Browser(world);
    const response = await browser.fetch(browser.installPath(1, { application_id: '65a000000000000000010001' }));
    const redirectUri = new URL(response.headers.get('location') ?? '').searchParams.get('redirect_uri');
    expect(redirectUri).toBe(`${world.baseUrl}/fp/auth?application_id=65a000000000000000010001`);
  });

  for (const [field, query] of [
    ['company_id', 'client_id=KEY'],
    ['company_id', 'company_id=01&client_id=KEY'],
    ['company_id', 'company_id=1x&client_id=KEY'],
    ['company_id', 'company_id=1&company_id=2&client_id=KEY'],
    ['client_id', 'company_id=1'],
    ['client_id', 'company_id=1&client_id=another'],
    ['application_id', 'company_id=1&client_id=KEY&application_id=zzz'],
    ['redirect_path', 'company_id=1&client_id=KEY&redirect_path=//evil.test'],
    ['redirect_path', 'company_id=1&client_id=KEY&redirect_path=/%5Cevil.test'],
    ['redirect_path', 'company_id=1&client_id=KEY&redirect_path=/%252F/evil.test'],
    ['redirect_path', 'company_id=1&client_id=KEY&redirect_path=https:evil.test'],
    ['redirect_path', 'company_id=1&client_id=KEY&redirect_path=/a/..//evil.test'],
    ['redirect_path', 'company_id=1&client_id=KEY&redirect_path=/api/session'],
    ['redirect_path', `company_id=1&client_id=KEY&redirect_path=/${'a'.repeat(512)}`],
  ] as const) {
    test(`refuses ${query.slice(0, 70)} naming ${field}, and sets nothing`, async () => {
      const response = await new Browser(world).fetch(`/fp/install?${query.replace('KEY', world.apiKey)}`);
      expect(response.status).toBe(400);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      const problem = (await response.json()) as Record<string, unknown>;
      expect(problem).toMatchObject({ code: 'invalid_request', status: 400 });
      expect(problem['detail']).toContain(field);
      expect(problem['detail']).not.toContain('evil');
      expect(problem['request_id']).toBeTruthy();
      expect(response.headers.getSetCookie()).toEqual([]);
    });
  }

  test('shows a person a page that says what happened, framed only by the admin panels', async () => {
    const response = await new Browser(world).fetch('/fp/install', { headers: { accept: 'text/html,*/*' } });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toContain(`frame-ancestors ${world.platformUrl}`);
    const html = await response.text();
    expect(html).toContain('company_id is missing');
    expect(html).toMatch(/Request <code>.+<\/code>/);
  });
});

describe('callback', () => {
  test('signs the first person in, installs the company and lands on its page', async () => {
    const browser = new Browser(world);
    const response = await browser.signIn(3, 'owner', { install_event: 'true' });
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe(`${world.baseUrl}/company/3`);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect([...browser.cookies.keys()]).toEqual(['__Host-ext_session_3']);
    const session = receivedCookies(response).find(({ name }) => name === '__Host-ext_session_3');
    expect(session?.attributes).toMatchObject({
      httponly: '',
      secure: '',
      samesite: 'None',
      partitioned: '',
      path: '/',
    });
    expect(Math.abs(Number(session?.attributes['max-age']) - 7199)).toBeLessThan(3);
    expect((await platform.requests(offlinePath(3))).map(({ signature }) => signature)).toEqual(['valid']);
    expect((await platform.requests(tokenPath(3))).map(({ signature }) => signature)).toEqual(['valid']);
    const page = await browser.fetch('/company/3', { headers: { accept: 'text/html' } });
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain(`frame-ancestors ${world.platformUrl}`);
    expect(await browser.json('/api/session')).toMatchObject({ user: { name: 'Asha Rao' } });
  });

  test('by which no session comes that works leads one round and no further', async () => {
    const browser = new Browser(world);
    const page = () => browser.fetch('/company/13?tab=stock', { headers: { accept: 'text/html' } });
    const once = await page();
    expect(once.status).toBe(302);
    expect(new URL(once.headers.get('location') ?? '').searchParams.get('redirect_path')).toBe('/company/13?tab=stock');
    expect((await browser.signIn(13)).status).toBe(302);
    browser.cookies.set('__Host-ext_session_13', 'garbage');
    const twice = await page();
    expect(twice.status).toBe(401);
    expect(await twice.text()).toContain('You have just signed in, and it did not help.');
    // The next visit begins from the beginning.
    expect((await page()).status).toBe(302);
    expect((await browser.signIn(13)).status).toBe(302);
    expect((await page()).status).toBe(200);
    expect([...browser.cookies.keys()]).toEqual(['__Host-ext_session_13']);
  });

  test('by a browser that keeps no cookies ends at the callback', async () => {
    const back = await new Browser(world).consent(13, 'owner');
    const refused = await new Browser(world).fetch(back, { headers: callbackErrors });
    expect(await refused.json()).toMatchObject({ code: 'state_mismatch' });
    expect(refused.headers.getSetCookie()).toEqual([]);
  });

  test('asks for the company’s grant once: the next person gets a session and no offline call', async () => {
    await new Browser(world).signIn(4, 'owner');
    await platform.forgetRequests();
    const second = new Browser(world);
    expect((await second.signIn(4, 'catalog')).status).toBe(302);
    expect(await platform.requests(offlinePath(4))).toEqual([]);
    expect(await second.json('/api/session')).toMatchObject({
      company_id: '4',
      access_mode: 'offline',
      scopes: ['company/products'],
      missing_scopes: ['company/orders'],
    });
  });

  test('lands on the redirect_path that was asked for at install', async () => {
    const response = await new Browser(world).signIn(5, 'owner', { redirect_path: '/company/5?tab=stock&q=a%2Fb#top' });
    expect(response.headers.get('location')).toBe(`${world.baseUrl}/company/5?tab=stock&q=a%2Fb#top`);
  });

  test('lands on the application’s page', async () => {
    const response = await new Browser(world).signIn(5, 'owner', { application_id: '65a000000000000000050001' });
    expect(response.headers.get('location')).toBe(`${world.baseUrl}/company/5/application/65a000000000000000050001`);
  });

  test('refuses a first installer who lacks scopes, naming them, stores nothing, and lets the next one install', async () => {
    const first = new Browser(world);
    const refused = await first.fetch(await first.consent(6, 'catalog'), { headers: callbackErrors });
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ code: 'scopes_missing', missing_scopes: ['company/orders'] });
    expect(await platform.requests(offlinePath(6))).toEqual([]);
    expect(first.cookies.size).toBe(0);
    const page = await first.signIn(6, 'catalog');
    expect(page.status).toBe(403);
    expect(await page.text()).toContain('company/orders');

    const next = new Browser(world);
    expect((await next.signIn(6, 'owner')).status).toBe(302);
    expect(await next.json('/api/session')).toMatchObject({ company_id: '6' });
  });

  test('install_event by somebody who lacks scopes leaves a working installation alone', async () => {
    const owner = new Browser(world);
    await owner.signIn(7, 'owner');
    await platform.forgetRequests();
    const other = new Browser(world);
    expect((await other.signIn(7, 'catalog', { install_event: 'true' })).status).toBe(302);
    expect(await platform.requests(offlinePath(7))).toEqual([]);
    expect((await owner.fetch('/api/session')).status).toBe(200);
    expect(await other.json('/api/session')).toMatchObject({ missing_scopes: ['company/orders'] });
  });

  test('install_event installs again: older sessions are over', async () => {
    const before = new Browser(world);
    await before.signIn(8, 'owner');
    await new Browser(world).signIn(8, 'owner', { install_event: 'true' });
    expect(await before.json('/api/session')).toMatchObject({ code: 'session_expired' });
  });

  test('two people installing one company at once make one installation, and both are signed in', async () => {
    const gate = await platform.gate({ method: 'POST', path: offlinePath(9) }, 'answer');
    const [a, b] = [new Browser(world), new Browser(world)];
    const signingIn = [a.signIn(9, 'owner'), b.signIn(9, 'owner')];
    await gate.held(2);
    await gate.open();
    expect((await Promise.all(signingIn)).map(({ status }) => status)).toEqual([302, 302]);
    expect((await a.fetch('/api/session')).status).toBe(200);
    expect((await b.fetch('/api/session')).status).toBe(200);
  });

  test('refuses a state that this browser was not given, and stores nothing', async () => {
    const victim = new Browser(world);
    const attacker = new Browser(world);
    const back = await attacker.consent(10, 'owner');
    await victim.consent(10, 'owner');
    await platform.forgetRequests();
    const response = await victim.fetch(back, { headers: callbackErrors });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'state_mismatch' });
    expect(await platform.requests(tokenPath(10))).toEqual([]);
  });

  test('refuses a state for another company, and it is used up by that', async () => {
    const browser = new Browser(world);
    const back = await browser.consent(11, 'owner');
    const elsewhere = new URL(back);
    elsewhere.searchParams.set('company_id', '12');
    expect(await browser.json(elsewhere.href, { headers: callbackErrors })).toMatchObject({ code: 'state_mismatch' });
    expect(await browser.json(back, { headers: callbackErrors })).toMatchObject({ code: 'state_mismatch' });
  });

  test('that is delivered twice goes where the first went, and redeems and sets nothing', async () => {
    const browser = new Browser(world);
    const back = await browser.consent(13, 'owner', { redirect_path: '/company/13?tab=stock' });
    const first = await browser.fetch(back);
    expect([first.status, first.headers.get('location')]).toEqual([302, `${world.baseUrl}/company/13?tab=stock`]);
    await platform.forgetRequests();
    for (const address of [back, `${back}&redirect_path=/x`]) {
      const again = await browser.fetch(address, { headers: { accept: 'text/html' } });
      expect([again.status, again.headers.get('location')]).toEqual([302, `${world.baseUrl}/company/13?tab=stock`]);
      expect(again.headers.getSetCookie()).toEqual([]);
    }
    expect(await platform.requests(tokenPath(13))).toEqual([]);
    const thief = browser.copy();
    await browser.fetch('/api/session', { method: 'DELETE', headers: { origin: world.baseUrl } });
    expect(await thief.json(back, { headers: callbackErrors })).toMatchObject({ code: 'state_mismatch' });
  });

  test('that is delivered twice at once comes back with the session of the one that won', async () => {
    const browser = new Browser(world);
    const back = await browser.consent(13, 'owner');
    const headers = { accept: 'text/html' };
    const answers = await Promise.all([browser.fetch(back, { headers }), browser.fetch(back, { headers })]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 302]);
    const returned = await browser.fetch(`${back}&returned=1`, { headers });
    expect([returned.status, returned.headers.get('location')]).toEqual([302, `${world.baseUrl}/company/13`]);
    expect(await browser.json('/api/session')).toMatchObject({ company_id: '13' });
  });

  test('refuses a replayed cookie, whose code the platform has redeemed', async () => {
    const browser = new Browser(world);
    const back = await browser.consent(13, 'owner');
    const copy = browser.copy();
    expect((await browser.fetch(back)).status).toBe(302);
    const replayed = await copy.fetch(back, { headers: callbackErrors });
    expect(replayed.status).toBe(502);
    expect(await replayed.json()).toMatchObject({ code: 'code_refused' });
    expect(copy.cookies.size).toBe(0);
  });

  test('that brings no transaction has the browser come back from our own origin, by a page that reflects nothing', async () => {
    const back = await new Browser(world).consent(13, 'owner');
    const response = await new Browser(world).fetch(back, { headers: { accept: 'text/html' } });
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.getSetCookie()).toEqual([]);
    const html = await response.text();
    for (const value of new URL(back).searchParams.values()) {
      if (value.length > 3) expect(html).not.toContain(value);
    }
    const refused = await new Browser(world).fetch(`${back}&returned=1`, { headers: { accept: 'text/html' } });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('could not be matched to your browser');
  });

  test('tabs do not disturb each other', async () => {
    const browser = new Browser(world);
    const first = await browser.consent(14, 'owner');
    const second = await browser.consent(15, 'owner');
    expect((await browser.fetch(first)).status).toBe(302);
    expect((await browser.fetch(second)).status).toBe(302);
    expect([...browser.cookies.keys()].sort()).toEqual(['__Host-ext_session_14', '__Host-ext_session_15']);
  });

  test('says that access was denied, with a way to try again', async () => {
    const browser = new Browser(world);
    const denied = await browser.consent(16, 'owner', {}, 'deny');
    const copy = browser.copy();
    expect(await browser.json(denied, { headers: callbackErrors })).toMatchObject({
      code: 'access_denied',
      status: 403,
    });
    const page = await copy.fetch(denied, { headers: { accept: 'text/html' } });
    expect(await page.text()).toContain('href="/fp/install?company_id=16');
  });

  test('tells any other error of the platform apart from one without our state', async () => {
    const browser = new Browser(world);
    const { state } = Object.fromEntries(new URL(await browser.consent(16, 'owner')).searchParams);
    const foreign = await new Browser(world).fetch(`/fp/auth?error=access_denied&company_id=16&state=${state}`);
    expect(foreign.status).toBe(400);
    const without = await browser.fetch('/fp/auth?error=access_denied&company_id=16');
    expect(without.status).toBe(400);
    const other = await browser.fetch(`/fp/auth?error=server_error&company_id=16&state=${state}`);
    expect(other.status).toBe(502);
    expect(await other.json()).toMatchObject({ code: 'platform_error' });
  });

  test('refuses a code of another company', async () => {
    const browser = new Browser(world);
    const back = new URL(await browser.consent(17, 'owner'));
    back.searchParams.set('code', await platform.code({ company_id: 18, user: 'owner' }));
    expect(await browser.json(back.href, { headers: callbackErrors })).toMatchObject({ code: 'code_refused' });
  });

  for (const [how, fault, status, code] of [
    ['HTML', { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Hello</h1>' }, 502, 'platform_error'],
    ['nothing', { hang_up: 'before' }, 502, 'platform_error'],
    ['half a body', { hang_up: 'mid-body' }, 502, 'platform_error'],
    ['500', { status: 500, body: 'CANARY-stack' }, 502, 'platform_error'],
    ['an empty JSON', { status: 200, body: '{}' }, 502, 'platform_error'],
    ['numbers for strings', { status: 200, body: '{"access_token":1,"current_user":{"id":1}}' }, 502, 'platform_error'],
    ['400', { status: 400, body: '{"error":"invalid_grant"}' }, 502, 'code_refused'],
  ] as const) {
    test(`a platform that answers ${how} to the code leaves nothing behind`, async () => {
      const browser = new Browser(world);
      const back = await browser.consent(19, 'owner');
      await platform.fault({ path: tokenPath(19) }, fault);
      const response = await browser.fetch(back, { headers: callbackErrors });
      expect(response.status).toBe(status);
      const text = await response.text();
      expect(JSON.parse(text)).toMatchObject({ code });
      expect(text).not.toContain('CANARY');
      expect(browser.cookies.size).toBe(0);
      await platform.clearFaults();
      await platform.fault({ path: offlinePath(19) }, fault);
      const again = await browser.fetch(await browser.consent(19, 'owner'), { headers: callbackErrors });
      expect(again.status).toBe(status);
      await platform.clearFaults();
      // Nothing was stored: the next person still is the first.
      expect((await new Browser(world).signIn(19, 'catalog')).status).toBe(403);
    });
  }

  for (const settings of [
    { idsAsNumbers: true },
    { idField: '_id' },
    { scopeAs: 'string' },
    { omit: ['expires_in', 'scope', 'refresh_token', 'access_mode'] },
  ]) {
    test(`survives a platform with ${JSON.stringify(settings)}`, async () => {
      await platform.set(settings);
      const browser = new Browser(world);
      expect((await browser.signIn(20, 'owner')).status).toBe(302);
      const session = (await browser.json('/api/session')) as { missing_scopes: string[]; expires_at: number };
      expect(session.missing_scopes).toEqual([]);
      expect((await browser.fetch('/api/products')).status).toBe(200);
      if ('omit' in settings) expect(Math.abs(session.expires_at - Date.now() / 1000 - 1800)).toBeLessThan(5);
    });
  }

  test('a token without a person is no sign-in', async () => {
    await platform.set({ onlineCurrentUser: 'null' });
    const browser = new Browser(world);
    const response = await browser.fetch(await browser.consent(21, 'owner'), { headers: callbackErrors });
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ code: 'platform_error' });
  });
});

describe('online mode', () => {
  const online = inject('online');

  test.runIf(online)('never asks for an offline token; anybody may be the first', async () => {
    if (online === null) return;
    const theirs = new PlatformControl(online);
    const browser = new Browser(online);
    expect((await browser.signIn(3, 'catalog', { install_event: 'true' })).status).toBe(302);
    expect(await theirs.requests(offlinePath(3))).toEqual([]);
    expect(await browser.json('/api/session')).toMatchObject({
      access_mode: 'online',
      scopes: ['company/products'],
      missing_scopes: ['company/orders'],
    });
  });
});
