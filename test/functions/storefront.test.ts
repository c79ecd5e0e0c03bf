import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { handler as AutoInstall } from '../../functions/auto-install.ts';
import type { storefront as makeStorefront, StorefrontContext } from '../../functions/runtime/storefront.ts';
import type { handler as Fallback } from '../../functions/storefront.ts';
import { signatureDate, signV2 } from '../../shared/fynd/signature.ts';
import { baseUrl } from '../shared/fixture/extension.ts';
import { gatewayEvent, type TestRequest } from './fixture/event.ts';
import { everywhere, signsIn, startWorld, type World } from './fixture/world.ts';

let world: World;
let storefront: typeof makeStorefront;
let fallback: typeof Fallback;
let autoInstall: typeof AutoInstall;
beforeAll(async () => {
  world = await startWorld();
  ({ storefront } = await import('../../functions/runtime/storefront.ts'));
  ({ handler: fallback } = await import('../../functions/storefront.ts'));
  ({ handler: autoInstall } = await import('../../functions/auto-install.ts'));
});
afterAll(() => world.close());
afterEach(() => {
  world.platform.answer = signsIn;
  world.platform.requests.length = 0;
});

const secret = 'CANARY-api-secret';
const application = '65a000000000000000000001';

async function installed(): Promise<string> {
  const company = world.tables.newCompany();
  const body = JSON.stringify({ company_id: company, code: 'CANARY-code' });
  await world.send(autoInstall, gatewayEvent({ method: 'POST', path: '/fp/auto_install', body }));
  world.platform.requests.length = 0;
  world.tables.calls.length = 0;
  return company;
}

const channelOf = (company: unknown) => ({
  'x-application-data': JSON.stringify({ _id: application, token: 'CANARY-app', name: 'Shop', company_id: company }),
});

interface Forwarded extends Partial<TestRequest> {
  readonly at?: Date;
  readonly key?: string;
  /** Path and query as the platform signs them: escaped. */
  readonly signedAs?: string;
}

/** What the platform forwards, signed as the official library verifies it. */
function forwarded({ at = new Date(), key = secret, signedAs, ...request }: Forwarded) {
  const { method = 'GET', path = '/ext/wishlist/7', query = '', headers = {}, body } = request;
  const date = signatureDate(at);
  const signed = { host: new URL(baseUrl).host, 'x-fp-date': date, ...headers };
  const target = signedAs ?? (query === '' ? path : `${path}?${query}`);
  const bytes = body === undefined ? undefined : Buffer.from(body, request.isBase64Encoded ? 'base64' : 'utf8');
  const signature = signV2({ method, target, headers: signed, body: bytes }, date, key);
  // The gateway's own host, as behind a domain or a tunnel.
  const sent = { ...signed, host: 'abc.execute-api.example', 'x-fp-signature': signature };
  return gatewayEvent({ ...request, path, headers: sent });
}

async function ask(handle: (context: StorefrontContext) => Promise<unknown>, request: Forwarded = {}) {
  return await world.send(storefront(handle), forwarded(request));
}

describe('a call that the platform forwards for a shopper', () => {
  test('is given the sales channel, the company and the shopper, and is nobody else’s to keep', async () => {
    const company = await installed();
    const headers = { ...channelOf(Number(company)), 'x-user-data': '{"_id":"s1","first_name":"Ravi"}' };
    const answer = await ask(
      ({ company, application, shopper, request }) =>
        Promise.resolve({ company, application, shopper, id: request.pathParameters['id'] }),
      { headers, pathParameters: { id: '7' }, cookie: '__Host-ext_session_1=CANARY-cookie' },
    );
    expect([answer.status, answer.json]).toEqual([
      200,
      { company, application: { id: application, name: 'Shop' }, shopper: { _id: 's1', first_name: 'Ravi' }, id: '7' },
    ]);
    expect(answer.headers).toMatchObject({ ...everywhere, 'cache-control': 'private, no-store' });
    expect(Object.keys(answer.headers).filter((name) => /^access-control|^vary$/.test(name))).toEqual([]);
    expect(answer.log).toMatchObject({ company_id: company, status: 200 });
  });

  test('acts as the company and as a visitor, for one read of the company’s row', async () => {
    const company = await installed();
    const answer = await ask(
      async ({ platform, storefront: visitor }) => {
        await platform.get(`catalog/v2.0/company/${company}/products/`);
        await visitor.get('catalog/v1.0/products/', { query: { q: 'tea' } });
        return { done: true };
      },
      { headers: channelOf(company) },
    );
    expect(answer.status).toBe(200);
    const visitor = Buffer.from(`${application}:CANARY-app`).toString('base64');
    expect(world.platform.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      [`/service/platform/catalog/v2.0/company/${company}/products/`, 'Bearer CANARY-offline-token'],
      ['/service/application/catalog/v1.0/products/?q=tea', `Bearer ${visitor}`],
    ]);
    expect(world.tables.calls.map(({ operation }) => operation)).toEqual(['GetItem']);
  });

  test('has no shopper where nobody is signed in', async () => {
    const company = await installed();
    for (const userData of [undefined, '', 'null', '{}']) {
      const headers = { ...channelOf(company), ...(userData === undefined ? {} : { 'x-user-data': userData }) };
      const answer = await ask(({ shopper }) => Promise.resolve({ isAnybody: shopper !== undefined }), { headers });
      expect([userData, answer.json]).toEqual([userData, { isAnybody: false }]);
    }
  });

  test('is signed over method, path, query, headers and the bytes of any body', async () => {
    const company = await installed();
    const headers = channelOf(company);
    const bytes = Buffer.from([0xff, 0x00, 0x7b, 0x0a]).toString('base64');
    const post = { method: 'POST', headers, query: 'b=2&a=%20x&a=', body: bytes, isBase64Encoded: true };
    const length = ({ request }: StorefrontContext) => Promise.resolve({ bytes: request.body?.byteLength });
    expect((await ask(length, post)).json).toEqual({ bytes: 4 });
    const event = forwarded(post);
    const others = [
      { ...event, requestContext: { ...event.requestContext, http: { ...event.requestContext.http, method: 'PUT' } } },
      { ...event, rawPath: '/ext/wishlist/8' },
      { ...event, rawQueryString: 'a=%20x&b=2' },
      { ...event, body: Buffer.from('{}').toString('base64') },
      { ...event, headers: { ...event.headers, ...channelOf('2') } },
      { ...event, headers: { ...event.headers, 'x-user-data': '{"_id":"s2"}' } },
      forwarded({ ...post, key: 'CANARY-other' }),
    ];
    let runs = 0;
    for (const other of others) {
      const answer = await world.send(
        storefront(() => Promise.resolve(++runs)),
        other,
      );
      expect([answer.status, answer.json['code']]).toEqual([403, 'signature_mismatch']);
    }
    expect(runs).toBe(0);
  });

  test('is verified whatever its path holds that a gateway hands over as it was', async () => {
    const company = await installed();
    const headers = channelOf(company);
    for (const [path, signedAs] of [
      ['/ext/wishlist/a b', '/ext/wishlist/a%20b'],
      ['/ext/wishlist/é', '/ext/wishlist/%C3%A9'],
      ['/ext/wishlist/50%', '/ext/wishlist/50%25'],
      ['/ext/wishlist/%20', '/ext/wishlist/%2520'],
      ['/ext/wishlist/a+b=c&d', '/ext/wishlist/a+b=c&d'],
    ] as const) {
      const answer = await ask(() => Promise.resolve({}), { path, signedAs, headers });
      expect([path, answer.status]).toEqual([path, 200]);
    }
    const slash = await ask(() => Promise.resolve({}), { path: '/ext/a/b', signedAs: '/ext/a%2Fb', headers });
    expect([slash.status, slash.json['detail']]).toEqual([403, expect.stringContaining('escaped cannot be verified')]);
  });

  test('is refused where one signature is good for several paths', async () => {
    const headers = channelOf(await installed());
    for (const [path, signedAs] of [
      ['/ext/wishlist/..', '/ext'],
      ['/ext/wishlist/.', '/ext/wishlist'],
      ['/ext/other/../wishlist/7', '/ext/wishlist/7'],
      ['/ext//wishlist/7', '/ext/wishlist/7'],
    ] as const) {
      const answer = await ask(() => Promise.resolve({}), { path, signedAs, headers });
      expect([path, answer.status, answer.json['code']]).toEqual([path, 400, 'invalid_request']);
    }
    for (const path of ['/ext/wishlist/...', '/ext/wishlist/.a', '/ext/wishlist/7/']) {
      expect((await ask(() => Promise.resolve({}), { path, headers, query: 'a=/../b//' })).status).toBe(200);
    }
  });

  test.each([
    [401, 'signature_required', 'no signature', { 'x-fp-signature': '' }],
    [400, 'signature_expired', 'no date', { 'x-fp-date': '' }],
    [400, 'signature_expired', 'a date that is none', { 'x-fp-date': '2026-07-10' }],
  ])('with %i %s is refused: %s', async (status, code, _what, changed) => {
    const event = forwarded({ headers: channelOf(await installed()) });
    const answer = await world.send(
      storefront(() => Promise.resolve({})),
      { ...event, headers: { ...event.headers, ...changed } },
    );
    expect([answer.status, answer.json['code']]).toEqual([status, code]);
  });

  test('is good for five minutes around its date', async () => {
    const headers = channelOf(await installed());
    for (const [seconds, status] of [
      [-290, 200],
      [290, 200],
      [-310, 400],
      [310, 400],
    ] as const) {
      const at = new Date(Date.now() + seconds * 1_000);
      expect([seconds, (await ask(() => Promise.resolve({}), { headers, at })).status]).toEqual([seconds, status]);
    }
  });

  test.each([
    ['x-application-data', ''],
    ['x-application-data', 'CANARY'],
    ['x-application-data', '[]'],
    ['x-application-data', '{"_id":"65a000000000000000000001"}'],
    ['x-application-data', '{"_id":"7","company_id":1}'],
    ['x-application-data', '{"_id":"65a000000000000000000001","company_id":["1"]}'],
    ['x-application-data', '{"_id":"65a000000000000000000001","company_id":"01"}'],
    ['x-application-data', '{"_id":"65a000000000000000000001","company_id":"__proto__"}'],
    ['x-user-data', 'CANARY'],
    ['x-user-data', '["s1"]'],
  ])('whose %s is %s is refused by name', async (name, value) => {
    const headers = { ...channelOf('1'), [name]: value };
    const answer = await ask(() => Promise.resolve({}), { headers });
    expect([answer.status, answer.json['code']]).toEqual([400, 'invalid_request']);
    expect(answer.json['detail']).toContain(name);
  });

  test('of a company that is not installed is 409', async () => {
    const answer = await ask(() => Promise.resolve({}), { headers: channelOf(world.tables.newCompany()) });
    expect([answer.status, answer.json['code']]).toEqual([409, 'installation_required']);
  });

  test('does not tell a shopper what the platform refused the company', async () => {
    const company = await installed();
    for (const [status, sent, code] of [
      [403, 502, 'platform_error'],
      [500, 502, 'platform_error'],
    ] as const) {
      world.platform.answer = () => ({ status, body: { message: 'CANARY-refusal' } });
      const answer = await ask(
        ({ platform }) => platform.get('order/v1.0/company/1/x'.replace('1/x', `${company}/x`)),
        {
          headers: channelOf(company),
        },
      );
      expect([answer.status, answer.json['code']]).toEqual([sent, code]);
      expect(answer.log).toMatchObject({
        code,
        platform_status: status,
        platform_request: 'GET order/v1.0/company/*/x',
      });
    }
  });
});

describe('a path without a handler', () => {
  test('is 404 where the platform forwarded it, and tells nobody else anything', async () => {
    const headers = channelOf('1');
    expect((await world.send(fallback, forwarded({ path: '/ext/nowhere', headers }))).json).toMatchObject({
      status: 404,
      code: 'not_found',
    });
    const unsigned = await world.send(fallback, gatewayEvent({ path: '/ext/nowhere', headers }));
    expect([unsigned.status, unsigned.json['code']]).toEqual([401, 'signature_required']);
  });
});
