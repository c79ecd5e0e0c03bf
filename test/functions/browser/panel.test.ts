import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChromium, launchChromium } from '../../kit/chromium.ts';

const executablePath = findChromium('test/functions/browser/panel.test.ts');

describe.skipIf(executablePath === undefined)('the panel’s header', () => {
  let server: Server;
  let port: number;
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    const { outputFiles } = await build({
      entryPoints: ['./functions/browser/panel.ts'],
      bundle: true,
      format: 'iife',
      globalName: 'bridge',
      write: false,
    });
    const script = outputFiles[0]?.text ?? '';
    server = createServer((request, response) => {
      const isPage = request.url === '/page';
      const body = isPage ? `<script>${script}</script>` : `<iframe src="http://localhost:${port}/page"></iframe>`;
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><title>x</title>${body}`);
    });
    server.listen(0, 'localhost');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
    browser = await launchChromium(executablePath);
    page = await browser.newPage();
    await page.goto(`http://panel.localhost:${port}/`);
    await page.evaluate(`heard = []; addEventListener('message', ({ data }) => heard.push(data.extenisonBridge))`);
  });
  afterAll(async () => {
    await browser.close();
    server.closeAllConnections();
    server.close();
  });

  test('is asked at the panel’s own origin alone, and its clicks are heard from there alone', async () => {
    await page.frameLocator('iframe').locator('script').waitFor({ state: 'attached' });
    const frame = page.frames().find((each) => each.url().endsWith('/page'));
    const heard = async () => (await page.evaluate('heard')) as Record<string, unknown>[];
    await frame?.evaluate(`
      clicks = 0;
      elsewhere = bridge.openPanel({ apiKey: 'key', origin: 'http://other.localhost:${port}' });
      elsewhere.button({ label: 'Not for you' }, () => (clicks += 100));
      panel = bridge.openPanel({ apiKey: 'key', origin: 'http://panel.localhost:${port}' });
      panel.button({ label: 'Save' }, () => clicks++);
      panel.breadcrumb('Export');
    `);
    await expect.poll(heard).toHaveLength(2);
    const [button, breadcrumb] = await heard();
    expect(button).toEqual({
      apiKey: 'key',
      target: 'Button',
      id: expect.stringMatching(/^Button\/click:[\w-]{36}$/),
      action: 'click',
      data: { config: { label: 'Save', type: 'flat', disabled: false } },
    });
    expect(breadcrumb).toMatchObject({ target: 'Breadcrumb', data: { config: { displayText: 'Export' } } });

    const click = JSON.stringify({ id: button?.['id'] });
    await frame?.evaluate(`postMessage(${click}, '*')`);
    for (const nonsense of ['null', '"x"', '{ id: 7 }', '{ id: "Button/click:unknown" }', click]) {
      await page.evaluate(`frames[0].postMessage(${nonsense}, '*')`);
    }
    await expect.poll(() => frame?.evaluate('clicks')).toBe(1);
    await frame?.evaluate('panel.clear()');
    await expect.poll(async () => (await heard()).at(-1)).toBe(null);
    await page.evaluate(`frames[0].postMessage(${click}, '*')`);
    await frame?.evaluate('new Promise((resolve) => setTimeout(resolve))');
    expect(await frame?.evaluate('clicks')).toBe(1);
  });
});
