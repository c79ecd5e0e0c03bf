import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Browser, FrameLocator, Page } from 'playwright-core';
import { build, createServer } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFreePort } from '../../infra/local/host/listen.ts';
import { startPlatform } from '../../infra/simulated-platform/platform.ts';
import { findChromium, launchChromium } from '../kit/chromium.ts';
import { startWorld } from '../start-world.ts';

const executablePath = findChromium('test/front-end/official-template.test.ts');
const extension = { apiKey: '000000000000000000c0ffee', apiSecret: 'CANARY-api-secret' };

describe.skipIf(executablePath === undefined)(
  'a front end made from an official template, inside the admin panel',
  () => {
    /** A project's folder, with a front end in it as somebody would put it there. Below this one, so that packages are found. */
    let project: string;
    let configFile: string;
    let browser: Browser;
    const closers: (() => unknown)[] = [];

    beforeAll(async () => {
      mkdirSync('cdk.out', { recursive: true });
      project = mkdtempSync(join('cdk.out', 'official-template-'));
      closers.push(() => rmSync(project, { recursive: true, force: true }));
      cpSync(join(import.meta.dirname, 'template'), join(project, 'frontend'), { recursive: true });
      writeFileSync(join(project, 'fdk.ext.config.json'), '{"roles":["backend","frontend"],"dev":"npm run dev"}');
      writeFileSync(join(project, 'frontend', 'fdk.ext.config.json'), '{"roles":["frontend"],"dev":"npm run dev"}');
      configFile = join(project, 'extension.config.ts');
      const page = `./${join(project, 'frontend', 'public', 'dist')}`;
      writeFileSync(
        configFile,
        `import given from '${resolve('test/extension/extension.config.ts')}';\nexport default { ...given, page: '${page}' };\n`,
      );
      browser = await launchChromium(executablePath);
      closers.push(() => browser.close());
    });
    afterAll(async () => {
      for (let close = closers.pop(); close; close = closers.pop()) await close();
    });

    const frameOf = (page: Page): FrameLocator => page.frameLocator('#extension');

    /** Installs it, and opens it for the company and for one of its sales channels. @returns what the browser complained of. */
    async function expectProducts(page: Page, platformUrl: string): Promise<string[]> {
      const complaints: string[] = [];
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.goto(`${platformUrl}/company/1/extensions/${extension.apiKey}`);
      await page.locator('#install').click();
      await frameOf(page).locator('#allow').click();
      await frameOf(page).locator('.product').nth(5).waitFor();
      expect(await frameOf(page).locator('.product').first().textContent()).toMatch(
        /^Saffron Chanderi Saree \| KES-\d+ \| Kesari \| sarees$/,
      );
      const styles = await frameOf(page)
        .locator('.products-container')
        .evaluate(
          `[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('.products-container')).borderTopWidth]`,
        );
      expect(styles).toEqual(['rgb(248, 248, 248)', '3px']);
      return complaints;
    }

    test('works from Vite’s own server, with hot reload, in front of npm run dev, before anything was built', async () => {
      const [frontendPort, backendPort, hmrPort] = [await findFreePort(), await findFreePort(), await findFreePort()];
      const baseUrl = `http://localhost:${frontendPort}`;
      const platform = await startPlatform({ extension: { ...extension, baseUrl } });
      closers.push(() => platform.close());
      const ports = { FRONTEND_PORT: String(frontendPort), BACKEND_PORT: String(backendPort) };
      const dev = spawn(process.execPath, [resolve('infra/commands/dev.ts')], {
        cwd: project,
        stdio: ['ignore', 'pipe', 'inherit'],
        env: {
          ...process.env,
          ...ports,
          EXTENSION_API_KEY: extension.apiKey,
          EXTENSION_API_SECRET: extension.apiSecret,
          EXTENSION_BASE_URL: baseUrl,
          FP_API_DOMAIN: platform.origin,
          EXTENSION_CONFIG: configFile,
          LOCAL_DATA_DIR: resolve(project, 'data'),
        },
      });
      closers.push(async () => {
        if (dev.exitCode !== null) return;
        dev.kill('SIGINT');
        await once(dev, 'exit');
      });
      let said = '';
      await new Promise<void>((ready, fail) => {
        dev.stdout.setEncoding('utf8').on('data', (text: string) => {
          said += text;
          if (said.includes('Serving')) ready();
        });
        dev.once('exit', () => fail(new Error(`npm run dev ended: ${said}`)));
      });
      expect(said).toContain(`FRONTEND_PORT is left to ${join('frontend', 'fdk.ext.config.json')}`);

      Object.assign(process.env, ports, { HMR_PORT: String(hmrPort) });
      const vite = await createServer({ root: join(project, 'frontend'), logLevel: 'error' });
      closers.push(() => vite.close());
      await vite.listen();

      const page = await browser.newPage();
      expect(await expectProducts(page, platform.origin)).toEqual([]);
      expect(await frameOf(page).locator('html').getAttribute('data-from')).toBe('dev');
      // What was on the page before stays there when a module is replaced.
      await frameOf(page).locator('body').evaluate('window.stays = true');
      const source = join(project, 'frontend', 'app.js');
      writeFileSync(source, readFileSync(source, 'utf8').replace('an example page', 'a changed page'));
      await frameOf(page).getByText('This is a changed page.').waitFor();
      expect(await frameOf(page).locator('body').evaluate('window.stays')).toBe(true);
      await page.close();
    });

    test('works from what it builds, as it is deployed, at every deep link', async () => {
      await build({ root: join(project, 'frontend'), logLevel: 'error' });
      const local = await startWorld({ dataDir: join(project, 'built-data'), configFile });
      closers.push(() => local.close());
      const page = await browser.newPage();
      expect(await expectProducts(page, local.world.platformUrl)).toEqual([]);

      const channel = '65a000000000000000010001';
      for (const [path, seen] of [
        ['/company/1/', '.product'],
        [`/company/1/application/${channel}`, '.product'],
        ['/company/1/orders/7', 'h1'],
      ] as const) {
        const loaded = page.waitForResponse((response) => new URL(response.url()).pathname === path);
        await page.evaluate(`document.querySelector('#extension').src = ${JSON.stringify(local.world.baseUrl + path)}`);
        expect((await loaded).status()).toBe(200);
        await frameOf(page).locator(seen).first().waitFor();
      }
      await page.close();
    });
  },
);
