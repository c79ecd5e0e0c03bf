import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { startCaller } from '../fixture/cached-calls.ts';
import { startTables, type TestTables } from '../fixture/dynamodb.ts';
import { testExtension } from '../fixture/extension.ts';
import { type FakeAnswer, fakeHttpClient } from '../fixture/http-client.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

async function twice(
  answer: FakeAnswer,
  options: { seconds?: number; extension?: ReturnType<typeof testExtension> } = {},
) {
  const httpClient = fakeHttpClient(() => ({ body: '{}', ...answer }));
  const caller = await startCaller(tables, httpClient, options.extension);
  const first = await caller.get();
  caller.wait(options.seconds ?? 1);
  return [first, await caller.get()];
}

const miss = 'user-cache; fwd=uri-miss';
const stored = `${miss}; stored`;

describe('how long an answer is fresh', () => {
  test('is the default of the configuration where the platform says nothing', async () => {
    expect(await twice({}, { seconds: 59 })).toEqual([stored, 'user-cache; hit; ttl=1']);
    expect(await twice({}, { seconds: 61 })).toEqual([stored, stored]);
  });

  test('is what a rule of the configuration says; the first that matches counts', async () => {
    const rules = [
      { route: 'GET catalog/v2.0/**', ttlSeconds: 10 },
      { route: 'GET catalog/**', ttlSeconds: 1_000 },
    ] as const;
    const extension = testExtension({ cache: { rules } });
    expect(await twice({}, { extension, seconds: 9 })).toEqual([stored, 'user-cache; hit; ttl=1']);
    expect(await twice({}, { extension, seconds: 11 })).toEqual([stored, stored]);
  });

  test('is what the platform says, whatever the configuration says', async () => {
    expect(await twice({ headers: { 'cache-control': 'max-age=5' } })).toEqual([stored, 'user-cache; hit; ttl=4']);
    expect(await twice({ headers: { 'cache-control': 'private, max-age=600' } }, { seconds: 100 })).toEqual([
      stored,
      'user-cache; hit; ttl=500',
    ]);
    expect(await twice({ headers: { 'cache-control': 'max-age=100', age: '90' } }, { seconds: 1 })).toEqual([
      stored,
      'user-cache; hit; ttl=9',
    ]);
    expect(await twice({ headers: { 'cache-control': 'max-age=10000000' } })).toEqual([
      stored,
      `user-cache; hit; ttl=${86_400 - 1}`,
    ]);
    for (const cacheControl of ['Max-Age=300', 'PRIVATE, MAX-AGE=300', 'max-age="300"', 'x="no-store", max-age=300']) {
      expect(await twice({ headers: { 'cache-control': cacheControl } }, { seconds: 100 })).toEqual([
        stored,
        'user-cache; hit; ttl=200',
      ]);
    }
  });

  test('is the default where the platform only names directives that begin or end like those of HTTP', async () => {
    for (const cacheControl of ['x-no-store', 'x-max-age=0, no-cachet', 'x="a, no-store, max-age=0"']) {
      expect(await twice({ headers: { 'cache-control': cacheControl } })).toEqual([stored, 'user-cache; hit; ttl=59']);
    }
    expect(await twice({ status: 404, headers: { 'cache-control': 'x-max-age=30' } })).toEqual([miss, miss]);
  });

  for (const headers of [
    { 'cache-control': 'no-store' },
    { 'cache-control': 'private, no-store, max-age=60' },
    { 'cache-control': 'no-cache' },
    { 'cache-control': 'max-age=0' },
    { 'cache-control': 'No-Store' },
    { 'cache-control': 'No-Cache, max-age=300' },
    { 'cache-control': 'NO-STORE, Max-Age=300' },
    { 'cache-control': 'no-cache="x-a, x-b", max-age=300' },
    { 'cache-control': 'max-age=300, Max-Age=0' },
    { 'cache-control': 'max-age=soon' },
    { pragma: 'No-Cache', expires: 'Fri, 01 Jan 2100 00:00:00 GMT' },
    { pragma: 'no-cache' },
    { expires: '0' },
    { expires: 'Thu, 01 Jan 1970 00:00:00 GMT' },
    { vary: '*' },
  ] as Record<string, string>[]) {
    test(`is no time at all where the platform says ${JSON.stringify(headers)}`, async () => {
      const answers = await twice({ headers });
      expect(answers[1]).not.toContain('hit');
    });
  }

  test('is no reason to store an answer that the platform forbids to be stored, in any case', async () => {
    for (const cacheControl of ['No-Store', 'private, NO-STORE, Max-Age=60']) {
      expect(await twice({ headers: { 'cache-control': cacheControl, etag: '"1"' } })).toEqual([miss, miss]);
    }
  });

  for (const status of [201, 204, 206, 301, 302, 400, 404, 405, 410, 429, 500, 503]) {
    test(`is no time at all for a ${status} about whose keeping HTTP says nothing`, async () => {
      const headers = { 'retry-after': '1', etag: '"1"', 'last-modified': 'Wed, 01 Jul 2026 00:00:00 GMT' };
      expect(await twice({ status, headers })).toEqual([miss, miss]);
    });
  }

  test('is what HTTP marks explicitly, for a 404 too', async () => {
    expect(await twice({ status: 404, headers: { 'cache-control': 'max-age=30' } })).toEqual([
      stored,
      'user-cache; hit; ttl=29',
    ]);
  });

  test('is over where it was stored in the future, as a clock that was set back has it', async () => {
    const httpClient = fakeHttpClient((_, number) => ({ body: `${number}` }));
    for (const headers of [{}, { age: '86400', 'cache-control': 'max-age=90000' }]) {
      expect(await twice({ headers }, { seconds: -3 * 3_600 })).toEqual([stored, stored]);
      expect(await twice({ headers: { ...headers, etag: '"1"' } }, { seconds: -1 })).toEqual([stored, stored]);
    }
    const caller = await startCaller(tables, httpClient);
    await caller.call();
    caller.wait(-10_000);
    expect(String((await caller.call()).body)).toBe('2');
    expect(await caller.get()).toBe('user-cache; hit; ttl=60');
  });

  test('is not prolonged by an Age that is none', async () => {
    for (const age of ['-3600', 'young']) {
      expect(await twice({ headers: { age } })).toEqual([stored, 'user-cache; hit; ttl=59']);
    }
  });

  test('is over at its time although the entry is still in the table', async () => {
    const httpClient = fakeHttpClient((_, number) => ({ body: `${number}` }));
    const caller = await startCaller(tables, httpClient);
    await caller.call();
    caller.wait(100_000);
    expect(String((await caller.call()).body)).toBe('2');
  });
});

describe('the cache is passed by', () => {
  const bypass = 'user-cache; fwd=bypass';

  test('where the configuration says 0 seconds', async () => {
    const extension = testExtension({ cache: { defaultTtlSeconds: 0 } });
    expect(await twice({}, { extension })).toEqual([bypass, bypass]);
    const rules = [{ route: 'GET catalog/**', ttlSeconds: 0 }] as const;
    expect(await twice({}, { extension: testExtension({ cache: { rules } }) })).toEqual([bypass, bypass]);
  });

  test('where the configuration says 0 seconds, nothing is written, and a platform that speaks is obeyed', async () => {
    const extension = testExtension({ cache: { defaultTtlSeconds: 0 } });
    const caller = await startCaller(
      tables,
      fakeHttpClient(() => ({ headers: { etag: '"1"' }, body: '{}' })),
      extension,
    );
    expect([await caller.get(), await caller.get()]).toEqual([bypass, bypass]);
    expect(caller.dynamoDbCalls()).toEqual(['BatchGetItem', 'BatchGetItem']);
    const headers = { 'cache-control': 'max-age=30' };
    expect(await twice({ headers }, { extension })).toEqual([stored, 'user-cache; hit; ttl=29']);
    expect(await twice({ headers: { 'cache-control': 'no-store' } }, { extension })).toEqual([miss, miss]);
  });

  test('by a GET with a body, and by a page that asks for no-store', async () => {
    const caller = await startCaller(
      tables,
      fakeHttpClient(() => ({ body: '{}' })),
    );
    expect(await caller.get()).toBe(stored);
    expect(await caller.get({ body: Buffer.from('{}') })).toBe(bypass);
    expect(await caller.get({ headers: { 'cache-control': 'no-store' } })).toBe(bypass);
    expect(await caller.get({ headers: { 'cache-control': 'No-Store, max-age=9' } })).toBe(bypass);
    for (const asked of ['x-no-store', 'x="no-store"', 'x-no-cache, x-max-age=0', 'x="max-age=0"']) {
      expect(await caller.get({ headers: { 'cache-control': asked } })).toContain('hit');
    }
    expect(await caller.get()).toContain('hit');
  });

  test('by somebody who reloads with force, and what comes is kept', async () => {
    const httpClient = fakeHttpClient((_, number) => ({ body: `${number}` }));
    const caller = await startCaller(tables, httpClient);
    await caller.call();
    for (const asked of ['no-cache', 'max-age=0', 'No-Cache, x', 'Max-Age="0"']) {
      expect(await caller.get({ headers: { 'cache-control': asked } })).toBe(
        'user-cache; fwd=request; fwd-status=200; stored',
      );
    }
    expect(String((await caller.call()).body)).toBe('5');
    caller.wait(61);
    expect(await caller.get({ headers: { 'cache-control': 'no-cache' } })).toMatch(/fwd=(stale|uri-miss)/);
  });
});

describe('a stale answer with an ETag', () => {
  const etag = '"v1"';
  const conditional = (headers: Record<string, string> = {}) =>
    fakeHttpClient((request) =>
      request.headers['if-none-match'] === etag
        ? { status: 304, headers: { etag, ...headers } }
        : { headers: { etag, 'content-type': 'application/json' }, body: '{"n":1}' },
    );

  test('is asked about, and counts again when it still holds', async () => {
    const httpClient = conditional();
    const caller = await startCaller(tables, httpClient);
    await caller.call();
    caller.wait(61);
    caller.dynamoDbCalls();
    const revalidated = await caller.call();
    expect(revalidated).toMatchObject({
      status: 200,
      headers: { etag, 'content-type': 'application/json', 'cache-status': 'user-cache; fwd=stale; fwd-status=304' },
      body: Buffer.from('{"n":1}'),
    });
    expect(httpClient.requests[1]?.headers['if-none-match']).toBe(etag);
    expect(caller.dynamoDbCalls()).toEqual(['BatchGetItem', 'PutItem']);
  });

  test('is fresh afterwards for as long as the platform says in its 304', async () => {
    const caller = await startCaller(tables, conditional({ 'cache-control': 'max-age=30' }));
    await caller.call();
    caller.wait(61);
    await caller.call();
    caller.wait(10);
    expect(await caller.get()).toBe('user-cache; hit; ttl=20');
  });

  test('obeys the directives of a 304 in any case', async () => {
    for (const [cacheControl, then] of [
      ['Max-Age=30', 'user-cache; hit; ttl=20'],
      ['No-Cache, max-age=30', 'user-cache; fwd=stale; fwd-status=304'],
      ['No-Store, max-age=30', 'user-cache; fwd=stale; fwd-status=304'],
    ] as const) {
      const caller = await startCaller(tables, conditional({ 'cache-control': cacheControl }));
      await caller.call();
      caller.wait(61);
      await caller.call();
      caller.wait(10);
      expect([cacheControl, await caller.get()]).toEqual([cacheControl, then]);
    }
  });

  for (const [what, sent] of [
    ['without validators', {}],
    [
      'with other headers than it was stored with',
      { 'content-type': 'text/html', 'content-language': 'xx', link: '<x>' },
    ],
  ] as const) {
    test(`keeps the headers that were stored with it, and goes on being asked about, after a 304 ${what}`, async () => {
      const kept = { etag, 'last-modified': 'Wed, 01 Jul 2026 00:00:00 GMT', 'content-type': 'application/json' };
      const httpClient = fakeHttpClient((request) =>
        request.headers['if-none-match'] === etag
          ? { status: 304, headers: { ...sent, 'cache-control': 'max-age=30' } }
          : { headers: kept, body: '{"n":1}' },
      );
      const caller = await startCaller(tables, httpClient);
      await caller.call();
      for (const [seconds, status] of [
        [61, 'user-cache; fwd=stale; fwd-status=304'],
        [10, 'user-cache; hit; ttl=20'],
        [21, 'user-cache; fwd=stale; fwd-status=304'],
      ] as const) {
        caller.wait(seconds);
        const answer = await caller.call();
        expect(answer).toMatchObject({ status: 200, headers: { ...kept, 'cache-status': status } });
        for (const name of ['content-language', 'link']) expect(answer.headers).not.toHaveProperty(name);
        expect(String(answer.body)).toBe('{"n":1}');
      }
    });
  }

  test('is asked about for somebody who reloads with force, which is no staleness', async () => {
    const caller = await startCaller(tables, conditional());
    await caller.call();
    expect(await caller.get({ headers: { 'cache-control': 'no-cache' } })).toBe(
      'user-cache; fwd=request; fwd-status=304',
    );
  });

  test('is replaced when it no longer holds', async () => {
    const httpClient = fakeHttpClient((_, number) => ({ headers: { etag: `"v${number}"` }, body: `${number}` }));
    const caller = await startCaller(tables, httpClient);
    await caller.call();
    caller.wait(61);
    const answer = await caller.call();
    expect(answer.headers['cache-status']).toBe('user-cache; fwd=stale; fwd-status=200; stored');
    expect(String(answer.body)).toBe('2');
    expect(httpClient.requests[1]?.headers['if-none-match']).toBe('"v1"');
  });

  test('is not the browser’s: a condition that only the browser knows does not travel', async () => {
    const httpClient = conditional();
    const caller = await startCaller(tables, httpClient);
    const answer = await caller.call({ headers: { 'if-none-match': etag } });
    expect([answer.status, httpClient.requests[0]?.headers['if-none-match']]).toEqual([200, undefined]);
  });
});
