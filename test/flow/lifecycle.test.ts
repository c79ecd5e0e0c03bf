import { beforeEach, describe, expect, inject, test } from 'vitest';
import { Browser } from './browser.ts';
import { PlatformControl } from './platform-control.ts';

const world = inject('offline');
const platform = new PlatformControl(world);
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${world.baseUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

beforeEach(async () => {
  await platform.reset();
});

/** Installs again, whatever other tests left: the platform has forgotten the grants that it gave then. */
async function signedIn(company: number): Promise<Browser> {
  const browser = new Browser(world);
  expect((await browser.signIn(company, 'owner', { install_event: 'true' })).status).toBe(302);
  return browser;
}

const sessionOf = (browser: Browser) =>
  expect.poll(async () => (await browser.copy().fetch('/api/session')).status, { timeout: 30_000 });

describe('an uninstall', () => {
  test('that is true ends the installation soon: its sessions are over, and it can be installed again', async () => {
    const browser = await signedIn(55);
    const { notified } = await platform.uninstall(55, { notify: true });
    expect(notified).toBe('the extension answered 200');
    await sessionOf(browser).toBe(401);
    const again = await signedIn(55);
    expect((await again.fetch('/api/session')).status).toBe(200);
    // A late message about the earlier installation does the new one no harm.
    expect((await platform.uninstall(55, { late: true })).notified).toBe('the extension answered 200');
    const other = await signedIn(56);
    await platform.uninstall(56, { notify: true });
    await sessionOf(other).toBe(401);
    expect((await again.fetch('/api/session')).status).toBe(200);
  });

  test('ends also what was installed since the last one, less than a minute ago', async () => {
    for (let time = 0; time < 2; time++) {
      const browser = await signedIn(62);
      expect((await browser.copy().fetch('/api/session')).status).toBe(200);
      await platform.uninstall(62, { notify: true });
      await sessionOf(browser).toBe(401);
    }
  });

  test('that is forged answers the same and changes nothing', async () => {
    const browser = await signedIn(57);
    const { notified } = await platform.uninstall(57, { notify_only: true });
    expect(notified).toBe('the extension answered 200');
    const other = await signedIn(58);
    await platform.uninstall(58, { notify: true });
    await sessionOf(other).toBe(401);
    expect((await browser.fetch('/api/session')).status).toBe(200);
  });

  test('that is signed, either way, is taken; one that is wrongly signed is 403', async () => {
    await signedIn(59);
    for (const [signed, status] of [
      ['webhook', 200],
      ['v2', 200],
      ['wrong', 403],
    ] as const) {
      const { notified } = await platform.uninstall(59, { notify_only: true, signed });
      expect([signed, notified]).toEqual([signed, `the extension answered ${status}`]);
    }
  });

  test('that is forwarded for a shopper is 403', async () => {
    const body = { company_id: 1, client_id: world.apiKey };
    for (const name of ['x-user-data', 'x-application-data']) {
      const response = await post('/fp/uninstall', body, { [name]: '{}' });
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ code: 'signature_mismatch' });
    }
  });

  for (const [what, body, status, code] of [
    ['for another client id', { company_id: 1, client_id: 'another' }, 400, 'invalid_request'],
    ['without a company', { client_id: world.apiKey }, 400, 'invalid_request'],
    ['with a malformed company', { company_id: '01', client_id: world.apiKey }, 400, 'invalid_request'],
    ['without a body', '', 400, 'invalid_request'],
    ['that is no JSON', '{', 400, 'invalid_request'],
    ['that is a list', '[]', 400, 'invalid_request'],
  ] as const) {
    test(`${what} is ${status}`, async () => {
      const response = await post('/fp/uninstall', body);
      expect(response.status).toBe(status);
      expect(await response.json()).toMatchObject({ code });
    });
  }

  test('for a company that never installed says nothing', async () => {
    const response = await post('/fp/uninstall', { company_id: '424242', client_id: world.apiKey });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ success: true });
  });
});

describe('auto_install', () => {
  test('installs: the next person needs no offline call', async () => {
    const answer = await platform.autoInstall(2);
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { message: 'success' }]);
    await platform.forgetRequests();
    const browser = new Browser(world);
    expect((await browser.signIn(2, 'catalog')).status).toBe(302);
    expect(await platform.requests('/service/panel/authentication/v1.0/company/2/oauth/offline-token')).toEqual([]);
  });

  test('with a code that does not redeem installs nothing', async () => {
    const forged = await platform.autoInstall(60, { code: 'CANARY-forged' });
    expect(forged.status).toBe(502);
    expect(JSON.parse(forged.body)).toMatchObject({ code: 'code_refused' });
    expect((await new Browser(world).signIn(60, 'catalog')).status).toBe(403);
  });

  for (const body of [{ company_id: 1 }, { code: 'x' }, { company_id: 'x', code: 'x' }, '', '{']) {
    test(`with ${JSON.stringify(body)} is refused, naming what is wrong`, async () => {
      const response = await post('/fp/auto_install', body);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ code: 'invalid_request' });
    });
  }
});
