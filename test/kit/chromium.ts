import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Frame, type Page } from 'playwright-core';

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

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function launchChromium(executablePath: string | undefined): Promise<Browser> {
  return chromium.launch({ ...(executablePath === undefined ? {} : { executablePath }), args });
}

/**
 * A browser with a profile of its own, as people have one, that lets frames of other sites keep things. Contexts are
 * incognito, where it gives them no `sessionStorage`.
 */
export async function openChromiumProfile(executablePath: string | undefined, folder: string): Promise<BrowserContext> {
  mkdirSync(join(folder, 'Default'), { recursive: true });
  const preferences = { profile: { cookie_controls_mode: 0, block_third_party_cookies: false } };
  writeFileSync(join(folder, 'Default', 'Preferences'), JSON.stringify(preferences));
  return chromium.launchPersistentContext(folder, {
    ...(executablePath === undefined ? {} : { executablePath }),
    // What a test answers itself comes from nowhere, and may not lead to this machine then.
    args: [...args, '--disable-features=LocalNetworkAccessChecks'],
    viewport: { width: 1280, height: 900 },
  });
}

/** A picture of the page where `SCREENSHOTS_DIR` says that somebody wants to look at it. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env['SCREENSHOTS_DIR'];
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** What keeps people with disabilities from using a page or a frame, each with where: nothing, it is hoped. */
export async function barriersOn(page: Page | Frame): Promise<string[]> {
  return await page.evaluate(`${axe.source}; axe.run().then(({ violations }) => violations.map(
    ({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 120)).join(' | ')))`);
}

/** By how many pixels a page or a frame is wider than it is shown. */
export async function pixelsBeyond(page: Page | Frame): Promise<number> {
  return await page.evaluate('document.documentElement.scrollWidth - innerWidth');
}
