import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { platformPath } from '../../../shared/fynd/platform-path.ts';
import { deadlineIn } from '../../../shared/http/http-client.ts';
import { callAsTenant } from '../../../shared/platform/call-as-tenant.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { startTables, type TestTables } from '../fixture/dynamodb.ts';
import { type OfflineAnswers, type OfflineWork, offlineWork } from '../fixture/offline-work.ts';
import { problemOf } from '../fixture/problem.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

async function call(
  world: OfflineWork,
  company: string,
  options: { method?: string; path?: string; remainingMs?: number } = {},
) {
  const { method = 'GET', path = `catalog/v2.0/company/${company}/products/`, remainingMs = 20_000 } = options;
  const body = method === 'GET' ? undefined : Buffer.from('{}');
  return await callAsTenant(
    { cluster: 'https://api.fynd.com', ...world },
    companyTenant(company),
    {
      method,
      path: platformPath(path.split('/')),
      rawQuery: 'page_no=1',
      headers: { accept: 'x/y', cookie: 'a' },
      body,
    },
    deadlineIn(remainingMs),
  );
}

async function installed(answers: OfflineAnswers = {}) {
  const world = offlineWork(tables, answers);
  return { world, company: await world.install() };
}

/** What the platform was asked: `token` is a refresh, anything else the access token that a call came with. */
const askedOf = ({ httpClient }: OfflineWork) =>
  httpClient.requests.map(({ target, headers }) =>
    target.endsWith('/oauth/token') ? 'refresh' : headers['authorization']?.replace('Bearer CANARY-', ''),
  );

describe('a call in a company’s name', () => {
  test('carries the company’s own token and a signature, and no header that may not travel', async () => {
    const { world, company } = await installed({ call: () => ({ body: { items: [1] } }) });
    const answer = await call(world, company);
    expect([answer.status, String(answer.body)]).toEqual([200, '{"items":[1]}']);
    expect(world.httpClient.requests).toHaveLength(1);
    const [request] = world.httpClient.requests;
    expect(request?.target).toBe(`/service/platform/catalog/v2.0/company/${company}/products/?page_no=1`);
    expect(request?.headers).toMatchObject({
      accept: 'x/y',
      authorization: 'Bearer CANARY-offline-token',
      'x-fp-signature': expect.stringMatching(/^v1\.1:/),
    });
    expect(request?.headers).not.toHaveProperty('cookie');
  });

  test('that is 401 though the token looked fresh has it refreshed once and is made once more', async () => {
    const { world, company } = await installed({
      call: ({ token }) => (token.includes('refreshed') ? { body: { ok: 1 } } : { status: 401 }),
    });
    expect((await call(world, company)).status).toBe(200);
    expect(askedOf(world)).toEqual(['offline-token', 'refresh', 'refreshed-token']);
    expect((await call(world, company)).status).toBe(200);
    expect(askedOf(world)).toHaveLength(4);
  });

  test('that is 401 with the new token too is given back: nothing is asked for ever', async () => {
    const { world, company } = await installed({ call: () => ({ status: 401 }) });
    expect((await call(world, company)).status).toBe(401);
    expect(askedOf(world)).toEqual(['offline-token', 'refresh', 'refreshed-token']);
  });

  test('that is 401 where the grant is over is 409, and the installation is to be mended', async () => {
    const { world, company } = await installed({
      call: () => ({ status: 401 }),
      refresh: { status: 400, body: { error: 'invalid_grant' } },
    });
    expect(await problemOf(call(world, company))).toMatchObject({ code: 'installation_required', status: 409 });
    expect(await tables.row(company)).toMatchObject({ status: { S: 'reauthorize' } });
  });

  test('of a company that is not installed is 409, and nobody is asked', async () => {
    const world = offlineWork(tables);
    expect(await problemOf(call(world, tables.newCompany()))).toMatchObject({ code: 'installation_required' });
    expect(world.httpClient.requests).toEqual([]);
  });

  test('cannot reach another company', async () => {
    const { world, company } = await installed();
    const refusal = await problemOf(call(world, company, { path: 'catalog/v2.0/company/7/products/' }));
    expect(refusal).toMatchObject({ code: 'tenant_mismatch', status: 403 });
    expect(world.httpClient.requests).toEqual([]);
    expect((await call(world, company, { path: 'catalog/v1.0/hsn' })).status).toBe(200);
  });

  for (const [header, waitedMs] of [
    ['3', 3_000],
    ['Fri, 10 Jul 2026 12:01:04 GMT', 4_000],
    [undefined, 1_000],
    ['', 1_000],
    ['0', 1_000],
    ['soon', 1_000],
    ['-5', 1_000],
    ['0.004', 1_000],
    ['Fri, 10 Jul 2026 11:00:00 GMT', 1_000],
  ] as const) {
    test(`that is 429 waits ${waitedMs} ms, as the platform asks (${header}), and is made once more`, async () => {
      const retry: Record<string, string> = header === undefined ? {} : { 'retry-after': header };
      const { world, company } = await installed({
        call: (_, number) => (number === 1 ? { status: 429, headers: retry } : { body: {} }),
      });
      expect((await call(world, company, { method: 'POST' })).status).toBe(200);
      expect(world.waited).toEqual([waitedMs]);
      expect(askedOf(world)).toHaveLength(2);
    });
  }

  test('that is 429 twice is given back after one wait', async () => {
    const { world, company } = await installed({ call: () => ({ status: 429, headers: { 'retry-after': '1' } }) });
    expect((await call(world, company)).status).toBe(429);
    expect([world.waited, askedOf(world).length]).toEqual([[1_000], 2]);
  });

  for (const [what, header] of [
    ['longer than the work may take', '15'],
    ['until a date', 'Fri, 10 Jul 2026 12:30:00 GMT'],
  ] as const) {
    test(`that should wait ${what} is given back at once`, async () => {
      const { world, company } = await installed({ call: () => ({ status: 429, headers: { 'retry-after': header } }) });
      expect((await call(world, company)).status).toBe(429);
      expect([world.waited, askedOf(world).length]).toEqual([[], 1]);
    });
  }

  test('that meets a passing trouble is made once more where it is idempotent, and not otherwise', async () => {
    for (const [method, status, times] of [
      ['GET', 200, 2],
      ['PUT', 200, 2],
      ['POST', 503, 1],
    ] as const) {
      const { world, company } = await installed({ call: (_, number) => ({ status: number === 1 ? 503 : 200 }) });
      expect((await call(world, company, { method })).status).toBe(status);
      expect(askedOf(world)).toHaveLength(times);
    }
  });
});
