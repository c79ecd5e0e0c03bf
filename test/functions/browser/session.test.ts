import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makePageFiles } from '../../../infra/bundle/page-files.ts';
import { findChromium, launchChromium } from '../../kit/chromium.ts';

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

const files = await makePageFiles({ page: undefined, name: 'Lens' });
const script = files.stored.get(files.records['_extension/session.js']?.digest ?? '') ?? Buffer.from('');

test('the script has at most 4,000 bytes, and no map', () => {
  expect(script.length).toBeGreaterThan(1_000);
  expect(script.length).toBeLessThanOrEqual(4_000);
  expect(script.toString()).not.toContain('sourceMappingURL');
});

const executablePath = findChromium('test/functions/browser/session.test.ts');

describe.skipIf(executablePath === undefined)('the script, in a real browser', () => {
  let server: Server;
  let origin: string;
  let browser: Browser;
  let page: Page;
  const asked: Asked[] = [];
  /** What calls are answered, by path; 200 where nothing is said. */
  const answers = new Map<string, { status: number; headers?: Record<string, string>; body?: string }>();

  beforeAll(async () => {
    browser = await launchChromium(executablePath);
    server = createServer(({ method = '', url = '', headers }, response) => {
      const { pathname, searchParams } = new URL(url, 'http://localhost');
      if (pathname === '/_extension/session.js') {
        response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
      } else if (pathname === '/favicon.ico') {
        response.writeHead(404).end();
      } else if (pathname.startsWith('/company/')) {
        asked.push({ method, url, headers });
        const html = '<!doctype html><title>page</title><script src="/_extension/session.js"></script>';
        response.writeHead(200, { 'content-type': 'text/html', 'cache-control': 'no-store' }).end(html);
      } else if (pathname === '/fp/install') {
        asked.push({ method, url, headers });
        response.writeHead(302, { location: searchParams.get('redirect_path') ?? '/company/1' }).end();
      } else {
        asked.push({ method, url, headers });
        const { status, headers: own = {}, body = '{}' } = answers.get(pathname) ?? { status: 200 };
        response
          .writeHead(status, { 'content-type': 'application/json', ...own })
          .end(status === 204 ? undefined : body);
      }
    });
    server.listen(0, 'localhost');
    await once(server, 'listening');
    origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await browser.close();
    server.closeAllConnections();
    server.close();
  });
  beforeEach(async () => {
    page = await browser.newPage();
    asked.length = 0;
    answers.clear();
  });
  afterEach(() => page.close());

  const later = () => Math.floor(Date.now() / 1000) + 600;
  /** Runs in the page. */
  const run = (code: string): Promise<unknown> => page.evaluate(`(async () => { ${code} })()`);
  /** Does not wait for what it begins, since the page may be left. */
  const begin = (code: string) => run(`void (async () => { ${code} })()`);
  const hold = (id: string, session: string, expiresAt = later()) => {
    const held = JSON.stringify(JSON.stringify({ session, expires_at: expiresAt }));
    return run(`sessionStorage.setItem('extension-session:${id}', ${held})`);
  };
  const open = async (path = '/company/1') => {
    await page.goto(`${origin}${path}`);
  };
  const calls = () => asked.filter(({ url }) => url.startsWith('/api/'));
  const installs = () => asked.filter(({ url }) => url.startsWith('/fp/install'));
  /** With XMLHttpRequest, as axios does it. */
  const xhrCode = (path: string, headers: Record<string, string> = {}) => `return await new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open('GET', ${JSON.stringify(path)}, true);
    for (const [name, value] of Object.entries(${JSON.stringify(headers)})) request.setRequestHeader(name, value);
    request.onloadend = () => resolve(request.status);
    request.send();
  });`;
  const xhr = (path: string, headers?: Record<string, string>) => run(xhrCode(path, headers));
  const refusal = { status: 401, headers: { 'x-reauthorize-url': '/fp/install?company_id=1&client_id=c' } };

  test('puts the session that the tab holds on calls to /api/, and on nothing else', async () => {
    await open();
    await hold('1', 'sealed-1');
    await hold('2', 'sealed-2');
    await run(`
      await fetch('/api/a', { headers: { 'x-own': '1' } });
      await fetch(new Request('/api/b', { method: 'POST', body: 'text', headers: { 'x-own': '2' } }));
      await fetch(new URL('/api/c?company_id=2', location.href));
      await fetch('/api/d', { headers: { 'X-Company-Id': '2' } });
      await fetch('/api/e', { headers: { authorization: 'Basic own' } });
      await fetch('/elsewhere');
      history.pushState(undefined, '', '/orders');
      await fetch('/api/f');
    `);
    await xhr('/api/g');
    await xhr('/api/h', { 'X-Company-Id': '2' });
    await xhr('/api/i', { Authorization: 'Basic own' });
    expect(asked.slice(1).map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ['/api/a', 'Bearer sealed-1'],
      ['/api/b', 'Bearer sealed-1'],
      ['/api/c?company_id=2', 'Bearer sealed-2'],
      ['/api/d', 'Bearer sealed-2'],
      ['/api/e', 'Basic own'],
      ['/elsewhere', undefined],
      ['/api/f', 'Bearer sealed-1'],
      ['/api/g', 'Bearer sealed-1'],
      ['/api/h', 'Bearer sealed-2'],
      ['/api/i', 'Basic own'],
    ]);
    expect(calls()[0]?.headers).toMatchObject({ 'x-own': '1' });
    expect(calls()[1]).toMatchObject({ method: 'POST', headers: { 'x-own': '2' } });
  });

  test('puts none on a call to another origin, nor one that has ended, nor where there is none', async () => {
    await open();
    await run(`await fetch('/api/none')`);
    await hold('1', 'sealed-1', Math.floor(Date.now() / 1000) - 1);
    await run(`await fetch('/api/ended')`);
    await hold('1', 'sealed-1');
    const foreign = page.waitForRequest('http://other.localhost:9/api/x');
    await run(`fetch('http://other.localhost:9/api/x').catch(() => undefined)`);
    expect((await foreign).headers()['authorization']).toBeUndefined();
    expect(calls().map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });

  for (const [how, ask] of [
    ['fetch', (path: string) => `return (await fetch('${path}')).status`],
    ['XMLHttpRequest', (path: string) => `return await (async () => { ${xhrCode(path)} })()`],
  ] as const) {
    test(`leads to signing in at a 401 to ${how}, back to the same place, and only once`, async () => {
      answers.set('/api/products', refusal);
      await open('/company/1/orders?page=2&session=tab#top');
      await hold('1', 'sealed-1');
      await open('/company/1/orders?page=2&session=tab#top');
      const back = page.waitForURL(`${origin}/company/1/orders?page=2#top`);
      await begin(ask('/api/products'));
      await back;
      expect(installs().map(({ url }) => url)).toEqual([
        `/fp/install?company_id=1&client_id=c&redirect_path=${encodeURIComponent('/company/1/orders?page=2#top')}`,
      ]);
      expect(await run(`return sessionStorage.getItem('extension-session:1')`)).toBeNull();
      // The platform answers 401 to all, while the session itself lives.
      await run(`await fetch('/api/session')`);
      expect(await run(`return (await fetch('/api/products')).status`)).toBe(401);
      expect(await xhr('/api/products')).toBe(401);
      expect(installs()).toHaveLength(1);
      // Whatever was served out of a store says nothing; what came from the platform does.
      answers.set('/api/products', { status: 200, headers: { 'cache-status': 'user-cache; hit; ttl=5' } });
      await run(`await fetch('/api/products')`);
      // A limit is judged before the session is, and is the page's to see.
      answers.set('/api/products', { status: 429, headers: { 'retry-after': '3' } });
      expect(await xhr('/api/products')).toBe(429);
      answers.set('/api/products', refusal);
      expect(await xhr('/api/products')).toBe(401);
      answers.set('/api/products', { status: 200 });
      await run(`await fetch('/api/products')`);
      answers.set('/api/products', refusal);
      const again = page.waitForRequest(/\/fp\/install/);
      await begin(ask('/api/products'));
      await again;
    });
  }

  test('gives the page no answer that leads away from it, however many calls are under way', async () => {
    answers.set('/api/a', refusal);
    await page.exposeFunction('heard', (what: string) => asked.push({ method: 'HEARD', url: what, headers: {} }));
    await open();
    const away = page.waitForEvent('load');
    await begin(`
      for (let count = 0; count < 3; count++) {
        void fetch('/api/a').then(() => heard('fetch'));
        const request = new XMLHttpRequest();
        request.open('GET', '/api/a');
        request.onload = () => heard('load');
        request.send();
      }
    `);
    await away;
    expect(asked.filter(({ method }) => method === 'HEARD')).toEqual([]);
    expect(installs()).toHaveLength(1);
  });

  test('leaves a 401 that names nowhere to sign in, or another origin, to the page', async () => {
    await open();
    answers.set('/api/a', { status: 401 });
    answers.set('/api/b', {
      status: 401,
      headers: { 'x-reauthorize-url': 'https://evil.test/fp/install?company_id=1' },
    });
    answers.set('/api/c', { status: 401, headers: { 'x-reauthorize-url': '//evil.test/fp/install?company_id=1' } });
    for (const path of ['/api/a', '/api/b', '/api/c']) expect(await xhr(path)).toBe(401);
    expect(page.url()).toBe(`${origin}/company/1`);
  });

  test('forgets the session when the person signs out', async () => {
    await open();
    await hold('1', 'sealed-1');
    answers.set('/api/session', { status: 503 });
    await run(`await fetch('/api/session', { method: 'DELETE' })`);
    expect(await run(`return sessionStorage.length`)).toBe(1);
    answers.set('/api/session', { status: 204 });
    await run(`await fetch('/api/session', { method: 'DELETE' })`);
    expect(calls().at(-1)?.headers.authorization).toBe('Bearer sealed-1');
    expect(await run(`return sessionStorage.length`)).toBe(0);
  });

  test('leaves a newer session alone where an older call comes back with 401', async () => {
    await open();
    await hold('1', 'old');
    let release = () => {};
    await page.route('**/api/slow', async (route) => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      await route.fulfill({ status: 401 });
    });
    const waiting = run(`return (await fetch('/api/slow')).status`);
    await page.waitForRequest('**/api/slow').catch(() => undefined);
    await hold('1', 'new');
    release();
    expect(await waiting).toBe(401);
    await run(`await fetch('/api/x')`);
    expect(calls().at(-1)?.headers.authorization).toBe('Bearer new');
  });

  test('opens the page anew that came without a look at any session, where the tab holds none', async () => {
    await open('/company/1/orders?a=1&session=tab');
    await page.waitForURL(`${origin}/company/1/orders?a=1`);
  });

  test('takes a session out of the window’s name, at once, where the browser gives no sessionStorage', async () => {
    await page.addInitScript(`Object.defineProperty(window, 'sessionStorage', {
      get() { throw new DOMException('denied', 'SecurityError'); },
    })`);
    await open('/company/1');
    const text = JSON.stringify({
      'extension-session:1': JSON.stringify({ session: 'sealed', expires_at: later() }),
    });
    await run(`window.name = 'extension:' + ${JSON.stringify(text)}`);
    await open('/company/1?session=tab');
    expect(await run(`return window.name`)).toBe('');
    answers.set('/api/b', refusal);
    await run(`await fetch('/api/a')`);
    expect(calls()[0]?.headers.authorization).toBe('Bearer sealed');
    const back = page.waitForURL(`${origin}/company/1`);
    await begin(`await fetch('/api/b')`);
    await back;
    expect(await run(`return (await fetch('/api/b')).status`)).toBe(401);
    expect(installs()).toHaveLength(1);
  });

  describe('its fetch', () => {
    const failing = (path: string) =>
      run(`
        try {
          await fyndExtension.fetch('${path}');
        } catch (error) {
          if (!(error instanceof fyndExtension.CallError)) throw error;
          const { name, message, status, code, missingScopes, retryAfterSeconds } = error;
          return { name, message, status, code, missingScopes, retryAfterSeconds };
        }
      `);

    test('names the company, which proves where a call comes from, and resolves to what succeeded', async () => {
      await open('/company/7/application/65a000000000000000010001');
      const text = await run(`
        const response = await fyndExtension.fetch('/api/a', { method: 'POST', headers: { 'x-own': '1' } });
        return await response.text();
      `);
      expect(text).toBe('{}');
      expect(calls()[0]?.headers).toMatchObject({ 'x-company-id': '7', 'x-own': '1', origin });
    });

    test('throws what went wrong, by its code, with what is missing and when to try again', async () => {
      await open();
      const problem = JSON.stringify({ status: 503, code: 'try_again', detail: 'The extension is busy.' });
      answers.set('/api/a', { status: 503, headers: { 'retry-after': '7' }, body: problem });
      expect(await failing('/api/a')).toEqual({
        name: 'CallError',
        message: 'The extension is busy.',
        status: 503,
        code: 'try_again',
        missingScopes: [],
        retryAfterSeconds: 7,
      });
      const scopes = 'company/orders, company/products';
      answers.set('/api/b', { status: 403, headers: { 'x-missing-scopes': scopes }, body: '{"message":"No."}' });
      expect(await failing('/api/b')).toMatchObject({
        message: 'No.',
        code: undefined,
        missingScopes: ['company/orders', 'company/products'],
        retryAfterSeconds: undefined,
      });
      for (const body of ['', 'null', '<p>', '7']) {
        answers.set('/api/c', { status: 500, body });
        expect(await failing('/api/c')).toMatchObject({ message: 'The call was answered with 500.' });
      }
    });
  });

  test('is the same one however often it is loaded', async () => {
    await open();
    await hold('1', 'sealed-1');
    const isSame = await run(`
      const [before, patched] = [fyndExtension, fetch];
      await import('/_extension/session.js');
      await fetch('/api/a');
      return before === fyndExtension && patched === fetch;
    `);
    expect(isSame).toBe(true);
    expect(calls()[0]?.headers.authorization).toBe('Bearer sealed-1');
  });
});
