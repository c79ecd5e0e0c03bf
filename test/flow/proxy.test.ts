import { randomBytes } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { Browser } from './browser.ts';
import { PlatformControl } from './platform-control.ts';
import { rawRequest } from './raw-request.ts';

const world = inject('offline');
const platform = new PlatformControl(world);
const browser = new Browser(world);
const company = 33;
const echo = `catalog/v1.0/company/${company}/__echo`;
const products = `/api/platform/catalog/v2.0/company/${company}/products/`;
const upstream = `/service/platform/catalog/v2.0/company/${company}/products/`;

interface Echoed {
  method: string;
  url: string;
  headers: Record<string, string>;
  body_base64: string;
}

const raw = (target: string, options: Parameters<typeof rawRequest>[2] = {}) =>
  rawRequest(world.baseUrl, target, {
    ...options,
    headers: { cookie: browser.cookieHeader(), origin: world.baseUrl, ...options.headers },
  });

async function echoed(target: string, options: Parameters<typeof rawRequest>[2] = {}): Promise<Echoed> {
  const { status, body } = await raw(target, options);
  expect([target, status]).toEqual([target, 200]);
  return JSON.parse(body.toString()) as Echoed;
}

beforeAll(async () => {
  await platform.reset();
  expect((await browser.signIn(company)).status).toBe(302);
});

afterEach(async () => {
  await platform.clearFaults();
});

describe('what the platform receives', () => {
  const segments = [
    'a b',
    'ü',
    'हिन्दी',
    '100%',
    '%41',
    'a+b',
    'a;b=c',
    "it's",
    '(x)',
    '@:!$&,',
    '~',
    '"quoted"',
    'a%b',
    '%zz',
    '..a',
    '日本',
  ];
  for (const segment of segments) {
    test(`the path segment «${segment}» with the value it was sent with`, async () => {
      const { url } = await echoed(`/api/platform/${echo}/${encodeURIComponent(segment)}/end/`);
      const received = url.slice(`/service/platform/${echo}/`.length).split('/');
      expect(received.map(decodeURIComponent)).toEqual([segment, 'end', '']);
    });
  }

  for (const query of [
    'b=2&a=1&a=0&a=',
    'q=a+b&r=a%2Bb&s=%3A%2F%2F&t=a%20b',
    'x&y=&=z&&',
    "name='quoted'&brackets=[1]&pipe=a|b",
    'utf8=%E2%9C%93&bad=%ZZ&percent=100%',
    'a?b=/c',
  ]) {
    test(`the query ${query} as it was sent`, async () => {
      const { url } = await echoed(`/api/platform/${echo}?${query}`);
      expect(url.slice(url.indexOf('?') + 1)).toBe(query);
    });
  }

  const bodies: [string, string, Buffer][] = [
    ['JSON', 'application/json', Buffer.from('{"price": 10.0, "id": 9007199254740993, "name": "caf\\u00e9"}')],
    ['JSON that is no UTF-8', 'application/json', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
    ['text', 'text/plain', Buffer.from('ünïcode \r\n\0')],
    ['bytes', 'application/octet-stream', randomBytes(100_000)],
    ['a form', 'multipart/form-data; boundary=x', randomBytes(1_000)],
  ];
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    for (const [what, type, body] of bodies) {
      test(`the bytes of a ${method} whose body is ${what}`, async () => {
        const received = await echoed(`/api/platform/${echo}`, { method, body, headers: { 'content-type': type } });
        expect(received.method).toBe(method);
        expect(received.headers['content-type']).toBe(type);
        expect(Buffer.from(received.body_base64, 'base64').equals(body)).toBe(true);
      });
    }
  }

  test('this person’s token and a valid signature, and none of our cookies', async () => {
    await platform.forgetRequests();
    const { headers } = await echoed(`/api/platform/${echo}`, {
      headers: {
        'x-fp-date': 'spoofed',
        'x-forwarded-host': 'evil.test',
        'x-api-key': 'spoofed',
        authorization: 'Basic spoofed',
      },
    });
    expect(headers['cookie']).toBeUndefined();
    expect(headers['x-api-key']).toBeUndefined();
    expect(headers['x-forwarded-host']).toBeUndefined();
    expect(headers['x-forwarded-for']).toBeUndefined();
    const [recorded] = await platform.requests(`/service/platform/${echo}`);
    expect(recorded?.signature).toBe('valid');
  });
});

describe('what is refused before the platform is asked', () => {
  for (const path of [
    'catalog/v2.0/company/33/../34/products/',
    'catalog/v2.0/company/33/%2e%2e/34/products/',
    'catalog/v2.0/company/33/./products/',
    'catalog/v2.0/company/33//products/',
    'catalog/v2.0/company/33/a%5Cb',
    'catalog/v2.0/company/33/a%00b',
    'catalog/v2.0/company/33/a%0Ab',
    'catalog/v2.0/company/abc/products/',
    'catalog/v2.0/company/033/products/',
  ]) {
    test(`${path} is 400`, async () => {
      await platform.forgetRequests();
      const { status, body } = await raw(`/api/platform/${path}`);
      expect(status).toBe(400);
      expect(JSON.parse(body.toString())).toMatchObject({ code: 'invalid_request' });
      expect(await platform.requests('/service/')).toEqual([]);
    });
  }

  for (const path of [
    `company-profile/v1.0/company/${company}`,
    `configuration/v1.0/company/${company}/application`,
    'catalog/v2.0/products/',
    'catalog/company/33/products/',
    `catalog2/v1.0/company/${company}/products/`,
    'webhook/v1.0/events',
  ]) {
    test(`${path} is not covered by the scopes: route_not_allowed`, async () => {
      await platform.forgetRequests();
      expect(await browser.json(`/api/platform/${path}`)).toMatchObject({ status: 403, code: 'route_not_allowed' });
      expect(await platform.requests('/service/')).toEqual([]);
    });
  }

  test('another company than the session’s', async () => {
    await platform.forgetRequests();
    expect(await browser.json('/api/platform/catalog/v2.0/company/34/products/')).toMatchObject({
      code: 'session_required',
    });
    expect(await platform.requests('/service/')).toEqual([]);
  });
});

describe('what comes back', () => {
  test('bytes, status and type unchanged, as data that is never a page', async () => {
    const body = randomBytes(5_000);
    await platform.fault(
      { path: upstream },
      {
        status: 418,
        headers: {
          'content-type': 'text/html',
          'set-cookie': 'evil=1',
          'access-control-allow-origin': '*',
          'x-frame-options': 'ALLOWALL',
          'x-secret': 'CANARY-header',
        },
        body_base64: body.toString('base64'),
      },
    );
    const answer = await raw(products);
    expect(answer.status).toBe(418);
    expect(answer.body.equals(body)).toBe(true);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'private, no-cache',
    });
    for (const name of ['set-cookie', 'access-control-allow-origin', 'x-frame-options', 'x-secret']) {
      expect(answer.headers[name]).toBeUndefined();
    }
  });

  for (const status of [201, 204, 301, 302, 400, 404, 409, 422, 429, 500, 503]) {
    test(`the platform’s ${status}`, async () => {
      const redirect = status === 301 || status === 302 ? { location: 'https://elsewhere.test/x' } : {};
      await platform.fault(
        { path: upstream },
        { status, headers: { 'retry-after': '7', ...redirect }, body: status === 204 ? '' : `{"was":${status}}` },
      );
      const answer = await raw(products);
      expect(answer.status).toBe(status);
      expect(answer.headers['retry-after']).toBe('7');
      if (status !== 204) expect(answer.body.toString()).toBe(`{"was":${status}}`);
      if ('location' in redirect) expect(answer.headers.location).toBe('https://elsewhere.test/x');
    });
  }

  test('a 403 unchanged, with the scopes that this person lacks', async () => {
    const catalogManager = new Browser(world);
    await catalogManager.signIn(company, 'catalog');
    const answer = await catalogManager.fetch(`/api/platform/order/v1.0/company/${company}/shipments-listing`);
    expect(answer.status).toBe(403);
    expect(answer.headers.get('x-missing-scopes')).toBe('company/orders');
    expect(await answer.text()).not.toContain('request_id');
    const own = await catalogManager.fetch('/api/session');
    expect(own.status).toBe(200);
  });

  test('nothing usable: platform_error', async () => {
    for (const fault of [{ hang_up: 'before' }, { hang_up: 'mid-body' }]) {
      await platform.fault({ path: upstream }, fault);
      expect(await browser.json(products)).toMatchObject({ status: 502, code: 'platform_error' });
      await platform.clearFaults();
    }
  });

  test('a large text as it is, a larger one compressed, and one that cannot travel as response_too_large', async () => {
    const answer = (count: number, accept: string) => ({
      do: async () => {
        await platform.clearFaults();
        await platform.fault(
          { path: upstream },
          {
            status: 200,
            headers: { 'content-type': 'text/plain', 'cache-control': 'no-store' },
            body_repeat: { text: '0123456789abcdef', count },
          },
        );
        return await raw(products, { headers: { 'accept-encoding': accept } });
      },
    });
    const large = await answer(250_000, 'identity').do();
    expect([large.status, large.body.byteLength]).toEqual([200, 4_000_000]);
    const larger = await answer(600_000, 'gzip').do();
    expect([larger.status, larger.headers['content-encoding']]).toEqual([200, 'gzip']);
    const refused = await answer(600_000, 'identity').do();
    expect(refused.status).toBe(502);
    expect(JSON.parse(refused.body.toString())).toMatchObject({ code: 'response_too_large' });
  });
});

describe('trouble that passes', () => {
  const attempts = async (method: string) =>
    (await platform.requests(upstream)).filter((request) => request.method === method).length;

  test('a GET is tried once more, and answers as if nothing had been', async () => {
    for (const fault of [{ status: 503, body: 'busy' }, { hang_up: 'before' }]) {
      await platform.forgetRequests();
      await platform.fault({ path: upstream }, fault, 1);
      const answer = await raw(products, { headers: { 'cache-control': 'no-store' } });
      expect(answer.status).toBe(200);
      expect(await attempts('GET')).toBe(2);
    }
  });

  test('a POST is not', async () => {
    await platform.forgetRequests();
    await platform.fault({ path: upstream }, { hang_up: 'before' });
    const answer = await raw(products, {
      method: 'POST',
      body: Buffer.from('{}'),
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(502);
    expect(await attempts('POST')).toBe(1);
  });

  test('an answer that names a Retry-After is handed on at once', async () => {
    await platform.forgetRequests();
    await platform.fault({ path: upstream }, { status: 429, headers: { 'retry-after': '30' }, body: '{}' });
    const answer = await raw(products);
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '30']);
    expect(await attempts('GET')).toBe(1);
  });

  test('a platform that does not answer in 25 s is a platform_timeout', { timeout: 60_000 }, async () => {
    await platform.fault({ path: upstream }, { silent: true });
    const answer = await raw(products);
    expect(answer.status).toBe(504);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 'platform_timeout' });
  });
});
