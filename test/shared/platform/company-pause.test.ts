import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { platformPath } from '../../../shared/fynd/platform-path.ts';
import { deadlineIn } from '../../../shared/http/http-client.ts';
import { callAsTenant } from '../../../shared/platform/call-as-tenant.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { startTables, type TestTables } from '../fixture/dynamodb.ts';
import { type OfflineWork, offlineWork } from '../fixture/offline-work.ts';
import { problemOf } from '../fixture/problem.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

/** A call as one instance of the worker makes it. */
const call = (world: OfflineWork, company: string) =>
  callAsTenant(
    { ...world, cluster: 'https://api.fynd.com', pauses: tables.grants },
    companyTenant(company),
    { method: 'GET', path: platformPath(['catalog', 'v1.0', 'hsn']), rawQuery: '', headers: {}, body: undefined },
    deadlineIn(40_000),
  );
const noted = async (company: string) => (await tables.row(company))?.['callsFromMs'];
const limited = (seconds: string) => ({ status: 429, headers: { 'retry-after': seconds } });

describe('a company’s background work', () => {
  test('waits, in every instance, once the platform told one of them to, and is made then', async () => {
    const first = offlineWork(tables, { call: (_, number) => (number === 1 ? limited('3') : { body: {} }) });
    const company = await first.install();
    expect((await call(first, company)).status).toBe(200);
    expect(first.waited[0]).toBeGreaterThanOrEqual(3_000);
    expect(first.waited).toHaveLength(1);
    const second = offlineWork(tables);
    expect((await call(second, company)).status).toBe(200);
    expect(second.waited[0]).toBeGreaterThanOrEqual(3_000);
    expect(second.httpClient.requests).toHaveLength(1);
  });

  test('tries again as long as there is time, and is given the refusal when there is none', async () => {
    const world = offlineWork(tables, { call: (_, number) => (number < 4 ? limited('2') : { body: {} }) });
    expect((await call(world, await world.install())).status).toBe(200);
    expect(world.httpClient.requests).toHaveLength(4);
    const patient = offlineWork(tables, { call: () => limited('3600') });
    expect((await call(patient, await patient.install())).status).toBe(429);
    expect(patient.waited).toEqual([]);
  });

  test('that must wait for longer than it may take comes again later, without a call', async () => {
    const first = offlineWork(tables, { call: () => limited('600') });
    const company = await first.install();
    await call(first, company);
    const second = offlineWork(tables);
    expect(await problemOf(call(second, company))).toMatchObject({
      code: 'rate_limited',
      headers: { 'retry-after': '600' },
    });
    expect(second.httpClient.requests).toEqual([]);
  });

  test('does not hold up another company’s, nor what somebody waits for', async () => {
    const first = offlineWork(tables, { call: () => limited('600') });
    const [company, other] = [await first.install(), await first.install()];
    await call(first, company);
    const second = offlineWork(tables);
    expect((await call(second, other)).status).toBe(200);
    const { pauses: _, ...waitedFor } = { ...second, pauses: undefined, cluster: 'https://api.fynd.com' };
    const asked = { method: 'GET', path: platformPath(['a', 'v1.0', 'b']), rawQuery: '', headers: {}, body: undefined };
    expect((await callAsTenant(waitedFor, companyTenant(company), asked, deadlineIn(5_000))).status).toBe(200);
  });

  for (const headers of [
    { 'ratelimit-limit': '10', 'ratelimit-remaining': '0', 'ratelimit-reset': '7' },
    { ratelimit: '"default";r=0;t=7' },
    { ratelimit: 'limit=10, remaining=0, reset=7' },
  ]) {
    test(`stops before it is refused where the platform says that nothing is left: ${Object.keys(headers)[0]}`, async () => {
      const world = offlineWork(tables, { call: () => ({ body: {}, headers }) });
      const company = await world.install();
      expect((await call(world, company)).status).toBe(200);
      expect(await noted(company)).toEqual({ N: String(world.now().getTime() + 7_000) });
    });
  }

  test('writes nothing where the platform never speaks of limits', async () => {
    const headers = { 'ratelimit-remaining': '9', 'ratelimit-reset': '7' };
    const world = offlineWork(tables, { call: (_, number) => ({ body: {}, ...(number > 1 && { headers }) }) });
    const company = await world.install();
    const before = await tables.row(company);
    for (let calls = 0; calls < 2; calls += 1) await call(world, company);
    expect(await tables.row(company)).toEqual(before);
    expect(world.waited).toEqual([]);
  });

  test('is told by the first of those who were refused together, and by nobody who knows less', async () => {
    const world = offlineWork(tables);
    const company = await world.install();
    const grant = { tenant: companyTenant(company), generation: 1, callsFromMs: 0 };
    expect(await tables.grants.pauseCalls(grant, 5_000)).toBe(true);
    expect(await tables.grants.pauseCalls(grant, 4_000)).toBe(false);
    expect(await tables.grants.pauseCalls({ ...grant, generation: 2, callsFromMs: 5_000 }, 9_000)).toBe(false);
    expect(await noted(company)).toEqual({ N: '5000' });
  });
});
