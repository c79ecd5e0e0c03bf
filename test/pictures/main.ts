// npm run pictures: takes the pictures in docs/pictures again, of what `npm start` shows.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FrameLocator, Page } from 'playwright-core';
import { Failure } from '../../infra/emulator/failure.ts';
import { findChromium, launchChromium } from '../kit/chromium.ts';
import { atEnd, phase, runProgram } from '../program.ts';

const folder = 'docs/pictures';
/** README.md shows them to whoever comes by. */
const mostBytes = 150_000;
const inIndia = { locale: 'en-IN', timezoneId: 'Asia/Kolkata' };

await runProgram(async () => {
  const executablePath = findChromium('npm run pictures');
  if (executablePath === undefined) throw new Failure('Without a browser there are no pictures.');
  mkdirSync(folder, { recursive: true });
  const panelUrl = await phase('npm start, with an empty world', start);
  const browser = await launchChromium(executablePath);
  atEnd(() => browser.close());
  const context = await browser.newContext({
    ...inIndia,
    viewport: { width: 1280, height: 780 },
    deviceScaleFactor: 1.5,
    colorScheme: 'light',
  });
  const page = await context.newPage();
  const extension: FrameLocator = page.frameLocator('#extension');

  await phase('consent: what the extension asks for', async () => {
    await page.goto(panelUrl);
    await page.getByRole('link', { name: 'Install', exact: true }).first().click();
    await extension.locator('#allow').waitFor();
    await take(page, 'consent');
  });
  await phase('panel: the extension in its frame, and what happened', async () => {
    await extension.locator('#allow').click();
    await extension.locator('#products li').nth(5).waitFor();
    await extension.locator('#reload').click();
    await extension.getByText('Kept for you').waitFor();
    await page.locator('#log').getByText('user-cache; hit').first().waitFor();
    await take(page, 'panel');
  });
  await phase('log: every request, one of them opened', async () => {
    await page.goto(new URL('/tools/log', panelUrl).href);
    await page.locator('summary', { hasText: 'gave the online access token' }).click();
    await take(page, 'log');
  });
}, `The pictures are in ${folder}. Look at them before you commit them.`);

/** Where the panel of a new world is. */
async function start(): Promise<string> {
  const dataDir = mkdtempSync(join(tmpdir(), 'pictures-'));
  const program = spawn(process.execPath, ['infra/commands/start.ts'], {
    env: { ...process.env, LOCAL_DATA_DIR: dataDir, TZ: inIndia.timezoneId },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(program, 'exit');
  atEnd(async () => {
    program.kill('SIGINT');
    await exited;
    rmSync(dataDir, { recursive: true, force: true });
  });
  let said = '';
  return await new Promise((resolve, reject) => {
    // To its end: whoever closes the pipe ends the program.
    program.stdout.on('data', (chunk) => {
      said += String(chunk);
      const [, url] = /Open\s+(http\S+)/.exec(said) ?? [];
      if (url !== undefined) resolve(url);
    });
    program.on('exit', () => reject(new Failure(`npm start ended: ${said}`)));
  });
}

/** As WebP, a third of what PNG takes; Playwright itself does not write it. */
async function take(page: Page, name: string): Promise<void> {
  await page.mouse.move(0, 0);
  await page.waitForLoadState('networkidle').catch(() => undefined);
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 85 });
  const file = join(folder, `${name}.webp`);
  writeFileSync(file, data, 'base64');
  const { size } = statSync(file);
  if (size > mostBytes) throw new Failure(`${file} has ${size} bytes, and may have ${mostBytes}.`);
}
