import { beforeEach, describe, expect, inject, test } from 'vitest';
import { Browser } from './browser.ts';
import { PlatformControl } from './platform-control.ts';

const world = inject('offline');
const platform = new PlatformControl(world);

beforeEach(async () => {
  await platform.reset();
});

describe('HEAD', () => {
  test.for([
    '/_healthz',
    '/company/41',
    '/company/41/application/0123456789abcdef01234567',
    '/api/session',
    '/api/products',
    '/fp/install?company_id=41&client_id={client_id}',
    '/fp/install',
    '/api/platform/catalog/v2.0/company/41/products/',
  ])('of %s answers as GET does, without a body', async (template) => {
    const path = template.replace('{client_id}', world.apiKey);
    const browser = new Browser(world);
    expect((await browser.signIn(41)).status).toBe(302);
    const got = await browser.fetch(path);
    const headed = await browser.fetch(path, { method: 'HEAD' });
    expect(headed.status).toBe(got.status);
    for (const name of ['cache-control', 'referrer-policy', 'strict-transport-security']) {
      expect([name, headed.headers.get(name)]).toEqual([name, got.headers.get(name)]);
    }
    expect(await headed.text()).toBe('');
  });

  test('of a page or a route without a session is refused as GET is', async () => {
    const browser = new Browser(world);
    expect((await browser.fetch('/company/42', { method: 'HEAD' })).status).toBe(302);
    expect((await browser.fetch('/api/products?company_id=42', { method: 'HEAD' })).status).toBe(401);
  });

  test('of the callback, which a scanner of links sends, is 405 and leaves code and sign-in as they are', async () => {
    const browser = new Browser(world);
    const back = await browser.consent(43, 'owner');
    const headed = await browser.fetch(back, { method: 'HEAD' });
    expect([headed.status, headed.headers.get('allow')]).toEqual([405, 'GET']);
    expect(headed.headers.getSetCookie()).toEqual([]);
    expect((await browser.fetch(back)).status).toBe(302);
    expect(await browser.json('/api/session')).toMatchObject({ company_id: '43' });
  });
});
