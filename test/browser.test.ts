import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions, Frame, FrameLocator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PlatformControl } from './flow/platform-control.ts';
import { barriersOn, findChromium, launchChromium, picture, pixelsBeyond } from './kit/chromium.ts';
import { type LocalWorld, startWorld } from './start-world.ts';

const executablePath = findChromium('test/browser.test.ts');

/** What a call of the page's was answered. */
interface Answer {
  readonly status: number;
  readonly cache: string | null;
  readonly missing: string | null;
  readonly json: Record<string, unknown>;
}

describe.skipIf(executablePath === undefined)('in a real browser, inside the admin panel of another site', () => {
  let dataDir: string;
  let local: LocalWorld;
  let platform: PlatformControl;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'browser-'));
    local = await startWorld({ dataDir });
    platform = new PlatformControl(local.world);
    browser = await launchChromium(executablePath);
  });
  afterAll(async () => {
    await browser.close();
    await local.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  beforeEach(() => as('owner'));
  afterEach(() => context.close());

  /** Somebody at a computer of their own. */
  async function as(user: string, options: BrowserContextOptions = {}): Promise<void> {
    complaints.length = 0;
    context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    await context.addCookies([{ name: 'panel_user', value: user, url: local.world.platformUrl }]);
    page = await openTab();
  }
  async function anew(user: string, options?: BrowserContextOptions): Promise<void> {
    await context.close();
    await as(user, options);
  }
  async function openTab(): Promise<Page> {
    const tab = await context.newPage();
    tab.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    tab.on('pageerror', (error) => complaints.push(String(error)));
    return tab;
  }

  const extension = (tab = page): FrameLocator => tab.frameLocator('#extension');
  const signedIn = (tab = page) => extension(tab).getByText('you are signed in').waitFor();
  const panel = (company: number) => `${local.world.platformUrl}/company/${company}/extensions/${local.world.apiKey}`;
  const frameOf = (tab: Page): Frame => {
    const found = tab.frames().find((frame) => frame.url().startsWith(local.world.baseUrl));
    if (found === undefined) throw new Error('No frame shows the extension.');
    return found;
  };

  /** Opens the extension, and allows it where that is asked. */
  async function open(company: number, tab = page): Promise<void> {
    await tab.goto(panel(company));
    const install = tab.locator('#install');
    if (await install.isVisible()) await install.click();
    const allow = extension(tab).locator('#allow');
    await allow.or(extension(tab).getByText('you are signed in')).first().waitFor();
    if (await allow.isVisible()) await allow.click();
    await signedIn(tab);
  }

  /** Calls the extension's API as a page does. */
  async function ask(path: string, init: RequestInit = {}, tab = page): Promise<Answer> {
    return await frameOf(
      tab,
    ).evaluate(`fetch(${JSON.stringify(path)}, ${JSON.stringify(init)}).then(async (answer) => ({
      status: answer.status,
      cache: answer.headers.get('cache-status'),
      missing: answer.headers.get('x-missing-scopes'),
      json: await answer.json().catch(() => ({})),
    }))`);
  }
  const products = (company: number, query = '') => `/api/platform/catalog/v2.0/company/${company}/products/${query}`;
  const orders = (company: number) => `/api/platform/order/v1.0/company/${company}/shipments-listing`;

  test('one clicks Install, allows, and sees the page of the extension, which nothing keeps from loading', async () => {
    await page.goto(local.world.platformUrl);
    await picture(page, '1-admin-panel');
    await page.goto(panel(1));
    await page.locator('#install').click();
    await extension().locator('#allow').waitFor();
    await picture(page, '2-consent');
    await extension().locator('#allow').click();
    await signedIn();
    expect(new URL(page.url()).hostname).not.toBe(new URL(frameOf(page).url()).hostname);
    expect((await ask('/api/session')).json).toMatchObject({ company_id: '1', user: { name: 'Asha Rao' } });
    expect(complaints).toEqual([]);
  });

  test('who loads it again, the frame or the whole panel, is still signed in and asked nothing', async () => {
    await open(1);
    const consents: string[] = [];
    page.on('request', (request) => {
      if (request.isNavigationRequest() && request.method() === 'POST') consents.push(request.url());
    });
    const again = page.waitForResponse((response) => new URL(response.url()).pathname === '/company/1');
    await frameOf(page).evaluate('void location.reload()');
    expect((await again).status()).toBe(200);
    await signedIn();
    await page.reload();
    await signedIn();
    expect(consents).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test('two tabs are two companies, each with its own session, and one signs out alone', async () => {
    await open(1);
    const other = await openTab();
    await open(2, other);
    expect((await ask('/api/session?company_id=1')).json['company_id']).toBe('1');
    expect((await ask('/api/session?company_id=2', {}, other)).json['company_id']).toBe('2');
    expect((await ask(products(1))).status).toBe(200);
    expect((await ask(products(2), {}, other)).status).toBe(200);
    const signOut = { method: 'DELETE', headers: { 'x-company-id': '2' } };
    expect((await ask('/api/session', signOut, other)).status).toBe(204);
    // The only session that is left.
    expect((await ask('/api/session')).json['company_id']).toBe('1');
  });

  test('a second person has their own, smaller permissions, and hears which one a call lacks', async () => {
    await open(1);
    await anew('catalog');
    await open(1);
    expect((await ask('/api/session')).json).toMatchObject({
      scopes: ['company/products'],
      missing_scopes: ['company/orders'],
    });
    expect((await ask(products(1))).status).toBe(200);
    expect(await ask(orders(1))).toMatchObject({ status: 403, missing: 'company/orders' });
  });

  test('a write makes the list stale that was kept a moment ago', async () => {
    await open(1);
    await ask(products(1, '?page_size=3'));
    expect((await ask(products(1, '?page_size=3'))).cache).toContain('hit');
    expect((await ask(products(1), { method: 'POST', body: '{}' })).status).toBeLessThan(500);
    expect((await ask(products(1, '?page_size=3'))).cache).not.toContain('hit');
  });

  test('a session that runs out is mended without a click, at the place where one was', async () => {
    await open(1);
    await frameOf(page).evaluate(`history.pushState(undefined, '', '/company/1/orders?page=3')`);
    await platform.expireTokens({ company_id: 1 });
    const mended = page.waitForResponse((response) => new URL(response.url()).pathname === '/company/1/orders');
    // What no cache has.
    await frameOf(page).evaluate(`void fetch(${JSON.stringify(products(1, '?page_no=3'))})`);
    expect((await mended).status()).toBe(200);
    await signedIn();
    expect(new URL(frameOf(page).url()).search).toBe('?page=3');
    expect((await ask(products(1, '?page_no=3'))).status).toBe(200);
  });

  test('an uninstall under an open page ends in the question whether to install it again', async () => {
    await open(3);
    await platform.uninstall(3, { notify: true });
    await local.extension.idle();
    await frameOf(page).evaluate(`void fetch('/api/session')`);
    await extension().locator('#allow').click();
    await signedIn();
    expect((await ask(products(3))).status).toBe(200);
  });

  test('a callback without its cookie comes back with it, once; loaded again it leads where it led before', async () => {
    await open(1);
    await anew('orders');
    const callbacks: { address: string; status: number }[] = [];
    page.on('response', (response) => {
      if (response.url().includes('/fp/auth?')) callbacks.push({ address: response.url(), status: response.status() });
    });
    await page.goto(panel(1));
    await extension().locator('#allow').waitFor();
    // As browsers do that leave cookies out where another site led here, and have them when a page of ours does.
    const cookies = await context.cookies(local.world.baseUrl);
    await context.clearCookies({ name: /^__Host-ext_txn_/ });
    await page.route('**/fp/auth?**&returned=1', async (route) => {
      await context.addCookies(cookies);
      await route.continue();
    });
    await extension().locator('#allow').click();
    await signedIn();
    const callback = callbacks[0]?.address ?? '';
    expect(callbacks).toEqual([
      { address: callback, status: 200 },
      { address: `${callback}&returned=1`, status: 302 },
    ]);

    const landed = page.waitForResponse((response) => new URL(response.url()).pathname === '/company/1');
    await page.evaluate(`document.querySelector('#extension').src = ${JSON.stringify(callback)}`);
    expect((await landed).status()).toBe(200);
  });

  test('a first installation by somebody who lacks scopes ends in a page that says which', async () => {
    await anew('catalog');
    await page.goto(panel(4));
    await page.locator('#install').click();
    await extension().locator('#allow').click();
    await extension().getByText('More permissions are needed to install this extension').waitFor();
    await extension().getByText('company/orders').first().waitFor();
    await picture(page, '6-scopes-missing');
    expect(await barriersOn(frameOf(page))).toEqual([]);
  });

  /** Where people may end, by what is wrong, with the status. */
  const wrongPlaces = [
    ['a company that is none', 400, '/company/none'],
    ['an application that is none', 400, '/company/1/application/none'],
    ['an organization that is none', 400, '/organization/n.o.n.e'],
    ['a file that there is not', 404, '/nothing.html'],
    ['a call that there is not', 404, '/api/nothing'],
    ['a call without a session', 401, '/api/session'],
    ['what only storefronts call', 401, '/ext/nothing'],
    ['an installation that names nobody', 400, '/fp/install'],
    ['an installation of another extension', 400, '/fp/install?company_id=1&client_id=other'],
    ['a sign-in that nobody began', 400, '/fp/auth?code=none&state=none&company_id=1'],
    ['a sign-in that the platform ended', 400, '/fp/auth?error=access_denied&state=none&company_id=1'],
    [
      'a partner’s sign-in that nobody began',
      400,
      '/adm/auth?code=none&state=none&organization_id=5f0d1c2b3a4e5d6c7b8a0001',
    ],
  ] as const;

  test.each([
    ['en', 'en-IN', 'light'],
    ['hi', 'hi-IN', 'dark'],
  ] as const)(
    'whoever ends at a wrong place gets a page in their language (%s), without barriers, on a telephone too, and an id that the log finds',
    async (language, locale, colorScheme) => {
      await anew('owner', { locale, colorScheme, viewport: { width: 360, height: 740 } });
      for (const [what, status, path] of wrongPlaces) {
        const answer = await page.goto(local.world.baseUrl + path);
        await page.locator('h1').waitFor();
        if (path.startsWith('/fp/auth') || path.startsWith('/adm/auth')) await page.waitForURL(/returned=1/);
        const id = await page.locator('code').last().textContent();
        expect({
          what,
          status: path.includes('/auth') ? status : answer?.status(),
          language: await page.locator('html').getAttribute('lang'),
          barriers: await barriersOn(page),
          beyond: await pixelsBeyond(page),
          logged: local.extension.logs().some((line) => line.includes(`"request_id":"${id}"`)),
        }).toEqual({ what, status, language, barriers: [], beyond: 0, logged: true });
        await picture(page, `9-${language}-${what.replaceAll(/\W+/g, '-')}`);
      }
    },
  );

  test.each(['light', 'dark'] as const)(
    'the page that there is without a front end has no barriers, in %s',
    async (colorScheme) => {
      await anew('owner', { colorScheme });
      await open(1);
      expect(await barriersOn(frameOf(page))).toEqual([]);
    },
  );

  test('a site that is no admin panel cannot show the page in a frame', async () => {
    // The extension's own origin is not among the frame-ancestors.
    await page.goto(`${local.world.baseUrl}/_healthz`);
    const blocked = page.waitForEvent('console', (message) => message.text().includes('frame-ancestors'));
    const frame = JSON.stringify(`${local.world.baseUrl}/fp/install`);
    await page.evaluate(`document.body.append(Object.assign(document.createElement('iframe'), { src: ${frame} }))`);
    await blocked;
  });
});
