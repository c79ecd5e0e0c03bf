import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { Browser } from './browser.ts';
import { PlatformControl } from './platform-control.ts';
import { rawRequest } from './raw-request.ts';

const world = inject('offline');
const platform = new PlatformControl(world);
const company = 81;
const html = { accept: 'text/html' };
const script = '/_extension/session.js';
const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  rawRequest(world.baseUrl, path, { method, headers });
const codeOf = ({ body }: { body: Buffer }) => (JSON.parse(body.toString()) as { code?: string }).code;

beforeAll(() => platform.reset());

describe('a file', () => {
  test('is anybody’s, typed, and compressed as the browser takes it', async () => {
    const plain = await get(script);
    expect(plain.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      vary: 'Accept-Encoding',
    });
    expect(plain.headers).not.toHaveProperty('set-cookie');
    expect(plain.body.toString()).toContain('extension-');
    for (const [accepted, coding, decode] of [
      ['br, gzip', 'br', brotliDecompressSync],
      ['br;q=0, gzip', 'gzip', gunzipSync],
      ['br;q=0', undefined, (bytes: Buffer) => bytes],
    ] as const) {
      const { headers, body } = await get(script, { 'accept-encoding': accepted });
      expect(headers['content-encoding']).toBe(coding);
      expect(decode(body).equals(plain.body)).toBe(true);
    }
  });

  test('is not sent to whoever has it, nor its body to HEAD', async () => {
    const { headers } = await get(script, { 'accept-encoding': 'br' });
    const known = { 'if-none-match': `"x", W/${headers.etag}`, 'accept-encoding': 'br' };
    const again = await get(script, known);
    expect([again.status, again.headers.etag, again.body.length]).toEqual([304, headers.etag, 0]);
    const head = await get(script, { 'accept-encoding': 'br' }, 'HEAD');
    expect([head.status, head.headers['content-type'], head.headers.etag, head.body.length]).toEqual([
      200,
      'text/javascript; charset=utf-8',
      headers.etag,
      0,
    ]);
  });

  test.each([
    '/',
    '/index.html',
    '/.env',
    '/nothing.js',
    `${script}.map`,
    `${script}/`,
    '/_extension/',
    '/_extension/%2e%2e/index.html',
    '/%2e%2e/package.json',
    '/api',
    '/api/nothing',
    '/fp/',
    '/fp/auto_install',
    '/adm/nothing',
    '/company',
    '/__proto__',
    '/constructor',
  ])('that is none (%s) is 404, a page to a person and a problem to a script', async (path) => {
    const problem = await get(path);
    expect([problem.status, problem.headers['content-type']]).toEqual([404, 'application/problem+json']);
    expect(codeOf(problem)).toBe('not_found');
    const page = await get(path, html);
    expect([page.status, page.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
  });
});

describe('the page', () => {
  test('is at every place of a company, with our script first, for who is signed in', async () => {
    const browser = new Browser(world);
    await browser.signIn(company);
    const application = await platform.applicationOf(company);
    const places = ['', '/', '/deep/link?a=b', `/application/${application}`, `/application/${application}/x/`];
    for (const place of places) {
      const page = await browser.fetch(`/company/${company}${place}`, { headers: html });
      expect([place, page.status, page.headers.get('content-type')]).toEqual([place, 200, 'text/html; charset=utf-8']);
      expect(await page.text()).toMatch(/<head><script src="\/_extension\/session\.js"><\/script>/);
    }
  });

  test('leads to signing in and back to the same place, one round in a row', async () => {
    const browser = new Browser(world);
    const place = `/company/${company}/a%20b?x=1&x=%2F`;
    const sent = await browser.fetch(place, { headers: html });
    const { pathname, searchParams } = new URL(sent.headers.get('location') ?? '', world.baseUrl);
    expect([sent.status, pathname]).toEqual([302, '/fp/install']);
    const landed = await browser.signIn(company, 'owner', { redirect_path: searchParams.get('redirect_path') ?? '' });
    expect(landed.headers.get('location')).toBe(`${world.baseUrl}${place}`);
    browser.cookies.delete(`__Host-ext_session_${company}`);
    const refused = await browser.fetch(place, { headers: html });
    expect([refused.status, refused.headers.get('content-type')]).toEqual([401, 'text/html; charset=utf-8']);
  });

  test('is anybody’s for a tab that holds its session', async () => {
    const page = await get(`/company/${company}/x?session=tab`, html);
    expect([page.status, page.headers['set-cookie']]).toEqual([200, undefined]);
    expect(page.headers['content-security-policy']).toMatch(/script-src 'self';.*frame-ancestors /);
  });
});

describe('a browser that keeps no cookie in the frame', () => {
  const nobody = () => new Browser(world);

  test('comes back to the callback from our own origin, and then is offered a window', async () => {
    const callback = `/fp/auth?code=CANARY-code&state=CANARY-state&company_id=${company}`;
    const returning = await nobody().fetch(callback, { headers: html });
    const text = await returning.text();
    expect([returning.status, returning.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(text).toContain('&returned=1');
    expect(text).not.toContain('CANARY');
    const offered = await nobody().fetch(`${callback}&returned=1`, { headers: html });
    expect(offered.status).toBe(400);
    expect(await offered.text()).toContain('&#38;display=window');
  });

  test('gets the session of a window from that window, and from nobody who frames it', async () => {
    const browser = nobody();
    const handed = await browser.signIn(company, 'owner', { display: 'window' });
    const session = browser.cookies.get(`__Host-ext_session_${company}`) ?? '';
    expect([handed.status, session.length > 100]).toEqual([200, true]);
    expect(handed.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(handed.headers.get('cross-origin-opener-policy')).toBeNull();
    const [, message = ''] = /const message = (\{.*\});/.exec(await handed.text()) ?? [];
    const { session: given, ...rest } = JSON.parse(message) as Record<string, unknown>;
    expect(rest).toMatchObject({ type: 'extension-session', company_id: String(company), path: `/company/${company}` });
    const used = await nobody().json('/api/session', { headers: { authorization: `Bearer ${String(given)}` } });
    expect(used).toMatchObject({ company_id: String(company) });
  });
});
