import { beforeAll, describe, expect, inject, test } from 'vitest';
import { Browser } from './browser.ts';
import { PlatformControl } from './platform-control.ts';

const world = inject('offline');
const browser = new Browser(world);
const ours = world.baseUrl;
const path = '/api/platform/catalog/v2.0/company/32/__echo/x';

beforeAll(async () => {
  await new PlatformControl(world).reset();
  await browser.signIn(32);
});

const cases: [string, string, Record<string, string>, boolean][] = [
  ['POST', 'our Origin', { origin: ours }, true],
  ['POST', 'our Origin from a same-origin fetch', { origin: ours, 'sec-fetch-site': 'same-origin' }, true],
  ['POST', 'no Origin from a same-origin fetch', { 'sec-fetch-site': 'same-origin' }, true],
  ['POST', 'neither, with X-Company-Id', { 'x-company-id': '32' }, true],
  ['POST', 'nothing at all', {}, false],
  ['POST', 'a foreign Origin', { origin: 'https://evil.test' }, false],
  ['POST', 'a foreign Origin with X-Company-Id', { origin: 'https://evil.test', 'x-company-id': '32' }, false],
  ['POST', 'Origin null', { origin: 'null', 'x-company-id': '32' }, false],
  ['POST', 'an Origin that begins like ours', { origin: `${ours}.evil.test`, 'x-company-id': '32' }, false],
  ['POST', 'our Origin from the same site', { origin: ours, 'sec-fetch-site': 'same-site' }, false],
  ['POST', 'our Origin from nowhere', { origin: ours, 'sec-fetch-site': 'none' }, false],
  ['POST', 'X-Company-Id from the same site', { 'x-company-id': '32', 'sec-fetch-site': 'same-site' }, false],
  ['PUT', 'nothing at all', {}, false],
  ['PATCH', 'nothing at all', {}, false],
  ['DELETE', 'nothing at all', {}, false],
  ['GET', 'nothing at all', {}, true],
  ['GET', 'a foreign Origin', { origin: 'https://evil.test' }, false],
  ['GET', 'a cross-site fetch', { 'sec-fetch-site': 'cross-site', 'x-company-id': '32' }, false],
  ['GET', 'a same-site fetch', { 'sec-fetch-site': 'same-site' }, true],
];

describe('a call that another site could make', () => {
  for (const [method, what, headers, allowed] of cases) {
    test(`${method} with ${what} is ${allowed ? 'let through' : 'refused'}`, async () => {
      const response = await browser.fetch(path, { method, headers });
      expect(response.status).toBe(allowed ? 200 : 403);
      if (!allowed) expect(await response.json()).toMatchObject({ code: 'cross_site_request' });
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
    });
  }

  test('is refused by every route under /api/', async () => {
    for (const route of ['/api/session', '/api/products', path]) {
      const response = await browser.fetch(route, { headers: { origin: 'https://evil.test' } });
      expect([route, response.status]).toEqual([route, 403]);
    }
    const signOut = await browser.fetch('/api/session', { method: 'DELETE', headers: { origin: 'https://evil.test' } });
    expect(signOut.status).toBe(403);
    expect((await browser.fetch('/api/session')).status).toBe(200);
  });

  test('gets no preflight', async () => {
    const response = await browser.fetch(path, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.test', 'access-control-request-method': 'POST' },
    });
    expect(response.status).toBe(403);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });
});
