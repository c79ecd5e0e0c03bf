import { randomBytes } from 'node:crypto';
import { brotliDecompressSync, gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, inject, test } from 'vitest';
import { Browser } from './browser.ts';
import { PlatformControl } from './platform-control.ts';
import { rawRequest } from './raw-request.ts';

const world = inject('offline');
const platform = new PlatformControl(world);
const productsOf = (company: number) => `/api/platform/catalog/v2.0/company/${company}/products/`;
const upstreamOf = (company: number) => `/service/platform/catalog/v2.0/company/${company}/products/`;

beforeEach(async () => {
  await platform.reset();
});

async function signedIn(company: number, user = 'owner'): Promise<Browser> {
  const browser = new Browser(world);
  expect((await browser.signIn(company, user)).status).toBe(302);
  return browser;
}

const cacheStatus = async (answer: Response | Promise<Response>) => (await answer).headers.get('cache-status');
const miss = 'user-cache; fwd=uri-miss; stored';
const hit = /^user-cache; hit; ttl=\d+$/;

describe('a person’s cache', () => {
  test('answers the second call, byte for byte, with the platform’s ETag and for this browser only', async () => {
    const browser = await signedIn(34);
    const first = await browser.fetch(productsOf(34));
    expect(first.headers.get('cache-status')).toBe(miss);
    await platform.forgetRequests();
    const second = await browser.fetch(productsOf(34));
    expect(second.headers.get('cache-status')).toMatch(hit);
    expect(await second.text()).toBe(await first.text());
    expect(second.headers.get('etag')).toBe(first.headers.get('etag'));
    expect(second.headers.get('cache-control')).toBe('private, no-cache');
    expect(second.headers.get('vary')).toMatch(/^Cookie, Authorization(, Accept-Encoding)?$/);
    expect(await platform.requests(upstreamOf(34))).toEqual([]);
  });

  test('travels compressed to a browser that takes Brotli, fetched or kept, and is the same to every other', async () => {
    const browser = await signedIn(34);
    const ask = (accepted: string) =>
      rawRequest(world.baseUrl, productsOf(34), {
        headers: { cookie: browser.cookieHeader(), 'accept-encoding': accepted },
      });
    const fetched = await ask('gzip, deflate, br, zstd');
    const kept = await ask('gzip, deflate, br, zstd');
    expect([fetched.headers['cache-status'], kept.headers['cache-status']]).toEqual([miss, expect.stringMatching(hit)]);
    const plain = await ask('gzip, br;q=0');
    for (const { status, headers, body } of [fetched, kept]) {
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'content-encoding': 'br',
        vary: 'Cookie, Authorization, Accept-Encoding',
        etag: plain.headers.etag,
      });
      expect(brotliDecompressSync(body)).toEqual(plain.body);
      expect(body.byteLength).toBeLessThan(plain.body.byteLength / 2);
    }
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.headers.vary).toBe('Cookie, Authorization');
  });

  test('answers 304 to the browser that has it', async () => {
    const browser = await signedIn(34);
    const etag = (await browser.fetch(productsOf(34))).headers.get('etag') ?? '';
    for (const condition of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const answer = await browser.fetch(productsOf(34), { headers: { 'if-none-match': condition } });
      expect(answer.status).toBe(304);
      expect(answer.headers.get('etag')).toBe(etag);
      expect(await answer.text()).toBe('');
    }
    expect((await browser.fetch(productsOf(34), { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });

  test('answers 304 to a browser that takes compression as browsers do, whoever compressed: us or the platform', async () => {
    const browser = await signedIn(47);
    const ask = (condition?: string) =>
      rawRequest(world.baseUrl, `${productsOf(47)}?page_no=1`, {
        headers: {
          cookie: browser.cookieHeader(),
          'accept-encoding': 'gzip, deflate, br, zstd',
          ...(condition === undefined ? {} : { 'if-none-match': condition }),
        },
      });
    const sees304 = async (coding: string) => {
      const first = await ask();
      expect(first).toMatchObject({ status: 200, headers: { 'content-encoding': coding } });
      const { etag = '', vary } = first.headers;
      for (const condition of [etag, `W/${etag}`, '*']) {
        const { status, headers, body } = await ask(condition);
        expect([condition, status, body.byteLength]).toEqual([condition, 304, 0]);
        expect(headers).toMatchObject({ etag, vary, 'cache-control': 'private, no-cache' });
        expect(vary).toBe('Cookie, Authorization, Accept-Encoding');
        // A content type is not asked about: front doors add one of their own where there is none.
        for (const name of ['content-encoding', 'content-language', 'content-disposition']) {
          expect(headers).not.toHaveProperty(name);
        }
      }
    };
    await sees304('br');
    await platform.reset();
    await browser.signIn(47);
    const text = JSON.stringify({ items: Array.from({ length: 100 }, (_, uid) => ({ uid, name: 'Kurta' })) });
    const headers = {
      'content-type': 'application/json',
      'content-encoding': 'gzip',
      'content-language': 'hi',
      'content-disposition': 'attachment',
      'cache-control': 'max-age=60',
      etag: '"theirs"',
    };
    await platform.fault({ path: upstreamOf(47) }, { headers, body_base64: gzipSync(text).toString('base64') });
    await browser.fetch(productsOf(47), { method: 'POST', headers: { origin: world.baseUrl }, body: '{}' });
    await sees304('gzip');
  });

  test('is nobody else’s: another person gets what they may see', async () => {
    const [owner, manager] = [await signedIn(35), await signedIn(35, 'catalog')];
    const theirs = (await (await owner.fetch(productsOf(35))).json()) as { items: object[] };
    const own = await manager.fetch(productsOf(35));
    expect(own.headers.get('cache-status')).toBe(miss);
    expect(theirs.items[0]).toHaveProperty('cost_price');
    expect(((await own.json()) as { items: object[] }).items[0]).not.toHaveProperty('cost_price');
    expect(await cacheStatus(owner.fetch(productsOf(35)))).toMatch(hit);
    const again = (await (await manager.fetch(productsOf(35))).json()) as { items: object[] };
    expect(again.items[0]).not.toHaveProperty('cost_price');
  });

  test('is not that of the same person with other scopes', async () => {
    await platform.setUser('changing', { permissions: ['company/*'] });
    const before = await signedIn(36, 'changing');
    await before.fetch(productsOf(36));
    await platform.setUser('changing', { permissions: ['company/products'] });
    const after = await signedIn(36, 'changing');
    expect(await cacheStatus(after.fetch(productsOf(36)))).toBe(miss);
  });

  test('is not that of the installation before', async () => {
    const browser = await signedIn(37);
    await browser.fetch(productsOf(37));
    await browser.signIn(37, 'owner', { install_event: 'true' });
    expect(await cacheStatus(browser.fetch(productsOf(37)))).toBe(miss);
  });

  test('tells queries and languages apart', async () => {
    const browser = await signedIn(38);
    const paths = ['', '?page_no=1', '?page_no=1&page_size=5', '?page_size=5&page_no=1'];
    for (const query of paths) expect(await cacheStatus(browser.fetch(productsOf(38) + query))).toBe(miss);
    const hindi = browser.fetch(productsOf(38), { headers: { 'accept-language': 'hi' } });
    expect(await cacheStatus(hindi)).toBe(miss);
  });

  test('is stale after a write by this person, for this person only', async () => {
    const [writer, other] = [await signedIn(39), await signedIn(39, 'catalog')];
    await writer.fetch(productsOf(39));
    await other.fetch(productsOf(39));
    const written = await writer.fetch(productsOf(39), {
      method: 'POST',
      headers: { origin: world.baseUrl, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Brand new' }),
    });
    expect(written.status).toBe(200);
    expect(written.headers.get('cache-status')).toBeNull();
    const after = await writer.fetch(productsOf(39));
    expect(after.headers.get('cache-status')).toMatch(/^user-cache; fwd=stale; fwd-status=200/);
    expect(await cacheStatus(other.fetch(productsOf(39)))).toMatch(hit);
  });

  test('does not keep an answer that was on its way during a write', async () => {
    const browser = await signedIn(40);
    const gate = await platform.gate({ method: 'GET', path: upstreamOf(40) }, 'answer');
    const reading = browser.fetch(productsOf(40));
    await gate.held(1);
    const writing = await browser.fetch(productsOf(40), {
      method: 'POST',
      headers: { origin: world.baseUrl, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Meanwhile' }),
    });
    expect(writing.status).toBe(200);
    await gate.open();
    expect((await reading).status).toBe(200);
    expect(await cacheStatus(browser.fetch(productsOf(40)))).toMatch(/^user-cache; fwd=stale/);
  });

  test('asks whether a stale answer still holds, and keeps it when it does', async () => {
    await platform.set({ cacheControl: 'max-age=0' });
    const browser = await signedIn(41);
    const first = await browser.fetch(productsOf(41));
    expect(first.headers.get('cache-status')).toBe(miss);
    const second = await browser.fetch(productsOf(41));
    expect(second.headers.get('cache-status')).toBe('user-cache; fwd=stale; fwd-status=304');
    expect(second.status).toBe(200);
    expect(await second.text()).toBe(await first.text());
  });

  test('obeys the platform, and the browser that wants a new answer', async () => {
    const browser = await signedIn(42);
    await platform.set({ cacheControl: 'no-store' });
    for (let i = 0; i < 2; i++)
      expect(await cacheStatus(browser.fetch(productsOf(42)))).toBe('user-cache; fwd=uri-miss');
    await platform.set({ cacheControl: 'private, max-age=300' });
    expect(await cacheStatus(browser.fetch(productsOf(42)))).toBe(miss);
    const ttl = /ttl=(\d+)/.exec((await cacheStatus(browser.fetch(productsOf(42)))) ?? '')?.[1];
    expect(Number(ttl)).toBeGreaterThan(290);
    const reload = await cacheStatus(browser.fetch(productsOf(42), { headers: { 'cache-control': 'no-cache' } }));
    expect(reload).toBe('user-cache; fwd=request; fwd-status=304');
    const bypass = await cacheStatus(browser.fetch(productsOf(42), { headers: { 'cache-control': 'no-store' } }));
    expect(bypass).toBe('user-cache; fwd=bypass');
  });

  test('keeps no error, no redirect and nothing for HEAD', async () => {
    const browser = await signedIn(43);
    for (const status of [404, 500, 302]) {
      await platform.fault({ path: upstreamOf(43) }, { status, body: '{}' });
      for (let i = 0; i < 2; i++)
        expect(await cacheStatus(browser.fetch(productsOf(43)))).toBe('user-cache; fwd=uri-miss');
      await platform.clearFaults();
    }
    const head = await browser.fetch(productsOf(43), { method: 'HEAD' });
    expect([head.status, head.headers.get('cache-status')]).toEqual([200, null]);
    expect(await cacheStatus(browser.fetch(productsOf(43)))).toBe(miss);
  });

  test('says so when an answer does not fit', async () => {
    const browser = await signedIn(44);
    const body_base64 = randomBytes(450_000).toString('base64');
    await platform.fault({ path: upstreamOf(44) }, { status: 200, body_base64 });
    for (let i = 0; i < 2; i++) {
      const answer = await browser.fetch(productsOf(44));
      expect(answer.headers.get('cache-status')).toBe('user-cache; fwd=uri-miss; detail=too-large');
      expect((await answer.arrayBuffer()).byteLength).toBe(450_000);
    }
  });

  test('serves the author’s own routes, too', async () => {
    const browser = await signedIn(45);
    const first = await browser.fetch('/api/products');
    expect(first.headers.get('cache-status')).toBe(miss);
    expect(await cacheStatus(browser.fetch('/api/products'))).toMatch(hit);
    const { items } = (await first.json()) as { items: object[] };
    expect(items[0]).toMatchObject({ company_id: 45 });
    const channel = await browser.json('/api/products/application/65a000000000000000450001');
    expect((channel as { items: object[] }).items.length).toBeGreaterThan(0);
    const orders = await signedIn(45, 'orders');
    const refused = await orders.fetch('/api/products');
    expect([refused.status, refused.headers.get('x-missing-scopes')]).toEqual([403, 'company/products']);
  });
});

describe('the configuration', () => {
  const online = inject('online');
  test.runIf(online)('narrows and widens the proxy, and sets how long answers are fresh', async () => {
    if (online === null) return;
    await new PlatformControl(online).reset();
    const browser = new Browser(online);
    await browser.signIn(46);
    const call = (path: string, init?: RequestInit) => browser.fetch(`/api/platform/${path}`, init);
    // Let through, and refused by the platform itself: this person's token does not hold the scope.
    expect(await (await call('company-profile/v1.0/company/46')).text()).not.toContain('route_not_allowed');
    expect(await new PlatformControl(online).requests('/service/platform/company-profile/')).toHaveLength(1);
    expect((await call('order-manage/v1.0/company/46/__echo')).status).toBe(403);
    const write = { method: 'POST', headers: { origin: online.baseUrl }, body: '{}' };
    expect(await (await call('catalog/v2.0/company/46/products/', write)).json()).toMatchObject({
      code: 'route_not_allowed',
    });
    expect(await cacheStatus(call('catalog/v2.0/company/46/products/'))).toBe(miss);
    expect(await cacheStatus(call('catalog/v2.0/company/46/products/'))).toMatch(/ttl=(29\d|300)$/);
    const listing = call('order/v1.0/company/46/shipments-listing');
    expect(await cacheStatus(listing)).toBe('user-cache; fwd=bypass');
  });
});
