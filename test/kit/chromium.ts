import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

/**
 * The browser of this machine; undefined where there is none, which is said by the name of the test that is skipped.
 * @throws in CI, where nothing may be skipped.
 */
export function findChromium(testFile: string): string | undefined {
  const known = [process.env['CHROMIUM_PATH'], '/usr/bin/chromium', '/usr/bin/google-chrome'];
  const found = known.find((path) => path !== undefined && existsSync(path));
  if (found === undefined && process.env['CI'] !== undefined) {
    throw new Error('The browser tests need Chromium: install it, or name it in CHROMIUM_PATH.');
  }
  if (found === undefined) {
    console.warn(`SKIPPED ${testFile}: no Chromium here. Install it, or name it in CHROMIUM_PATH, and run again.`);
  }
  return found;
}

export async function launchChromium(executablePath: string | undefined): Promise<Browser> {
  return chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A picture of the page where `SCREENSHOTS_DIR` says that somebody wants to look at it. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env['SCREENSHOTS_DIR'];
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
