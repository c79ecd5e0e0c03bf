import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, FrameLocator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChromium, launchChromium, picture } from './kit/chromium.ts';
import { type LocalWorld, startWorld } from './start-world.ts';

const executablePath = findChromium('test/browser.test.ts');

describe.skipIf(executablePath === undefined)('in a real browser, inside the admin panel of another site', () => {
  let dataDir: string;
  let local: LocalWorld;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'browser-'));
    local = await startWorld({ dataDir });
    browser = await launchChromium(executablePath);
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
  const signedIn = () => extension().getByText('you are signed in');
  const panel = (company: number) => `${local.world.platformUrl}/company/${company}/extensions/${local.world.apiKey}`;

  test('one clicks Install, allows, and sees the page of the extension, which nothing keeps from loading', async () => {
    await page.goto(local.world.platformUrl);
    await picture(page, '1-admin-panel');
    await page.goto(panel(1));
    await page.locator('#install').click();
    await extension().locator('#allow').waitFor();
    await picture(page, '2-consent');
    await extension().locator('#allow').click();
    await signedIn().waitFor();
    const session = await extension().locator('body').evaluate(`fetch('/api/session').then((answer) => answer.json())`);
    expect(session).toMatchObject({ company_id: '1', user: { name: 'Asha Rao' } });
    expect(complaints).toEqual([]);
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

  test('a first installation by somebody who lacks scopes ends in a page that says which', async () => {
    await as('catalog', async () => {
      await page.goto(panel(2));
      await page.locator('#install').click();
      await extension().locator('#allow').click();
      await extension().getByText('More permissions are needed to install this extension').waitFor();
      await extension().getByText('company/orders').first().waitFor();
      await picture(page, '6-scopes-missing');
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
      await signedIn().waitFor();
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
      await picture(page, '7-state-mismatch');
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
