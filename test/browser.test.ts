import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type FrameLocator, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PlatformControl } from './flow/platform-control.ts';
import { type LocalWorld, startWorld } from './start-world.ts';

const executablePath = [process.env['CHROMIUM_PATH'], '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (path) => path !== undefined && existsSync(path),
);
if (executablePath === undefined && process.env['CI'] !== undefined) {
  throw new Error('The browser tests need Chromium: install it, or name it in CHROMIUM_PATH.');
}
if (executablePath === undefined) {
  console.warn(
    'SKIPPED test/browser.test.ts: no Chromium here. Install it, or name it in CHROMIUM_PATH, and run again.',
  );
}

/** Where pictures of the pages go, for whoever wants to look at them. */
const screenshots = process.env['SCREENSHOTS_DIR'];

describe.skipIf(executablePath === undefined)('in a real browser, inside the admin panel of another site', () => {
  let dataDir: string;
  let local: LocalWorld;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'browser-'));
    local = await startWorld({ dataDir });
    browser = await chromium.launch({
      ...(executablePath === undefined ? {} : { executablePath }),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
  });

  afterAll(async () => {
    await browser.close();
    await local.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  const extension = (): FrameLocator => page.frameLocator('#extension');
  const picture = async (name: string) => {
    if (screenshots !== undefined) await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
  };
  const panel = (company: number) => `${local.world.platformUrl}/company/${company}/extensions/${local.world.apiKey}`;

  test('one clicks Install, allows, and sees the company’s products; the second time from one’s own cache', async () => {
    await page.goto(local.world.platformUrl);
    await picture('1-admin-panel');
    await page.goto(panel(1));
    await page.locator('#install').click();
    await extension().locator('#allow').waitFor();
    await picture('2-consent');
    await extension().locator('#allow').click();
    await extension().getByText('Asha Rao').waitFor();
    await extension().locator('#products tr').nth(5).waitFor();
    expect(await extension().locator('#source').textContent()).toBe('from the platform, just now');
    await picture('3-products');
    await extension().locator('#reload').click();
    await extension().getByText('from your cache').waitFor();
    await picture('4-from-the-cache');
    expect(complaints).toEqual([]);
  });

  test('an expired token leads through signing in again, without a click', async () => {
    await new PlatformControl(local.world).expireTokens({ company_id: 1 });
    // The cached answer may be shown while it is fresh; another one is asked for with the token that has expired.
    const reloaded = page.waitForResponse((response) => response.url().endsWith('/api/products') && response.ok());
    await extension().locator('body').evaluate(`call('/api/products', { headers: { 'cache-control': 'no-cache' } })`);
    await reloaded;
    await extension().locator('#products tr').nth(5).waitFor();
  });

  /** Somebody else at another computer. */
  async function as(user: string, work: () => Promise<void>): Promise<void> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    try {
      await context.addCookies([{ name: 'panel_user', value: user, url: local.world.platformUrl }]);
      page = await context.newPage();
      await work();
    } finally {
      await context.close();
    }
  }

  test('somebody who may do less is told what is missing, and keeps to it', async () => {
    await as('orders', async () => {
      await page.goto(panel(1));
      await extension().locator('#allow').click();
      await extension().getByText('Some things are not available to you').waitFor();
      await extension().getByText('You may not see the products of this company').waitFor();
      await picture('5-missing-scopes');
    });
  });

  test('a first installation by somebody who lacks scopes ends in a page that says which', async () => {
    await as('catalog', async () => {
      await page.goto(panel(2));
      await page.locator('#install').click();
      await extension().locator('#allow').click();
      await extension().getByText('More permissions are needed to install this extension').waitFor();
      await extension().getByText('company/orders').first().waitFor();
      await picture('6-scopes-missing');
    });
  });

  test('a callback without its cookie comes back with it, once; loaded again it leads where it led before', async () => {
    await as('catalog', async () => {
      const callbacks: { address: string; status: number }[] = [];
      page.on('response', (response) => {
        if (response.url().includes('/fp/auth?'))
          callbacks.push({ address: response.url(), status: response.status() });
      });
      await page.goto(panel(1));
      await extension().locator('#allow').waitFor();
      // As browsers do that leave cookies out where another site led here, and have them when a page of ours does.
      const cookies = await page.context().cookies(local.world.baseUrl);
      await page.context().clearCookies({ name: /^__Host-ext_txn_/ });
      await page.route('**/fp/auth?**&returned=1', async (route) => {
        await page.context().addCookies(cookies);
        await route.continue();
      });
      await extension().locator('#allow').click();
      await extension().getByText('Signed in as').waitFor();
      const callback = callbacks[0]?.address ?? '';
      expect(callbacks).toEqual([
        { address: callback, status: 200 },
        { address: `${callback}&returned=1`, status: 302 },
      ]);

      const openInFrame = (address: string) =>
        page.evaluate(`document.querySelector('#extension').src = ${JSON.stringify(address)}`);
      const landed = page.waitForResponse((response) => new URL(response.url()).pathname === '/company/1');
      await openInFrame(callback);
      expect((await landed).status()).toBe(200);
      await openInFrame(`${local.world.baseUrl}/fp/auth?code=x&state=unknown&company_id=1`);
      await extension().getByText('This sign-in could not be matched to your browser').waitFor();
      await picture('7-state-mismatch');
    });
  });

  test('signing out ends the session and says so', async () => {
    await as('owner', async () => {
      await page.goto(panel(1));
      await extension().locator('#sign-out').click();
      await extension().getByText('You are signed out').waitFor();
      await picture('8-signed-out');
    });
  });

  test('a site that is no admin panel cannot show the page in a frame', async () => {
    await as('owner', async () => {
      // The extension's own origin is not among the frame-ancestors.
      await page.goto(`${local.world.baseUrl}/_healthz`);
      const blocked = page.waitForEvent('console', (message) => message.text().includes('frame-ancestors'));
      const frame = JSON.stringify(`${local.world.baseUrl}/fp/install`);
      await page.evaluate(`document.body.append(Object.assign(document.createElement('iframe'), { src: ${frame} }))`);
      await blocked;
    });
  });
});
