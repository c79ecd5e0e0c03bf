import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { authorizePath, control, extension, platform, redeem, redeemOffline } from './simulated.ts';

const executablePath = [process.env['CHROMIUM_PATH'], '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (path) => path !== undefined && existsSync(path),
);
if (executablePath === undefined && process.env['CI'] !== undefined) {
  throw new Error('The browser tests need Chromium: install it, or name it in CHROMIUM_PATH.');
}
if (executablePath === undefined) {
  console.warn(
    'SKIPPED test/infra/simulated-platform/panel-browser.test.ts: no Chromium here. Install it, or name it in CHROMIUM_PATH, and run again.',
  );
}

/** An extension in another language, for all that the panel knows: it signs in, asks for both tokens, says hello. */
const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://extension.test');
  const answer = async () => {
    if (url.pathname === '/fp/install') {
      const location = platform.origin + authorizePath(`company/${url.searchParams.get('company_id')}`);
      return response.writeHead(302, { location }).end();
    }
    if (!url.searchParams.has('code')) return response.writeHead(url.pathname.startsWith('/adm') ? 404 : 200).end('{}');
    const code = url.searchParams.get('code') ?? '';
    const at = `company/${url.searchParams.get('company_id')}`;
    const { scope } = (await (await redeem(at, code)).json()) as { scope: string[] };
    await redeemOffline(at, code);
    return response
      .writeHead(200, { 'content-type': 'text/html' })
      .end(`<!doctype html><html lang="en"><title>Hello</title><main><h1>Hello</h1><p>${scope.join(', ')}</p></main>`);
  };
  answer().catch((error: unknown) => response.writeHead(500).end(String(error)));
}).listen(0, 'localhost');
await once(server, 'listening');
extension.baseUrl = `http://localhost:${(server.address() as { port: number }).port}`;

/** Where pictures of the pages go, for whoever wants to look at them. */
const screenshots = process.env['SCREENSHOTS_DIR'];

describe.skipIf(executablePath === undefined)('the panel in a real browser', () => {
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({
      ...(executablePath === undefined ? {} : { executablePath }),
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
    });
  });
  beforeEach(async () => {
    complaints.length = 0;
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    return () => page.close();
  });
  afterAll(async () => {
    await browser.close();
    server.closeAllConnections();
    server.close();
  });

  const company = (id: number) => `${platform.origin}/company/${id}/extensions/${extension.apiKey}`;
  const frame = () => page.frameLocator('#extension');
  const line = (text: string) => page.locator('#log').getByText(text).first();
  const install = async () => {
    await page.goto(`${company(1)}?install_event=true`);
    await frame().getByRole('button', { name: 'Allow' }).click();
    await frame().getByText('Hello').waitFor();
  };

  test('one finds a company, installs, sees both tokens in the log, and what can be done now', async () => {
    await page.goto(platform.origin);
    await page.getByRole('searchbox', { name: 'Find a company' }).fill('northstar');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('link', { name: 'Install', exact: true }).first().click();
    const allow = frame().getByRole('button', { name: 'Allow' });
    await allow.waitFor();
    const [button, shown] = [await allow.boundingBox(), await page.locator('#extension').boundingBox()];
    expect((button?.y ?? 0) + (button?.height ?? 0)).toBeLessThanOrEqual((shown?.y ?? 0) + (shown?.height ?? 0));
    await allow.click();
    await line('gave the online access token').waitFor();
    await line('gave the offline access token').waitFor();
    await page.locator('#uninstall').waitFor();
    expect(await page.locator('#install').count()).toBe(0);
    await page.locator('summary', { hasText: 'gave the offline access token' }).click();
    await page.getByRole('heading', { name: 'Answer' }).waitFor();
    expect(await page.locator('#log').textContent()).not.toContain(extension.apiSecret);
    await page.locator('#runtime-missing').waitFor();
    expect(complaints).toEqual([]);
  });

  test('what somebody may do is ticked, and the next sign-in has it', async () => {
    await control('PUT', '/users/orders', { permissions: ['company/orders'] });
    await page.context().addCookies([{ name: 'panel_user', value: 'orders', url: platform.origin }]);
    await install();
    await frame()
      .getByText(/^company\/orders$/)
      .waitFor();
    await page.getByRole('checkbox', { name: 'company/products' }).check();
    await page.locator('#save-permissions').click();
    await page.locator('#said').getByText('is saved').waitFor();
    await page.goto(company(1));
    await frame().getByText('company/products, company/orders').waitFor();
  });

  test('a button is a control call, says what it did and which call it was, and the page follows', async () => {
    await install();
    await page.locator('#expire-offline').click();
    await page.locator('#said').getByText('1 tokens have expired').waitFor();
    expect(await page.locator('#said code').textContent()).toBe(
      'POST /__control/tokens/expire {"company_id":"1","access_mode":"offline"}',
    );
    await page
      .getByRole('row', { name: /offline access token/ })
      .getByText('expired')
      .waitFor();
    await page.goto(`${platform.origin}/tools/faults`);
    await page.locator('#fault-service').selectOption('catalog');
    await page.locator('#fault-kind').selectOption('rate-limited');
    await page.locator('#add-fault').click();
    await page.getByRole('row', { name: /catalog · 429/ }).waitFor();
    await page.getByRole('link', { name: '1 fault is on' }).waitFor();
    await page.getByRole('button', { name: 'Switch all off' }).click();
    await page.getByText('Every service works.').waitFor();
    expect(complaints).toEqual([]);
  });

  test('an event is written by hand; what is no JSON is refused with the field’s name', async () => {
    await install();
    await page.getByText('Any event, with a payload').click();
    await page.locator('#editor-event').selectOption('company/brand/update/v1');
    await page.getByRole('button', { name: 'Fill in a sample' }).click();
    await expect.poll(() => page.locator('#payload').inputValue()).toContain('brand');
    await page.getByLabel('Signature').selectOption('unsigned');
    await page.getByLabel('Subscribed or not').selectOption('true');
    await page.locator('#payload').fill('{');
    await page.locator('#send-edited').click();
    await page.locator('#said').getByText('payload is not JSON').waitFor();
    await page.locator('#payload').fill('{"brand":{"name":"Ours"}}');
    await page.locator('#send-edited').click();
    await page.locator('#deliveries').getByText('tampered: unsigned').waitFor();
    await page.locator('#deliveries').getByRole('button', { name: 'Send again' }).click();
    await page.locator('#deliveries').getByText('sent again').waitFor();
  });

  const everyPage = (): [name: string, address: string][] => [
    ['companies', platform.origin],
    ['company', company(1)],
    ['organization', `${platform.origin}/organization/5f0d1c2b3a4e5d6c7b8a0001/extensions/${extension.apiKey}`],
    ['people', `${platform.origin}/tools/people`],
    ['faults', `${platform.origin}/tools/faults`],
    ['log', `${platform.origin}/tools/log`],
    ['guide', `${platform.origin}/tools/guide`],
    ['unknown', company(999)],
    ['consent', platform.origin + authorizePath('company/2')],
  ];

  test.each(['light', 'dark'] as const)('axe finds nothing on any page, in %s', async (colorScheme) => {
    await install();
    await control('POST', '/faults', { service: 'catalog', kind: 'failing' });
    await page.emulateMedia({ colorScheme });
    for (const [name, address] of everyPage()) {
      await page.goto(address);
      // The frame holds the extension's page, which is its author's.
      await page.evaluate(`document.querySelector('iframe')?.remove()`);
      const found = await page.evaluate(`${axe.source}; axe.run().then(({ violations }) => violations.map(
        ({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 120)).join(' | ')))`);
      expect({ name, found }).toEqual({ name, found: [] });
      if (screenshots !== undefined)
        await page.screenshot({ path: join(screenshots, `panel-${name}-${colorScheme}.png`), fullPage: true });
    }
  });

  test('nothing scrolls sideways on a telephone, and Install is on the screen', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto(platform.origin);
    const box = await page.getByRole('link', { name: 'Install', exact: true }).first().boundingBox();
    expect((box?.x ?? 999) + (box?.width ?? 999)).toBeLessThanOrEqual(360);
    await install();
    for (const [name, address] of everyPage()) {
      await page.goto(address);
      const beyond = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      expect({ name, beyond }).toEqual({ name, beyond: 0 });
    }
  });

  test('it works without scripts, too', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    page = await context.newPage();
    await page.goto(`${platform.origin}/tools/faults`);
    await page.locator('#add-fault').click();
    await page.getByText('Switched on.').waitFor();
    await page.getByRole('row', { name: /every call|all/ }).waitFor();
    await page.getByLabel('Signed in as').selectOption('catalog');
    await page.getByRole('button', { name: 'Switch', exact: true }).click();
    expect(await page.getByLabel('Signed in as').inputValue()).toBe('catalog');
    await context.close();
  });

  test('a consent that is denied goes back to the extension with the reason', async () => {
    await page.goto(platform.origin + authorizePath());
    const back = page.waitForRequest((request) => new URL(request.url()).pathname === '/fp/auth');
    await page.getByRole('button', { name: 'Deny' }).click();
    expect(new URL((await back).url()).searchParams.get('error')).toBe('access_denied');
  });
});
