import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ApiContext, api as makeApi } from '../../functions/runtime/api.ts';
import { AppError } from '../../shared/problems.ts';
import { gatewayEvent, type TestRequest } from './fixture/event.ts';
import { everywhere, signsIn, startWorld, type World } from './fixture/world.ts';

let world: World;
let api: typeof makeApi;
beforeAll(async () => {
  world = await startWorld();
  ({ api } = await import('../../functions/runtime/api.ts'));
});
afterAll(() => world.close());
afterEach(() => {
  world.platform.answer = signsIn;
  world.platform.requests.length = 0;
});

/** What a route of the author's answers to a person who is signed in, or to whoever sends the given cookie. */
async function ask(route: (context: ApiContext) => Promise<unknown>, request: Partial<TestRequest> = {}) {
  const { company, cookie } = await world.signIn();
  const event = gatewayEvent({ path: '/api/x', cookie, headers: { 'x-company-id': company }, ...request });
  return { company, answer: await world.send(api(route), event) };
}

describe('a route of the author', () => {
  test('is told who is signed in, by the session alone', async () => {
    const { company, answer } = await ask(({ company, user, scopes }) => Promise.resolve({ company, user, scopes }));
    expect(answer.json).toEqual({
      company,
      user: { id: 'u1', name: 'Asha Rao', email: 'asha@example.com' },
      scopes: ['company/orders', 'company/products'],
    });
    expect(answer.headers).toMatchObject({
      ...everywhere,
      'cache-control': 'private, no-cache',
      vary: 'Cookie, Authorization',
    });
    expect(answer.headers).not.toHaveProperty('cache-status');
  });

  test('is told of a sales channel what the caller claims, whosever it is', async () => {
    const claimed = '65a000000000000000990001';
    const { answer } = await ask((context) => Promise.resolve(context), {
      pathParameters: { application_id: claimed },
    });
    expect(answer.json).toMatchObject({ claimedApplication: claimed });
    expect(answer.json).not.toHaveProperty('application');
  });

  test('is not run for a session that does not count any more, nor for another site', async () => {
    let runs = 0;
    const route = () => Promise.resolve(++runs);
    const { company, cookie } = await world.signIn();
    await world.tables.putInstallation(company, { status: { S: 'uninstalled' } });
    expect((await ask(route, { cookie, headers: {} })).answer.json).toMatchObject({ code: 'session_expired' });
    expect((await ask(route, { cookie: '' })).answer.json).toMatchObject({ code: 'session_required' });
    expect((await ask(route, { method: 'POST', headers: {} })).answer.json).toMatchObject({
      code: 'cross_site_request',
    });
    expect(runs).toBe(0);
  });

  test('that returns nothing does not compile, and is a 204 with a warning in the log', async () => {
    const forgotten = (await ask(() => Promise.resolve())).answer;
    expect(forgotten).toMatchObject({ status: 204, text: '', log: { status: 204, warning: 'nothing_returned' } });
    const meant = () => Promise.resolve(new Response(null, { status: 204 }));
    const { answer } = await ask(meant);
    expect(answer).toMatchObject({ status: 204, text: '' });
    expect(answer.log).not.toHaveProperty('warning');

    // @ts-expect-error it returns nothing
    api(async ({ platform }) => {
      await platform.get('catalog/v2.0/company/{company_id}/products/');
    });
    // @ts-expect-error so does this one, always
    api(() => Promise.resolve(undefined));
    api(meant);
    api(({ platform }) => platform.get('catalog/v2.0/company/{company_id}/products/'));
    api(() => Promise.resolve(Math.random() > 1 ? { a: 1 } : undefined));
    api(() => Promise.reject(new Error('always')));
  });

  test('may answer a response of its own', async () => {
    const response = () =>
      new Response('a;b', { status: 201, headers: { 'content-type': 'text/csv', vary: 'Accept' } });
    const { answer } = await ask(() => Promise.resolve(response()));
    expect(answer).toMatchObject({ status: 201, text: 'a;b', headers: { 'content-type': 'text/csv' } });
  });

  test('may answer a response with several cookies of its own', async () => {
    const response = new Response('a', {
      headers: [
        ['set-cookie', 'a=1; Path=/'],
        ['set-cookie', 'b=2, 3'],
        ['x-a', '1'],
      ],
    });
    const { answer } = await ask(() => Promise.resolve(response));
    expect(answer.cookies).toEqual(['a=1; Path=/', 'b=2, 3']);
    expect([answer.headers['set-cookie'], answer.headers['x-a']]).toEqual([undefined, '1']);
  });

  for (const [coding, encode] of [
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
    ['zstd', zstdCompressSync],
  ] as const) {
    test(`may answer what it fetched: headers fit the bytes, whose ${coding} fetch undid`, async () => {
      // Begins like an empty Brotli stream.
      const text = '3;é';
      const headers = { 'content-type': 'text/csv', 'content-encoding': coding, connection: 'close' };
      world.platform.answer = () => ({ body: encode(text), headers });
      const url = `${world.cluster}/x`;
      const fetched = async () => await fetch(url);
      const wrapped = async () => {
        const response = await fetch(url);
        return new Response(response.body, response);
      };
      for (const route of [fetched, wrapped]) {
        const { answer } = await ask(route);
        expect(answer.text).toBe(text);
        expect(answer.headers).not.toHaveProperty('content-encoding');
        expect(answer.headers).not.toHaveProperty('content-length');
        expect(answer.headers).not.toHaveProperty('connection');
      }
    });

    test(`may answer bytes that it encoded itself as ${coding}`, async () => {
      const bytes = encode('a;b');
      const headers = { 'content-type': 'text/csv', 'content-encoding': coding };
      const { answer } = await ask(() => Promise.resolve(new Response(new Uint8Array(bytes), { headers })));
      expect(answer.headers['content-encoding']).toBe(coding);
      expect(Buffer.from(answer.text, 'latin1')).toEqual(bytes);
    });
  }

  test('may answer bytes in an encoding that nobody here knows', async () => {
    const { answer } = await ask(() =>
      Promise.resolve(new Response('a', { headers: { 'content-encoding': 'x-own' } })),
    );
    expect([answer.headers['content-encoding'], answer.text]).toEqual(['x-own', 'a']);
  });

  test('that knows GET answers HEAD as well, and is not told of another method', async () => {
    const methods: string[] = [];
    const route = ({ request: { method } }: ApiContext) => Promise.resolve(methods.push(method));
    expect((await ask(route, { method: 'HEAD' })).answer.status).toBe(200);
    expect(methods).toEqual(['GET']);
  });

  test('may answer a 304, whose headers say nothing about a body', async () => {
    const headers = { 'content-type': 'text/csv', 'content-encoding': 'br', etag: '"1"' };
    const { answer } = await ask(() => Promise.resolve(new Response(null, { status: 304, headers })));
    expect(answer).toMatchObject({ status: 304, text: '', headers: { etag: '"1"', vary: 'Cookie, Authorization' } });
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('content-'))).toEqual([]);
  });

  test('that returns what is no JSON says so in the log', async () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    for (const result of [circular, 1n, () => 1]) {
      const { answer } = await ask(() => Promise.resolve(result));
      expect([answer.status, answer.log['detail']]).toEqual([
        500,
        'What the handler returned cannot be written as JSON.',
      ]);
    }
  });

  test('reads the body as JSON, or refuses it', async () => {
    const route = ({ request }: ApiContext) => Promise.resolve({ given: request.json() });
    expect((await ask(route, { method: 'POST', body: '{"a":1}' })).answer.json).toEqual({ given: { a: 1 } });
    const base64 = { method: 'POST', body: Buffer.from('[2]').toString('base64'), isBase64Encoded: true };
    expect((await ask(route, base64)).answer.json).toEqual({ given: [2] });
    const large = { method: 'POST', body: '\ufeff{"uid":9007199254740993,"n":1e21,"s":"9007199254740993"}' };
    expect((await ask(route, large)).answer.json).toEqual({
      given: { uid: '9007199254740993', n: 1e21, s: '9007199254740993' },
    });
    for (const body of ['CANARY', '', '\ufeff']) {
      expect((await ask(route, { method: 'POST', body })).answer.json).toMatchObject({ code: 'invalid_request' });
    }
  });

  test('calls the platform as this person, repeats lists and leaves out what is undefined', async () => {
    const { answer } = await ask(async ({ platform, company }) => {
      const query = { page: 1, ids: ['a', 'b/c'], none: undefined, all: true };
      await platform.get(`catalog/v2.0/company/${company}/a b/`, { query });
      return await platform.post(`catalog/v2.0/company/${company}/x`, { body: { n: 1 } });
    });
    expect(answer.json).toEqual({ items: [] });
    const [get, post] = world.platform.requests;
    expect(get?.url.endsWith('/a%20b/?page=1&ids=a&ids=b%2Fc&all=true')).toBe(true);
    expect(get?.headers['authorization']).toBe('Bearer CANARY-online-token');
    expect([post?.method, String(post?.body), post?.headers['content-type']]).toEqual([
      'POST',
      '{"n":1}',
      'application/json',
    ]);
    expect(answer.headers['cache-status']).toBe('user-cache; fwd=uri-miss; stored');
  });

  test('cannot reach another company', async () => {
    const { answer } = await ask(({ platform }) => platform.get('catalog/v2.0/company/7/products/'));
    expect(answer.json).toMatchObject({ status: 403, code: 'tenant_mismatch' });
    expect(world.platform.requests).toEqual([]);
  });

  test('cannot reach a service that is not for people', async () => {
    const { answer } = await ask(({ platform, company }) => platform.get(`webhook/v1.0/company/${company}/subscriber`));
    expect(answer.json).toMatchObject({ status: 403, code: 'route_not_allowed' });
    expect(world.platform.requests).toEqual([]);
  });

  test('may refuse, and may take what the platform refuses for an answer', async () => {
    const refusing = () => Promise.reject(new AppError('not_found', 'There is no such thing.'));
    expect((await ask(refusing)).answer.json).toMatchObject({ status: 404, code: 'not_found' });
    world.platform.answer = () => ({
      status: 409,
      body: '{"message":"taken"}',
      headers: { 'content-type': 'text/html' },
    });
    const route = ({ platform, company }: ApiContext) =>
      platform.post(`catalog/v2.0/company/${company}/x`, { body: {} });
    const { answer } = await ask(route, { method: 'POST' });
    expect(answer).toMatchObject({ status: 409, text: '{"message":"taken"}' });
    expect(answer.headers['content-security-policy']).toBe("default-src 'none'; sandbox");
    const caught = await ask((context) => route(context).catch((error: Error) => ({ caught: error.message })));
    expect(caught.answer.json).toEqual({ caught: 'The platform answered 409 to POST catalog/v2.0/company/*/x.' });
  });

  for (const status of [300, 302, 304, 307]) {
    test(`is not given a ${status} of the platform for an answer`, async () => {
      world.platform.answer = () => ({ status, headers: { location: 'https://elsewhere.example/' } });
      const route = ({ platform, company }: ApiContext) =>
        platform
          .get(`catalog/v2.0/company/${company}/x`)
          .catch((error: Error) => ({ name: error.name, caught: error.message }));
      expect((await ask(route)).answer.json).toEqual({
        name: 'PlatformResponseError',
        caught: `The platform answered ${status} to GET catalog/v2.0/company/*/x.`,
      });
    });
  }

  test('is given ids that no number holds as text, and reads compressed answers', async () => {
    const body =
      '\ufeff{"items":[{"uid":9007199254740993},{"uid":9007199254740992},{"uid":7,"price":10.0,"rate":1e21}]}';
    const route = ({ platform, company }: ApiContext) => platform.get(`catalog/v2.0/company/${company}/x`);
    const items = [{ uid: '9007199254740993' }, { uid: '9007199254740992' }, { uid: 7, price: 10, rate: 1e21 }];
    for (const answer of [{ body }, { body: gzipSync(body), headers: { 'content-encoding': 'gzip' } }]) {
      world.platform.answer = () => answer;
      expect((await ask(route)).answer.json).toEqual({ items });
    }
  });

  test('is not given an answer of more than 8 MiB, however few bytes it came in', async () => {
    const route = async ({ platform, company }: ApiContext) => {
      return (await platform.get<unknown[]>(`catalog/v2.0/company/${company}/x`)).length;
    };
    for (const [count, outcome] of [
      [4_000_000, 4_000_000],
      [4_200_000, { status: 502, code: 'response_too_large' }],
    ] as const) {
      const body = gzipSync(`[${'0,'.repeat(count - 1)}0]`);
      world.platform.answer = () => ({ body, headers: { 'content-encoding': 'gzip' } });
      const { answer } = await ask(route);
      expect(answer.json).toEqual(typeof outcome === 'number' ? outcome : expect.objectContaining(outcome));
    }
  });

  test('may answer more than fits as it is, where the browser takes it compressed', async () => {
    const items = Array.from({ length: 900_000 }, () => ({ a: 'b' }));
    const { company, cookie } = await world.signIn();
    const route = api(() => Promise.resolve(items));
    const result = await route(gatewayEvent({ path: '/api/x', cookie, headers: { 'x-company-id': company } }));
    expect(result).toMatchObject({
      statusCode: 200,
      isBase64Encoded: true,
      headers: { 'content-encoding': 'gzip', vary: 'Cookie, Authorization, Accept-Encoding' },
    });
    const identity = { 'x-company-id': company, 'accept-encoding': 'identity' };
    expect((await ask(() => Promise.resolve(items), { cookie, headers: identity })).answer.json).toMatchObject({
      code: 'response_too_large',
    });
  });

  test('that breaks is 500, and shows nobody why', async () => {
    const { answer } = await ask(() => Promise.reject(new TypeError('CANARY-message')));
    expect(answer.json).toMatchObject({ status: 500, code: 'internal' });
    expect(answer.log).toMatchObject({ level: 'error', error: 'TypeError', at: expect.any(Array) });
  });
});
