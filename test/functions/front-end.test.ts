import { randomBytes } from 'node:crypto';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bareEvent, gatewayEvent } from './fixture/event.ts';
import { bundledPage, frontEnd } from './fixture/front-end.ts';
import { type Handler, pages, startWorld, type World } from './fixture/world.ts';

const application = '0123456789abcdef01234567';
const script = `console.log('${'hello '.repeat(200)}');\n`;
const picture = randomBytes(3_000);
let world: World;
let served: Handler;
beforeAll(async () => {
  world = await startWorld();
  const page = frontEnd({
    'index.html':
      '<!doctype html>\n<!-- <head> --><html><head lang="en"><script src="/app.js"></script></head><body>Ours</body></html>',
    'app.js': script,
    'assets/index-Ctd-GNbW.js': script,
    'assets/chunk-ABCDEFGH.js': script,
    'assets/product-card.css': 'a{}',
    'assets/style.a1b2c3d4.css': 'a{}',
    'plain.js': script,
    '.vite/manifest.json': JSON.stringify({ 'main.ts': { file: 'plain.js', css: ['assets/product-card.css'] } }),
    'a name with 100%.txt': 'found',
    'picture.png': picture,
    'feed.xml': '<feed/>',
    'logo.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
    'help.html': '<p>help',
    'app.js.map': '{}',
    '.env': 'CANARY-environment',
    'assets/.hidden/x.js': 'hidden',
  });
  served = await bundledPage({ ...world.extension, page });
});
afterAll(() => world.close());

const get = (path: string, more: object = {}) => world.send(served, gatewayEvent({ path, ...more }));
const plain = { headers: { 'accept-encoding': 'identity' } };

describe('the page', () => {
  for (const path of [
    '/company/12',
    '/company/12/',
    '/company/12/orders/7',
    `/company/12/application/${application}`,
    `/company/12/application/${application}/`,
    `/company/12/application/${application}/orders/7`,
    '/company/12/application/',
  ]) {
    test(`is at ${path}, for a tab without looking at its session, else where there is none the way to sign in and back`, async () => {
      const page = await get(path, { query: 'session=tab', ...plain });
      expect([page.status, page.cookies]).toEqual([200, []]);
      expect(page.headers).toMatchObject({ ...pages, 'cache-control': 'no-store' });
      expect(page.text).toContain('<body>Ours</body>');

      const signIn = await get(path, { query: 'tab=2' });
      expect(signIn.status).toBe(302);
      const asked = new URL(signIn.headers['location'] ?? '').searchParams;
      expect([asked.get('company_id'), asked.get('redirect_path')]).toEqual(['12', `${path}?tab=2`]);
      expect(asked.get('application_id')).toBe(path.includes(application) ? application : null);
    });
  }

  test('loads our script before its own, whatever a comment looks like', async () => {
    const { text } = await get('/company/12', { query: 'session=tab', ...plain });
    expect(text).toContain('<head lang="en"><script src="/_extension/session.js"></script><script src="/app.js">');
    expect(text.match(/session\.js/g)).toHaveLength(1);
  });

  test('comes back from signing in to a place with characters that addresses escape', async () => {
    const { headers } = await get('/company/12/100% wool #1');
    const back = new URL(headers['location'] ?? '').searchParams.get('redirect_path') ?? '';
    expect(decodeURIComponent(new URL(back, 'https://extension.example').pathname)).toBe('/company/12/100% wool #1');
  });

  test('is not there for what is no id, also not for a tab', async () => {
    for (const path of ['/company/01', '/company/x/', '/company/12/application/x']) {
      for (const query of ['', 'session=tab']) {
        const { status, log } = await get(path, { query });
        expect([status, log['code']]).toEqual([400, 'invalid_request']);
      }
    }
  });
});

describe('a file', () => {
  test('is served to anybody, in the best coding that the browser takes', async () => {
    for (const [accepted, coding, decode] of [
      ['gzip, deflate, br', 'br', brotliDecompressSync],
      ['gzip', 'gzip', gunzipSync],
      ['br;q=0, gzip', 'gzip', gunzipSync],
      ['identity', undefined, (bytes: Buffer) => bytes],
    ] as const) {
      const { status, headers, text, cookies } = await get('/app.js', { headers: { 'accept-encoding': accepted } });
      expect([status, cookies, headers['content-encoding']]).toEqual([200, [], coding]);
      expect(headers).toMatchObject({
        'content-type': 'text/javascript; charset=utf-8',
        'cache-control': 'no-cache',
        vary: 'Accept-Encoding',
        'x-content-type-options': 'nosniff',
      });
      expect(decode(Buffer.from(text, 'latin1')).toString()).toBe(script);
    }
  });

  test('that does not become smaller is served as it is, byte for byte', async () => {
    const { headers, text } = await get('/picture.png');
    expect([headers['content-type'], headers['content-encoding'], headers['vary']]).toEqual([
      'image/png',
      undefined,
      undefined,
    ]);
    expect(Buffer.from(text, 'latin1').equals(picture)).toBe(true);
  });

  test('is not sent again to whoever has it, in that coding', async () => {
    const { headers } = await get('/app.js');
    const etag = headers['etag'] ?? '';
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const again = await get('/app.js', { headers: { 'if-none-match': known, 'accept-encoding': 'br' } });
      expect([again.status, again.text, again.headers['etag']]).toEqual([304, '', etag]);
      expect(Object.keys(again.headers)).not.toEqual(expect.arrayContaining([expect.stringMatching(/^content-/)]));
    }
    const otherwise = await get('/app.js', { headers: { 'if-none-match': etag, 'accept-encoding': 'gzip' } });
    expect(otherwise.status).toBe(200);
  });

  test('answers HEAD as GET, without a body', async () => {
    const { status, text, headers } = await get('/app.js', { method: 'HEAD' });
    expect([status, text, headers['content-type'], headers['etag']?.length]).toEqual([
      200,
      '',
      expect.stringContaining('javascript'),
      37,
    ]);
    expect((await get('/company/12', { method: 'HEAD', query: 'session=tab' })).status).toBe(200);
  });

  test('is kept for ever where its name carries a digest or the build’s manifest names it, and asked about otherwise', async () => {
    const policy = async (path: string) => (await get(path)).headers['cache-control'];
    const forEver = 'public, max-age=31536000, immutable';
    expect(await policy('/assets/index-Ctd-GNbW.js')).toBe(forEver);
    expect(await policy('/assets/style.a1b2c3d4.css')).toBe(forEver);
    expect(await policy('/plain.js')).toBe(forEver);
    expect(await policy('/assets/product-card.css')).toBe(forEver);
    expect(await policy('/assets/chunk-ABCDEFGH.js')).toBe('no-cache');
    expect(await policy('/app.js')).toBe('no-cache');
    expect(await policy('/_extension/session.js')).toBe('no-cache');
  });

  test('has whatever name, and is found where a front door leaves it escaped', async () => {
    const path = '/a name with 100%.txt';
    expect((await get(path, plain)).text).toBe('found');
    const bare = bareEvent({ path, headers: { 'accept-encoding': 'identity' } });
    expect((await world.send(served, { ...bare, rawPath: '/a%20name%20with%20100%25.txt' })).text).toBe('found');
  });

  test('that is a document is bound by the page’s policy', async () => {
    for (const [path, type] of [
      ['/help.html', 'text/html; charset=utf-8'],
      ['/logo.svg', 'image/svg+xml'],
      ['/feed.xml', 'application/xml'],
    ] as const) {
      const { headers } = await get(path);
      expect(headers['content-type']).toBe(type);
      expect(headers['content-security-policy']).toContain('frame-ancestors https://platform.fynd.com');
      expect(headers['cache-control']).toBe('no-cache');
    }
  });
});

test.each([
  '/',
  '/index.html',
  '/unknown.js',
  '/assets',
  '/assets/',
  '/company',
  '/company/',
  '/company//x',
  '/app.js.map',
  '/.env',
  '/.vite/manifest.json',
  '/assets/.hidden/x.js',
  '/../package.json',
  '/%2e%2e/index.js',
  '/assets/../app.js',
  '/constructor',
  '/__proto__',
  '/api/session',
  '/fp/install',
  '/_extension/other.js',
  '/%',
])('there is nothing at %s', async (path) => {
  const { status, json, cookies } = await get(path, { headers: { 'sec-fetch-mode': 'cors' } });
  expect([status, json['code'], cookies]).toEqual([404, 'not_found', []]);
  const person = await get(path, { headers: { accept: 'text/html' } });
  expect([person.status, person.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
});

test('an extension without a front end has a page that says so, at every place', async () => {
  const bare = await bundledPage({ ...world.extension, name: 'A <b>', page: undefined });
  const page = await world.send(bare, gatewayEvent({ path: '/company/12/a/b/', query: 'session=tab', ...plain }));
  expect([page.status, page.headers]).toEqual([200, expect.objectContaining(pages)]);
  expect(page.text).toContain('<h1>A &#60;b&#62;</h1>');
  expect(page.text).toContain('<head><script src="/_extension/session.js"></script>');
});
