import { brotliDecompressSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { companyTenant } from '../../../shared/tenant.ts';
import { startCaller } from '../fixture/cached-calls.ts';
import { startTables, type TestTables } from '../fixture/dynamodb.ts';
import { liveSession, testExtension } from '../fixture/extension.ts';
import { fakeHttpClient } from '../fixture/http-client.ts';
import { problemOf } from '../fixture/problem.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

/** A platform whose every answer is another one. */
const counting = (headers: Record<string, string> = {}) =>
  fakeHttpClient((_, number) => ({
    headers: { 'content-type': 'application/json', ...headers },
    body: `{"n":${number}}`,
  }));

describe('a GET through the cache', () => {
  test('asks DynamoDB twice and the platform once on a miss, and DynamoDB once on a hit', async () => {
    const httpClient = counting({ 'set-cookie': 'a=CANARY', 'access-control-allow-origin': '*', 'x-request-id': 'r1' });
    const caller = await startCaller(tables, httpClient);
    const miss = await caller.call();
    expect(miss).toEqual({
      status: 200,
      headers: {
        'content-type': 'application/json',
        'x-request-id': 'r1',
        'cache-status': 'user-cache; fwd=uri-miss; stored',
      },
      body: Buffer.from('{"n":1}'),
    });
    expect(caller.dynamoDbCalls()).toEqual(['BatchGetItem', 'PutItem']);
    caller.wait(3);
    const hit = await caller.call();
    expect(hit).toEqual({ ...miss, headers: { ...miss.headers, 'cache-status': 'user-cache; hit; ttl=57' } });
    expect(caller.dynamoDbCalls()).toEqual(['BatchGetItem']);
    expect(httpClient.requests).toHaveLength(1);
  });

  test('goes out with this person’s token, what the platform needs and nothing else of the browser’s', async () => {
    const httpClient = counting();
    const caller = await startCaller(tables, httpClient);
    await caller.call({
      rawQuery: 'b=2&a=1&a=%20',
      headers: {
        accept: 'application/json',
        authorization: 'Bearer CANARY-of-the-page',
        cookie: 'CANARY-cookie',
        host: 'extension.example',
        origin: 'https://extension.example',
        'x-company-id': '1',
        'x-forwarded-for': '10.0.0.1',
        'if-none-match': '"browser"',
        'if-modified-since': 'yesterday',
        'accept-encoding': 'br',
      },
    });
    const [request] = httpClient.requests;
    expect(request?.target).toBe(`/service/platform/catalog/v2.0/company/${caller.company}/products/?b=2&a=1&a=%20`);
    expect(request?.headers).toEqual({
      accept: 'application/json',
      'accept-encoding': 'identity',
      host: 'api.fynd.com',
      authorization: 'Bearer CANARY-online-token',
      'user-agent': 'fynd-extension-serverless',
      'x-fp-date': expect.stringMatching(/^\d{8}T\d{6}Z$/),
      'x-fp-signature': expect.stringMatching(/^v1\.1:[0-9a-f]{64}$/),
    });
  });

  test('is another one for another path, query, language or currency', async () => {
    const httpClient = counting();
    const caller = await startCaller(tables, httpClient);
    const variants = [
      {},
      { path: `catalog/v2.0/company/${caller.company}/products` },
      { rawQuery: 'page_no=1' },
      { rawQuery: 'page_no=01' },
      { rawQuery: 'a=1&b=2' },
      { rawQuery: 'b=2&a=1' },
      { headers: { 'accept-language': 'hi' } },
      { headers: { 'x-currency-code': 'USD' } },
      { headers: { accept: 'text/csv' } },
    ];
    for (const variant of variants) expect(await caller.get(variant)).toContain('uri-miss');
    for (const [index, variant] of variants.entries()) {
      const answer = await caller.call(variant);
      expect(answer.headers['cache-status']).toContain('hit');
      expect(String(answer.body)).toBe(`{"n":${index + 1}}`);
    }
  });

  test('never gets what another person, installation or set of permissions got', async () => {
    const httpClient = fakeHttpClient(({ headers }) => ({ body: `for ${headers['authorization']}` }));
    const caller = await startCaller(tables, httpClient);
    const user = (id: string) => ({ id, name: id, email: undefined });
    const people = [
      { user: user('u1') },
      { user: user('u2') },
      { user: user('u1#g1') },
      { user: user('u1'), scopes: ['company/products'] },
      { user: user('u1'), scopes: [] },
    ].map((session, index) => ({ ...session, accessToken: `CANARY-token-${index}` }));
    for (let round = 0; round < 2; round++) {
      for (const session of people) {
        const answer = await caller.call({ session });
        expect(answer.headers['cache-status']).toContain(round === 0 ? 'uri-miss' : 'hit');
        expect(String(answer.body)).toBe(`for Bearer ${session.accessToken}`);
      }
    }
    await tables.putInstallation(caller.company, { generation: { N: '2' } });
    const session = { ...people[0], generation: 2, accessToken: 'CANARY-token-g2' };
    expect(String((await caller.call({ session })).body)).toBe('for Bearer CANARY-token-g2');
  });

  test('of another cluster is another one', async () => {
    const caller = await startCaller(tables, counting());
    await caller.call();
    const extension = testExtension({ cluster: 'https://api.other.example' });
    expect(await caller.get({ extension })).toContain('uri-miss');
  });

  test('answers although the answer cannot be stored, and says so to the log', async () => {
    const caller = await startCaller(tables, counting());
    const put = () => Promise.reject(new Error('DynamoDB is not to be reached.'));
    const view = tables.userCache.view.bind(tables.userCache);
    const userCache = { view, moveEpoch: put, moveEpochOf: put, beginEpochOf: put, put };
    const answer = await caller.call({ userCache });
    expect(answer).toMatchObject({ status: 200, warning: 'response_not_stored' });
    expect(answer.headers['cache-status']).toBe('user-cache; fwd=uri-miss');
  });

  test('says that an answer is too large to be stored', async () => {
    let seed = 1;
    const noise = Array.from({ length: 600_000 }, () => {
      seed = (seed * 16_807) % 2_147_483_647;
      return String.fromCharCode(33 + (seed % 90));
    }).join('');
    const caller = await startCaller(
      tables,
      fakeHttpClient(() => ({ body: noise })),
    );
    expect(await caller.get()).toBe('user-cache; fwd=uri-miss; detail=too-large');
    expect(caller.dynamoDbCalls()).toEqual(['BatchGetItem']);
    expect(await caller.get()).toContain('uri-miss');
  });

  test('stores large answers compressed and hands them on as they were', async () => {
    const body = JSON.stringify({ items: Array.from({ length: 5_000 }, (_, id) => ({ id, name: `Product é ${id}` })) });
    const caller = await startCaller(
      tables,
      fakeHttpClient(() => ({ body })),
    );
    await caller.call();
    const hit = await caller.call();
    expect(hit.headers['cache-status']).toContain('hit');
    expect(String(hit.body)).toBe(body);
    const item = (await tables.items()).find((each) => each['pk']?.S?.startsWith(`company#${caller.company}#`));
    expect(item?.['body']?.B?.byteLength).toBeLessThan(body.length / 4);
  });

  test('hands them on compressed, whether fetched, kept or revalidated, to whoever takes Brotli', async () => {
    const body = JSON.stringify({ items: Array.from({ length: 500 }, (_, id) => ({ id, name: `Product é ${id}` })) });
    const caller = await startCaller(
      tables,
      fakeHttpClient(({ headers }) =>
        headers['if-none-match'] === undefined ? { headers: { etag: '"1"' }, body } : { status: 304 },
      ),
    );
    const headers = { 'accept-encoding': 'br' };
    const answers = [await caller.call({ headers }), await caller.call({ headers })];
    caller.wait(61);
    answers.push(await caller.call({ headers }));
    const statuses = answers.map((answer) => answer.headers['cache-status']);
    expect(statuses).toEqual([
      'user-cache; fwd=uri-miss; stored',
      'user-cache; hit; ttl=60',
      'user-cache; fwd=stale; fwd-status=304',
    ]);
    for (const answer of answers) {
      expect(answer.headers).toMatchObject({ etag: '"1"', 'content-encoding': 'br' });
      expect(String(brotliDecompressSync(answer.body))).toBe(body);
    }
    const plain = await caller.call();
    expect(plain.headers).not.toHaveProperty('content-encoding');
    expect(String(plain.body)).toBe(body);
  });

  test('leaves an answer as it is that the platform wants to be left so', async () => {
    const caller = await startCaller(
      tables,
      fakeHttpClient(() => ({ headers: { 'cache-control': 'max-age=60, no-transform' }, body: 'x'.repeat(5_000) })),
    );
    for (let round = 0; round < 2; round++) {
      const answer = await caller.call({ headers: { 'accept-encoding': 'br' } });
      expect(answer.headers).not.toHaveProperty('content-encoding');
      expect(String(answer.body)).toBe('x'.repeat(5_000));
    }
  });

  test('leaves an answer as it is that the platform compressed unasked', async () => {
    const body = gzipSync('x'.repeat(5_000), { level: 0 });
    const caller = await startCaller(
      tables,
      fakeHttpClient(() => ({ headers: { 'content-encoding': 'gzip' }, body })),
    );
    for (let round = 0; round < 2; round++) {
      const answer = await caller.call({ headers: { 'accept-encoding': 'gzip, br' } });
      expect(answer.headers['content-encoding']).toBe('gzip');
      expect(answer.body).toEqual(body);
    }
  });
});

describe('a session that does not count any more', () => {
  for (const method of ['GET', 'HEAD', 'POST']) {
    test(`gets nothing by ${method}: neither out of the cache nor from the platform`, async () => {
      const httpClient = counting();
      const caller = await startCaller(tables, httpClient);
      await caller.call();
      for (const over of [
        () => tables.putInstallation(caller.company, { status: { S: 'uninstalled' } }),
        () => tables.putInstallation(caller.company, { generation: { N: '2' } }),
        () => tables.putInstallation(caller.company, { sessionsValidFromMs: { N: String(Date.now()) } }),
      ]) {
        await over();
        expect(await problemOf(caller.call({ method }))).toMatchObject({ code: 'session_expired' });
      }
      await tables.putInstallation(caller.company);
      await tables.userCache.signOut(liveSession({ tenant: companyTenant(caller.company) }), new Date());
      expect(await problemOf(caller.call({ method }))).toMatchObject({ code: 'session_expired' });
      expect(httpClient.requests).toHaveLength(1);
    });
  }

  test('is one that the platform answers with 401', async () => {
    for (const method of ['GET', 'POST', 'OPTIONS']) {
      const caller = await startCaller(
        tables,
        fakeHttpClient(() => ({ status: 401, body: 'CANARY' })),
      );
      const refusal = await problemOf(caller.call({ method }));
      expect(refusal).toMatchObject({ code: 'session_expired', status: 401 });
      expect(refusal.message).not.toContain('CANARY');
    }
  });
});

describe('a path that names another company', () => {
  test('is a tenant_mismatch, whichever it is, and nobody is asked', async () => {
    const httpClient = counting();
    const caller = await startCaller(tables, httpClient);
    for (const other of [`${caller.company}0`, `0${caller.company}`, ` ${caller.company}`, 'x', '']) {
      for (const method of ['GET', 'POST', 'HEAD']) {
        const refusal = await problemOf(caller.call({ method, path: `catalog/v2.0/company/${other}` }));
        expect(refusal).toMatchObject({ code: 'tenant_mismatch', status: 403 });
      }
    }
    expect([httpClient.requests.length, caller.dynamoDbCalls()]).toEqual([0, []]);
  });
});

describe('a service that is not for people', () => {
  test('is a route_not_allowed whatever the scopes cover, and nobody is asked', async () => {
    const httpClient = counting();
    const caller = await startCaller(tables, httpClient, testExtension({ scopes: ['company/*'] }));
    for (const service of ['webhook', 'Partners', '%77ebhook']) {
      for (const method of ['GET', 'PUT', 'HEAD']) {
        const path = `${service}/v1.0/company/${caller.company}/subscriber`;
        const refusal = await problemOf(caller.call({ method, path }));
        expect(refusal).toMatchObject({ code: 'route_not_allowed', status: 403 });
      }
    }
    expect([httpClient.requests.length, caller.dynamoDbCalls()]).toEqual([0, []]);
  });
});

describe('a 403 of the platform', () => {
  test('passes unchanged, with the scopes that the person lacks', async () => {
    const caller = await startCaller(
      tables,
      fakeHttpClient(() => ({ status: 403, body: '{"message":"no"}' })),
    );
    const lacking = await caller.call({ session: { scopes: ['company/products'] } });
    expect(lacking).toMatchObject({ status: 403, body: Buffer.from('{"message":"no"}') });
    expect(lacking.headers['x-missing-scopes']).toBe('company/orders');
    expect((await caller.call()).headers).not.toHaveProperty('x-missing-scopes');
  });
});
