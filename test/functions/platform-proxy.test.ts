import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { handler as Proxy } from '../../functions/platform-proxy.ts';
import { sessionCookieName } from '../../shared/session/sessions.ts';
import { transactionCookieName } from '../../shared/session/transactions.ts';
import { companyTenant } from '../../shared/tenant.ts';
import { clientId } from '../shared/fixture/extension.ts';
import { bareEvent, gatewayEvent, type TestRequest } from './fixture/event.ts';
import { everywhere, signsIn, startWorld, type World } from './fixture/world.ts';

let world: World;
let proxy: typeof Proxy;
beforeAll(async () => {
  world = await startWorld({ proxy: { also: ['* echo/**'] } });
  ({ handler: proxy } = await import('../../functions/platform-proxy.ts'));
});
afterAll(() => world.close());
afterEach(() => {
  world.platform.answer = signsIn;
  world.platform.requests.length = 0;
});

interface ProxyRequest extends Partial<Omit<TestRequest, 'path'>> {
  /** Below `/api/platform/`, decoded. */
  readonly path: string;
}

const send = ({ path, ...rest }: ProxyRequest, event = gatewayEvent) =>
  world.send(proxy, event({ path: `/api/platform/${path}`, pathParameters: { path }, ...rest }));

const productsOf = (company: string) => `catalog/v2.0/company/${company}/products/`;

describe('a call through the proxy', () => {
  for (const [frontDoor, event] of [
    ['API Gateway', gatewayEvent],
    ['a front door that leaves the path encoded and the cookies in the headers', bareEvent],
  ] as const) {
    test(`reaches the platform unchanged with the person's own token, through ${frontDoor}`, async () => {
      const { company, cookie } = await world.signIn();
      const path = `catalog/v2.0/company/${company}/products/50% off é+1/`;
      const query = 'page_no=1&a=%20b+c&a=%2F&empty=&=&q=%C3%A9';
      await send(
        { path, query, cookie, headers: { 'x-company-id': company, origin: 'https://extension.example' } },
        event,
      );
      const [request] = world.platform.requests;
      expect(request?.url).toBe(
        `/service/platform/catalog/v2.0/company/${company}/products/50%25%20off%20%C3%A9%2B1/?${query}`,
      );
      expect(request?.headers['authorization']).toBe('Bearer CANARY-online-token');
      expect(request?.headers).not.toHaveProperty('cookie');
      expect(request?.headers).not.toHaveProperty('origin');
    });
  }

  test('carries the body to the byte, whether the gateway took it for text or not', async () => {
    const { company, cookie } = await world.signIn();
    const headers = { 'x-company-id': company, 'content-type': 'application/octet-stream' };
    const bytes = Buffer.from([0, 255, 13, 10, 195, 40]);
    const path = productsOf(company);
    const body = bytes.toString('base64');
    expect((await send({ method: 'POST', path, cookie, headers, body, isBase64Encoded: true })).status).toBe(200);
    await send({ method: 'PUT', path, cookie, headers, body: '{"name":"é"}' });
    expect(world.platform.requests.map(({ method, body: sent }) => [method, sent])).toEqual([
      ['POST', bytes],
      ['PUT', Buffer.from('{"name":"é"}')],
    ]);
  });

  test('hands the answer on as data: never a page, a cookie or a permission for others', async () => {
    const { company, cookie } = await world.signIn();
    world.platform.answer = () => ({
      status: 418,
      headers: {
        'content-type': 'text/html',
        'set-cookie': 'a=CANARY',
        'access-control-allow-origin': '*',
        'content-security-policy': 'default-src *',
        'x-frame-options': 'ALLOW',
        server: 'x',
        'x-request-id': 'r1',
      },
      body: '<script>1</script>',
    });
    const answer = await send({ path: productsOf(company), cookie });
    expect([answer.status, answer.text, answer.cookies]).toEqual([418, '<script>1</script>', []]);
    expect(answer.headers).toEqual({
      ...everywhere,
      'content-type': 'text/html',
      'x-request-id': 'r1',
      'content-security-policy': "default-src 'none'; sandbox",
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'private, no-cache',
      'cache-status': 'user-cache; fwd=uri-miss',
      vary: 'Cookie, Authorization',
    });
  });

  test('comes from the cache the second time, with one call of DynamoDB; the log says so', async () => {
    const { company, cookie } = await world.signIn();
    const request = { path: productsOf(company), cookie };
    world.tables.calls.length = 0;
    expect((await send(request)).headers['cache-status']).toBe('user-cache; fwd=uri-miss; stored');
    expect(world.tables.calls.splice(0).map(({ operation }) => operation)).toEqual(['BatchGetItem', 'PutItem']);
    const hit = await send(request);
    expect(hit.headers['cache-status']).toMatch(/^user-cache; hit; ttl=\d+$/);
    expect(hit.log).toMatchObject({ cache: hit.headers['cache-status'], status: 200 });
    expect(world.tables.calls.map(({ operation }) => operation)).toEqual(['BatchGetItem']);
    expect(world.platform.requests).toHaveLength(1);
  });

  test('caches where a front door sends an empty body or none', async () => {
    const { company, cookie } = await world.signIn();
    const event = gatewayEvent({
      path: `/api/platform/${productsOf(company)}`,
      cookie,
      pathParameters: { path: productsOf(company) },
    });
    for (const body of ['', null, undefined]) {
      const answer = await world.send(proxy, { ...event, body } as typeof event);
      expect(answer.headers['cache-status']).not.toContain('bypass');
    }
  });

  test('gets a 304 where the browser has the answer already', async () => {
    const { company, cookie } = await world.signIn();
    world.platform.answer = () => ({ headers: { etag: '"v1"', 'content-type': 'application/json' }, body: '{}' });
    for (const condition of ['"v1"', 'W/"v1"', '"v0", "v1"', '*']) {
      const answer = await send({ path: productsOf(company), cookie, headers: { 'if-none-match': condition } });
      expect([answer.status, answer.text, answer.headers['etag']]).toEqual([304, '', '"v1"']);
    }
    const path = productsOf(company);
    expect((await send({ path, cookie, headers: { 'if-none-match': '"v"' } })).status).toBe(200);
    world.platform.answer = () => ({ status: 404, headers: { etag: '"v1"' } });
    expect((await send({ path: `${path}7`, cookie, headers: { 'if-none-match': '"v1"' } })).status).toBe(404);
  });

  test('travels compressed where it would be too large, and is 502 where even that does not help', async () => {
    const { company, cookie } = await world.signIn();
    const body = '"'.repeat(5_000_000);
    world.platform.answer = () => ({
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      body,
    });
    expect(
      (await send({ path: productsOf(company), cookie, headers: { 'accept-encoding': 'identity' } })).json,
    ).toMatchObject({
      status: 502,
      code: 'response_too_large',
    });
    const event = gatewayEvent({
      path: `/api/platform/${productsOf(company)}`,
      cookie,
      pathParameters: { path: productsOf(company) },
    });
    const result = await proxy(event);
    expect(result).toMatchObject({ statusCode: 200, isBase64Encoded: true, headers: { 'content-encoding': 'gzip' } });
  });

  test('tells a browser that has the answer so, without a word about its body, whoever compressed that', async () => {
    const { company, cookie } = await world.signIn();
    const items = JSON.stringify({ items: Array.from({ length: 100 }, (_, uid) => ({ uid, name: 'Kurta' })) });
    const type = { 'content-type': 'text/plain', etag: '"1"' };
    const about = { 'content-language': 'hi', 'content-disposition': 'attachment' };
    const compressed = { ...type, ...about, 'content-encoding': 'gzip' };
    for (const [query, answer, acceptEncoding, vary] of [
      [
        'ours',
        { headers: { ...type, ...about }, body: items },
        'gzip, deflate, br, zstd',
        'Cookie, Authorization, Accept-Encoding',
      ],
      ['plain', { headers: { ...type, ...about }, body: items }, 'gzip', 'Cookie, Authorization'],
      [
        'theirs',
        { headers: compressed, body: gzipSync(items) },
        'gzip, deflate, br, zstd',
        'Cookie, Authorization, Accept-Encoding',
      ],
    ] as const) {
      world.platform.answer = () => answer;
      const request = { path: productsOf(company), query: `q=${query}`, cookie };
      const given = await send({ ...request, headers: { 'accept-encoding': acceptEncoding } });
      expect(given).toMatchObject({ status: 200, headers: { etag: '"1"', vary } });
      for (const condition of ['"1"', 'W/"1"']) {
        const headers = { 'accept-encoding': acceptEncoding, 'if-none-match': condition };
        const again = await send({ ...request, headers });
        expect(again).toMatchObject({ status: 304, text: '', headers: { etag: '"1"', vary } });
        expect(Object.keys(again.headers).filter((name) => name.startsWith('content-'))).toEqual([
          'content-security-policy',
        ]);
      }
    }
  });

  test('is a 304 without a word about the body, too, where the platform says it to a browser that wants no cache', async () => {
    const { company, cookie } = await world.signIn();
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip', etag: '"1"' };
    world.platform.answer = () => ({ status: 304, headers });
    const asked = { 'cache-control': 'no-store', 'if-none-match': '"1"', 'accept-encoding': 'gzip' };
    const answer = await send({ path: productsOf(company), cookie, headers: asked });
    expect(answer).toMatchObject({
      status: 304,
      headers: { etag: '"1"', vary: 'Cookie, Authorization, Accept-Encoding' },
    });
    expect(answer.headers).not.toHaveProperty('content-encoding');
    expect(answer.headers).not.toHaveProperty('content-type');
  });

  test('names no encoding where the platform compressed nothing: HEAD, 204, and bodies of no length', async () => {
    const { company, cookie } = await world.signIn();
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    for (const [method, status] of [
      ['HEAD', 200],
      ['GET', 200],
      ['GET', 404],
      ['DELETE', 204],
      ['POST', 200],
    ] as const) {
      world.platform.answer = () => ({ status, headers });
      const answer = await send({
        method,
        path: productsOf(company),
        query: `status=${status}`,
        cookie,
        headers: { 'x-company-id': company },
      });
      expect([method, answer.status, answer.text]).toEqual([method, status, '']);
      expect(answer.headers).not.toHaveProperty('content-encoding');
      expect(answer.headers['vary']).toBe('Cookie, Authorization, Accept-Encoding');
    }
  });

  test('passes errors and redirects of the platform unchanged', async () => {
    const { company, cookie } = await world.signIn();
    for (const answer of [
      { status: 404, body: '{"message":"none"}' },
      { status: 429, headers: { 'retry-after': '3' } },
      { status: 302, headers: { location: 'https://elsewhere.example/' } },
      { status: 500, body: 'oops' },
    ]) {
      world.platform.answer = () => answer;
      const given = await send({ path: productsOf(company), query: `s=${answer.status}`, cookie });
      expect(given).toMatchObject({ status: answer.status, headers: answer.headers ?? {}, text: answer.body ?? '' });
    }
  });

  test('gives addresses of the Platform API as those of the proxy, also out of the cache', async () => {
    const { company, cookie } = await world.signIn();
    const path = productsOf(company);
    const cacheControl = { 'cache-control': 'max-age=60' };
    for (const [method, status, location] of [
      ['GET', 301, `/service/platform/${path}?page_no=1`],
      ['GET', 301, 'not asked again'],
      ['POST', 201, `{cluster}/service/platform/${path}?page_no=1`],
      ['GET', 302, '?page_no=1'],
    ] as const) {
      const link = '<?page_no=2>; rel="next", <https://elsewhere.example/a,b>; rel="up"';
      world.platform.answer = ({ headers: { host } }) => ({
        status,
        headers: { ...cacheControl, location: location.replace('{cluster}', `http://${host}`), link },
      });
      const query = status === 302 ? 'other=1' : '';
      const answer = await send({ method, path, query, cookie, headers: { 'x-company-id': company } });
      expect(answer.status).toBe(status);
      expect(answer.headers['location']).toBe(`/api/platform/${path}?page_no=1`);
      expect(answer.headers['link']).toBe(
        `</api/platform/${path}?page_no=2>; rel="next", <https://elsewhere.example/a,b>; rel="up"`,
      );
    }
  });
});

describe('a call through the proxy is refused', () => {
  test('with 401 where the platform no longer knows the token: the cookie goes, the way to sign in comes', async () => {
    const { company, cookie } = await world.signIn();
    world.platform.answer = () => ({ status: 401, body: '{"message":"CANARY"}' });
    const application = '0123456789abcdef01234567';
    const answer = await send({ path: `catalog/v1.0/company/${company}/application/${application}/x`, cookie });
    expect([answer.status, answer.json['code']]).toEqual([401, 'session_expired']);
    const query = `company_id=${company}&client_id=${clientId}&application_id=${application}`;
    expect(answer.headers['x-reauthorize-url']).toBe(`/fp/install?${query}`);
    expect(answer.cookies[0]).toMatch(new RegExp(`^${sessionCookieName(companyTenant(company))}=; Max-Age=0;`));
  });

  test('with 401 after a while: a newer cookie may be in the browser by then, so none goes', async () => {
    const { company, cookie } = await world.signIn();
    const realNow = performance.now.bind(performance);
    let laterMs = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => realNow() + laterMs);
    world.platform.answer = () => {
      laterMs += 50;
      return { status: 401 };
    };
    const answer = await send({ path: productsOf(company), cookie });
    clock.mockRestore();
    expect([answer.status, answer.json['code'], answer.cookies]).toEqual([401, 'session_expired', []]);
    expect(answer.headers['x-reauthorize-url']).toBe(`/fp/install?company_id=${company}&client_id=${clientId}`);
  });

  test('with 401 while this browser signs in again: none goes either', async () => {
    const { company, cookie } = await world.signIn();
    world.platform.answer = () => ({ status: 401 });
    const answer = await send({ path: productsOf(company), cookie: `${cookie}; ${transactionCookieName('s')}=x` });
    expect([answer.status, answer.cookies]).toEqual([401, []]);
  });

  test('with 502 where the platform hangs up', async () => {
    const { company, cookie } = await world.signIn();
    world.platform.answer = () => 'hang up';
    const answer = await send({ path: productsOf(company), cookie });
    expect([answer.status, answer.json['code']]).toEqual([502, 'platform_error']);
    expect(answer.log).toMatchObject({ level: 'error', code: 'platform_error' });
  });

  test('where companies contradict each other; a company without a session is 401', async () => {
    const [one, two] = [await world.signIn(), await world.signIn()];
    const cookie = `${one.cookie}; ${two.cookie}`;
    const path = productsOf(one.company);
    expect((await send({ path, cookie, headers: { 'x-company-id': two.company } })).json['code']).toBe(
      'tenant_mismatch',
    );
    expect((await send({ path, cookie, query: `company_id=${two.company}` })).json['code']).toBe('tenant_mismatch');
    expect((await send({ path: productsOf('7'), cookie })).json['code']).toBe('session_required');
    expect((await send({ path: productsOf('07'), cookie })).json['code']).toBe('invalid_request');
    const renamed = `${sessionCookieName(companyTenant(one.company))}=${two.cookie.slice(two.cookie.indexOf('=') + 1)}`;
    expect((await send({ path, cookie: renamed })).json).toMatchObject({ status: 403, code: 'tenant_mismatch' });
    expect(world.platform.requests).toEqual([]);
  });

  test('where the configuration does not allow it', async () => {
    const { company, cookie } = await world.signIn();
    const answer = await send({ path: `payment/v1.0/company/${company}/x`, cookie });
    expect([answer.status, answer.json['code']]).toEqual([403, 'route_not_allowed']);
    expect((await send({ path: 'echo/x', cookie })).status).toBe(200);
  });

  test('where another site makes it, or may have made it', async () => {
    const { company, cookie } = await world.signIn();
    for (const [method, headers] of [
      ['GET', { 'sec-fetch-site': 'cross-site' }],
      ['GET', { origin: 'https://evil.example', 'x-company-id': company }],
      ['POST', {}],
      ['POST', { 'sec-fetch-site': 'same-site', 'x-company-id': company }],
    ] as const) {
      const answer = await send({ method, path: productsOf(company), cookie, headers: { ...headers } });
      expect([answer.status, answer.json['code']]).toEqual([403, 'cross_site_request']);
    }
    expect(world.platform.requests).toEqual([]);
  });

  for (const path of ['', 'a//b', 'a/../b', './a', 'a\\b', 'a\nb', 'a/b\u007f']) {
    test(`where its path is ${JSON.stringify(path)}`, async () => {
      const { cookie } = await world.signIn();
      const answer = await send({ path, cookie });
      expect([answer.status, answer.json['code']]).toEqual([400, 'invalid_request']);
    });
  }
});

test('a query of the platform may name applications as it likes', async () => {
  const { company, cookie } = await world.signIn();
  for (const query of ['application_id=x', 'application_id=1&application_id=2', 'application_id=']) {
    expect((await send({ path: productsOf(company), query, cookie })).status).toBe(200);
    expect(world.platform.requests.at(-1)?.url.endsWith(`?${query}`)).toBe(true);
  }
});
