import type { Browser, Frame, FrameLocator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { barriersOn, findChromium, launchChromium, picture, pixelsBeyond } from '../../test/kit/chromium.ts';
import { type RunningExtension, startExtension } from '../../test/kit/start-extension.ts';

const executablePath = findChromium('functions/app/front-end.test.ts');

describe.skipIf(executablePath === undefined)('the page in frontend/, inside the admin panel', () => {
  let world: RunningExtension;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  /** Who has allowed it before: the first of them installed it. */
  const allowedBy = new Set<string>();

  beforeAll(async () => {
    world = await startExtension();
    browser = await launchChromium(executablePath);
  });
  afterAll(async () => {
    await browser.close();
    await world.close();
  });

  const extension = (): FrameLocator => page.frameLocator('#extension');
  const products = () => extension().locator('#products li');
  const frame = (): Frame => {
    const found = page.frames().find((each) => each.url().startsWith(world.baseUrl));
    if (found === undefined) throw new Error('No frame shows the extension.');
    return found;
  };

  /** Opens the extension at company 1 as somebody at a computer of their own. */
  async function as(user: string, work: () => Promise<void>, width = 1280): Promise<void> {
    const context = await browser.newContext({ viewport: { width, height: 900 } });
    try {
      await context.addCookies([{ name: 'panel_user', value: user, url: world.panelUrl() }]);
      page = await context.newPage();
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.goto(world.panelUrl());
      if (allowedBy.size === 0) await page.locator('#install').click();
      if (!allowedBy.has(user)) await extension().locator('#allow').click();
      allowedBy.add(user);
      await work();
    } finally {
      await context.close();
    }
  }

  test('shows who is signed in and until when, what they may do, and the products, from their own cache the second time', async () => {
    await as('owner', async () => {
      await extension().getByText('Signed in as Asha Rao').waitFor();
      expect(await extension().locator('#until').textContent()).toMatch(/^until .+ from now$/);
      await products().nth(5).waitFor();
      expect(await extension().locator('#source').textContent()).toBe('From the platform, just now.');
      expect(await extension().locator('#scopes .granted').count()).toBe(2);
      expect(await products().first().locator('.price').textContent()).toMatch(/^₹[\d,]+\.\d\d$/);
      await picture(page, 'page-1-products');
      await extension().locator('#reload').click();
      await extension().getByText('Kept for you').waitFor();
      expect(complaints).toEqual([]);
    });
  });

  test('a change is seen at once, though the list was kept', async () => {
    await as('owner', async () => {
      const first = products().first();
      await first.getByText('On sale', { exact: true }).waitFor();
      await first.getByRole('button').click();
      await extension().getByText('was changed, so the list is new').waitFor();
      await first.getByText('Not on sale').waitFor();
    });
  });

  test('a session that runs out is mended without a click', async () => {
    await as('owner', async () => {
      await products().first().waitFor();
      await world.platform.expireTokens({ company_id: 1 });
      const isBack = page.waitForResponse((answer) => answer.url().includes('/api/session') && answer.ok());
      await extension().locator('#try-orders').click();
      await isBack;
      await products().first().waitFor();
      await extension().locator('#try-orders').click();
      await extension()
        .getByText(/Your company has \d+ orders/)
        .waitFor();
    });
  });

  test('says in words what a person may not do, and whom to ask', async () => {
    await as('orders', async () => {
      await extension().locator('#scopes .missing').first().waitFor();
      expect(await extension().locator('#scopes .missing').allTextContents()).toEqual([
        expect.stringContaining('See the products of your company, and change them'),
      ]);
      await extension().getByText('You may not see the products.').waitFor();
      await picture(page, 'page-2-missing');
    });
    await as('catalog', async () => {
      await extension().locator('#try-orders').click();
      await extension().getByText('You may not see the orders.').waitFor();
      await extension().locator('#try-webhooks').click();
      await extension().getByText('The extension never lets a page read the webhook settings').waitFor();
    });
  });

  test('has no barriers, in light and in dark, whatever the person may do', async () => {
    for (const user of ['owner', 'orders']) {
      await as(user, async () => {
        await extension().locator('#scopes li').first().waitFor();
        await page.waitForLoadState('networkidle');
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          expect({ user, colorScheme, found: await barriersOn(frame()) }).toEqual({ user, colorScheme, found: [] });
        }
      });
    }
  });

  test('signing out ends the session and says so', async () => {
    await as('owner', async () => {
      await extension().locator('#sign-out').click();
      await extension().getByText('You are signed out').waitFor();
    });
  });

  test('fits a phone: nothing is wider than 360 pixels', async () => {
    await as(
      'owner',
      async () => {
        await products().first().waitFor();
        expect(await pixelsBeyond(frame())).toBe(0);
        await picture(page, 'page-3-phone');
      },
      360,
    );
  });
});
