import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '../../../shared/problems.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { startCaller } from '../fixture/cached-calls.ts';
import { readableText, startTables, type TestTables } from '../fixture/dynamodb.ts';
import { liveSession } from '../fixture/extension.ts';
import { type FakeAnswer, fakeHttpClient } from '../fixture/http-client.ts';
import { problemOf } from '../fixture/problem.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

const other = { session: { user: { id: 'u2', name: 'Ben', email: undefined } } };

describe('a write', () => {
  test('asks DynamoDB three times: whether the session counts, and for a new epoch before and after the call', async () => {
    const order: string[] = [];
    const caller = await startCaller(
      tables,
      fakeHttpClient(() => {
        order.push(...caller.dynamoDbCalls(), 'platform');
        return { status: 201, body: '{}' };
      }),
    );
    // The first one also makes the epoch, once the session is known to count.
    await caller.call({ method: 'POST' });
    expect(order.splice(0).slice(2)).toEqual(['UpdateItem', 'platform']);
    caller.dynamoDbCalls();
    const answer = await caller.call({ method: 'POST', body: Buffer.from('{}') });
    order.push(...caller.dynamoDbCalls());
    expect(order.slice(0, 2).toSorted()).toEqual(['BatchGetItem', 'UpdateItem']);
    expect(order.slice(2)).toEqual(['platform', 'UpdateItem']);
    expect(answer.status).toBe(201);
    expect(answer.headers).not.toHaveProperty('cache-status');
  });

  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    test(`by ${method} makes all of this person's answers stale, and nobody else's`, async () => {
      const caller = await startCaller(
        tables,
        fakeHttpClient(() => ({ body: '{}' })),
      );
      const brands = { path: `catalog/v1.0/company/${caller.company}/brands` };
      for (const each of [{}, brands, other]) await caller.call(each);
      await caller.call({ method });
      expect(await caller.get()).toContain('fwd=stale');
      expect(await caller.get(brands)).toContain('fwd=stale');
      expect(await caller.get(other)).toContain('hit');
      expect(await caller.get()).toContain('hit');
    });
  }

  test('that fails counts as one, because the platform may have done it', async () => {
    const answers: FakeAnswer[] = [{ body: '{}' }];
    const caller = await startCaller(
      tables,
      fakeHttpClient(() => answers.shift() ?? Promise.reject(new AppError('platform_timeout', 'late'))),
    );
    await caller.call();
    caller.dynamoDbCalls();
    expect(await problemOf(caller.call({ method: 'POST' }))).toMatchObject({ code: 'platform_timeout' });
    expect(caller.dynamoDbCalls().toSorted()).toEqual(['BatchGetItem', 'UpdateItem', 'UpdateItem', 'UpdateItem']);
    answers.push({ body: '{}' });
    expect(await caller.get()).toContain('fwd=stale');
  });

  test('makes an answer stale that was on its way meanwhile, whether it comes before or after the write', async () => {
    for (const comesBack of ['before', 'after']) {
      const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
      const { promise: held, resolve: release } = Promise.withResolvers<void>();
      const { promise: writing, resolve: beginWrite } = Promise.withResolvers<void>();
      const { promise: written, resolve: endWrite } = Promise.withResolvers<void>();
      let reads = 0;
      const httpClient = fakeHttpClient(async ({ method }) => {
        if (method === 'POST') {
          beginWrite();
          await written;
          return { body: '{}' };
        }
        reads += 1;
        if (reads === 1) {
          arrive();
          await held;
          return { body: 'old' };
        }
        return { body: 'new' };
      });
      const caller = await startCaller(tables, httpClient);
      const reading = caller.call();
      await arrived;
      const write = caller.call({ method: 'POST' });
      await writing;
      if (comesBack === 'before') {
        release();
        await reading;
        endWrite();
        await write;
      } else {
        endWrite();
        await write;
        release();
        await reading;
      }
      const next = await caller.call();
      expect([comesBack, next.headers['cache-status'], String(next.body)]).toEqual([
        comesBack,
        'user-cache; fwd=stale; fwd-status=200; stored',
        'new',
      ]);
    }
  });

  test('makes an answer stale that was asked for while the write was under way', async () => {
    const httpClient = fakeHttpClient(async ({ method }) => {
      if (method === 'POST') await caller.call();
      return { body: '{}' };
    });
    const caller = await startCaller(tables, httpClient);
    await caller.call({ method: 'POST' });
    expect(await caller.get()).toContain('fwd=stale');
  });

  test('is not made where the epoch cannot be moved before it, and is told about where it cannot be moved after it', async () => {
    const httpClient = fakeHttpClient(() => ({ status: 200 }));
    const caller = await startCaller(tables, httpClient);
    const view = tables.userCache.view.bind(tables.userCache);
    const put = tables.userCache.put.bind(tables.userCache);
    const moveEpochOf = tables.userCache.moveEpochOf.bind(tables.userCache);
    const no = () => Promise.reject(new Error('no'));
    const beginEpochOf = tables.userCache.beginEpochOf.bind(tables.userCache);
    const stuck = { view, put, moveEpochOf: no, beginEpochOf: no, moveEpoch: no };
    await expect(caller.call({ method: 'POST', userCache: stuck })).rejects.toThrow('no');
    expect(httpClient.requests).toHaveLength(0);
    const halfStuck = { view, put, moveEpochOf, beginEpochOf, moveEpoch: no };
    const answer = await caller.call({ method: 'POST', userCache: halfStuck });
    expect(answer).toMatchObject({ status: 200, warning: 'epoch_not_moved' });
  });
});

describe('a write with a session that was signed out', () => {
  const signedOut = { signedInAtMs: 1_000 };
  const ownerIn = (company: string) => ({ tenant: companyTenant(company), userId: 'u1', generation: 1 });
  const epochItem = async (company: string) =>
    (await tables.items()).find((item) => item['pk']?.S?.startsWith(`company#${company}#user#`));

  test('writes nothing, neither at the platform nor in the tables', async () => {
    const httpClient = fakeHttpClient(() => ({ body: '{}' }));
    const caller = await startCaller(tables, httpClient);
    await tables.userCache.signOut(liveSession({ tenant: companyTenant(caller.company) }), new Date(2_000));
    const before = await epochItem(caller.company);
    for (const signedInAtMs of [1_000, 2_000]) {
      const refusal = await problemOf(caller.call({ method: 'POST', session: { signedInAtMs } }));
      expect(refusal).toMatchObject({ code: 'session_expired' });
    }
    expect(httpClient.requests).toHaveLength(0);
    expect(await epochItem(caller.company)).toEqual(before);
    await caller.call({ method: 'POST', session: { signedInAtMs: 2_001 } });
    expect(httpClient.requests).toHaveLength(1);
  });

  test('writes nothing either where the installation is gone, whoever asks', async () => {
    const httpClient = fakeHttpClient(() => ({ body: '{}' }));
    const caller = await startCaller(tables, httpClient);
    await tables.putInstallation(caller.company, { status: { S: 'uninstalled' }, generation: { N: '2' } });
    const before = await tables.items();
    for (const user of [
      { id: 'u1', name: 'Asha' },
      { id: 'u2', name: 'Ravi' },
    ]) {
      const refusal = await problemOf(
        caller.call({ method: 'POST', session: { user: { ...user, email: undefined } } }),
      );
      expect(refusal).toMatchObject({ code: 'session_expired' });
    }
    expect(httpClient.requests).toHaveLength(0);
    expect(await tables.items()).toEqual(before);
  });

  test('is refused too where the sign-out comes between the look and the move', async () => {
    const httpClient = fakeHttpClient(() => ({ body: '{}' }));
    const caller = await startCaller(tables, httpClient);
    const seen = await tables.userCache.view(ownerIn(caller.company));
    await tables.userCache.signOut(liveSession({ tenant: companyTenant(caller.company) }), new Date(2_000));
    const userCache = {
      view: () => Promise.resolve(seen),
      put: tables.userCache.put.bind(tables.userCache),
      moveEpoch: tables.userCache.moveEpoch.bind(tables.userCache),
      moveEpochOf: tables.userCache.moveEpochOf.bind(tables.userCache),
      beginEpochOf: tables.userCache.beginEpochOf.bind(tables.userCache),
    };
    const refusal = await problemOf(caller.call({ method: 'POST', session: signedOut, userCache }));
    expect(refusal).toMatchObject({ code: 'session_expired' });
    expect(httpClient.requests).toHaveLength(0);
  });

  test('that was signed out during the call still makes answers stale, for the session that follows', async () => {
    const caller = await startCaller(
      tables,
      fakeHttpClient(async ({ method }) => {
        if (method !== 'POST') return { body: '{}' };
        await tables.userCache.signOut(liveSession({ tenant: companyTenant(caller.company) }), new Date(2_000));
        await caller.call({ session: { signedInAtMs: 3_000 } });
        return { body: '{}' };
      }),
    );
    await caller.call({ method: 'POST', session: signedOut });
    expect(await caller.get({ session: { signedInAtMs: 3_000 } })).toContain('fwd=stale');
  });
});

describe('a passing trouble', () => {
  for (const [method, requests] of [
    ['GET', 2],
    ['HEAD', 2],
    ['PUT', 2],
    ['DELETE', 2],
    ['POST', 1],
    ['PATCH', 1],
  ] as const) {
    test(`of the platform is tried ${requests === 2 ? 'once more' : 'no second time'} for ${method}`, async () => {
      for (const trouble of [502, 503, 504, 'hangs up'] as const) {
        const httpClient = fakeHttpClient(() => {
          if (trouble === 'hangs up') throw new AppError('platform_error', 'The connection failed.');
          return { status: trouble };
        });
        const caller = await startCaller(tables, httpClient);
        const outcome = await caller.call({ method }).catch((error: unknown) => error);
        expect(outcome).toMatchObject({ status: trouble === 'hangs up' ? 502 : trouble });
        expect(httpClient.requests).toHaveLength(requests);
      }
    });
  }

  test('that is over at the second try is never seen, and goes out signed again', async () => {
    const httpClient = fakeHttpClient((_, number) => (number === 1 ? { status: 503 } : { body: 'ok' }));
    const caller = await startCaller(tables, httpClient);
    const answer = await caller.call();
    expect([answer.status, String(answer.body)]).toEqual([200, 'ok']);
  });

  for (const [method, status] of [
    ['DELETE', 404],
    ['PUT', 410],
    ['PUT', 412],
    ['GET', 404],
  ] as const) {
    test(`is what goes out where the second ${method} says ${status}: the first may have done it`, async () => {
      const httpClient = fakeHttpClient((_, number) =>
        number === 1 ? { status: 502, headers: { 'x-request-id': 'first' }, body: 'first' } : { status },
      );
      const caller = await startCaller(tables, httpClient);
      const answer = await caller.call({ method });
      expect([answer.status, answer.headers['x-request-id'], String(answer.body)]).toEqual([502, 'first', 'first']);
      expect(httpClient.requests).toHaveLength(2);
    });
  }

  for (const [method, status, outcome] of [
    ['DELETE', 404, { code: 'platform_error' }],
    ['PUT', 412, { code: 'platform_error' }],
    ['GET', 404, { status: 404 }],
    ['HEAD', 410, { status: 410 }],
  ] as const) {
    test(`that brought no answer ${'code' in outcome ? 'is the outcome' : 'is over'} where the second ${method} says ${status}`, async () => {
      const httpClient = fakeHttpClient((_, number) => {
        if (number === 1) throw new AppError('platform_error', 'The connection failed.');
        return { status };
      });
      const caller = await startCaller(tables, httpClient);
      expect(await caller.call({ method }).catch((error: unknown) => error)).toMatchObject(outcome);
      expect(httpClient.requests).toHaveLength(2);
    });
  }

  test('is not tried again where the call names the state that it is for', async () => {
    for (const condition of ['if-match', 'if-unmodified-since']) {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const httpClient = fakeHttpClient(() => ({ status: 503 }));
        const caller = await startCaller(tables, httpClient);
        expect((await caller.call({ method, headers: { [condition]: '"1"' } })).status).toBe(503);
        expect(httpClient.requests).toHaveLength(1);
      }
    }
  });

  test('is tried again where the platform only seems to say when, or says so with another status than 503', async () => {
    for (const first of [
      { status: 503, headers: { 'retry-after': '' } },
      { status: 503, headers: { 'retry-after': 'soon' } },
      { status: 502, headers: { 'retry-after': '5' } },
      { status: 504, headers: { 'retry-after': '5' } },
    ]) {
      const httpClient = fakeHttpClient((_, number) => (number === 1 ? first : { status: 204 }));
      const caller = await startCaller(tables, httpClient);
      expect((await caller.call({ method: 'DELETE' })).status).toBe(204);
    }
  });

  test('is not tried again where the platform says when, nor a timeout, a 500 or a 429', async () => {
    for (const answer of [
      { status: 503, headers: { 'retry-after': '5' } },
      { status: 500 },
      { status: 429 },
      new AppError('platform_timeout', 'late'),
    ]) {
      const httpClient = fakeHttpClient(() => {
        if (answer instanceof AppError) throw answer;
        return answer;
      });
      const caller = await startCaller(tables, httpClient);
      await caller.call().catch((error: unknown) => error);
      expect(httpClient.requests).toHaveLength(1);
    }
  });
});

test('nothing of a credential is in any item of the tables, with answers that vary by every header', async () => {
  const vary = 'authorization, cookie, accept, user-agent, x-fp-signature';
  const httpClient = fakeHttpClient(() => ({
    headers: { vary, etag: '"1"', 'set-cookie': 'a=CANARY-set-cookie', 'cache-control': 'private, max-age=60' },
    body: JSON.stringify({ items: Array.from({ length: 500 }, (_, id) => ({ id })) }),
  }));
  const caller = await startCaller(tables, httpClient);
  const headers = { authorization: 'Bearer CANARY-page', cookie: 'x=CANARY-cookie', 'idempotency-key': 'CANARY-key' };
  await caller.call({ headers });
  await caller.call({ headers, method: 'POST', body: Buffer.from('CANARY-body') });
  await caller.call({ headers });
  expect(httpClient.requests.every(({ headers: sent }) => sent['authorization'] === 'Bearer CANARY-online-token')).toBe(
    true,
  );
  const items = await tables.items();
  expect(items.some((item) => readableText(item).includes('vary'))).toBe(true);
  for (const item of items) expect(readableText(item)).not.toMatch(/CANARY|Bearer/);
});
