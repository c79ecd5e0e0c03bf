import { check } from '../../infra/emulator/failure.ts';
import { Browser } from '../flow/browser.ts';
import { PlatformControl } from '../flow/platform-control.ts';
import type { World } from '../start-world.ts';

const company = 60;
const products = `/api/platform/catalog/v2.0/company/${company}/products/`;

/** Somebody who signed in before an update, with what they must find again after it. */
export async function signInBeforeUpdate(
  world: World,
): Promise<{ assertAllSurvived(ttlSeconds: number): Promise<void> }> {
  const platform = new PlatformControl(world);
  await platform.reset();
  const browser = new Browser(world);
  const signedIn = await browser.signIn(company);
  check(signedIn.status === 302, `Signing in answered ${signedIn.status}.`);
  const session = JSON.stringify(await browser.json('/api/session'));
  const stored = await browser.fetch(products);
  const items = await stored.text();
  const status = stored.headers.get('cache-status') ?? '';
  check(status.endsWith('stored'), `The first answer has Cache-Status ${status}.`);

  return {
    assertAllSurvived: async (ttlSeconds) => {
      const now = JSON.stringify(await browser.json('/api/session'));
      check(now === session, 'The session of before the update is not what it was.', `${session}\n${now}`);
      await platform.forgetRequests();
      const cached = await browser.fetch(products);
      check(
        /; hit;/.test(cached.headers.get('cache-status') ?? '') && (await cached.text()) === items,
        `The cached answer of before the update is gone: ${cached.headers.get('cache-status')}.`,
      );
      // Somebody who could not install the company signs in: it still is installed, and nobody asks for its grant again.
      const other = await new Browser(world).signIn(company, 'catalog');
      check(other.status === 302, `The company is no longer installed: the next person gets ${other.status}.`);
      const offline = await platform.requests(
        `/service/panel/authentication/v1.0/company/${company}/oauth/offline-token`,
      );
      check(offline.length === 0, 'The grant of an installed company was asked for again.');
      // The new version is the one that answers.
      await browser.fetch(`${products}?page_size=5`);
      const fresh = await browser.fetch(`${products}?page_size=5`);
      const ttl = Number(/ttl=(\d+)/.exec(fresh.headers.get('cache-status') ?? '')?.[1]);
      check(
        ttl > 0 && ttl <= ttlSeconds,
        `The new version keeps answers for ${ttlSeconds} s, and Cache-Status says ${fresh.headers.get('cache-status')}.`,
      );
    },
  };
}
