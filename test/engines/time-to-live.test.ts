import { setTimeout as wait } from 'node:timers/promises';
import { UpdateTimeToLiveCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deliveriesTable, userCacheTable } from '../../shared/contract.ts';
import type { CacheEntry } from '../../shared/store/user-cache.ts';
import { companyTenant } from '../../shared/tenant.ts';
import { startTables, type TestTables } from '../shared/fixture/dynamodb.ts';
import { engineName } from '../shared/fixture/engine.ts';
import { deletingEngines } from './differences.ts';

const engine = engineName();
const deletes = deletingEngines.includes(engine);

/** Here the clock is the engine's. */
describe.runIf(deletes)(`what has expired, on ${engine},`, () => {
  let tables: TestTables;
  beforeAll(async () => {
    tables = await startTables();
    for (const [TableName, AttributeName] of [
      [tables.names.userCache, userCacheTable.ttlAttribute],
      [tables.names.deliveries, deliveriesTable.ttlAttribute],
    ] as const) {
      const TimeToLiveSpecification = { AttributeName, Enabled: true };
      await tables.client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
    }
  });
  afterAll(() => tables.close());

  const owner = { tenant: companyTenant('1'), userId: 'u1', generation: 1 };
  const secondsFromNow = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
  const entry = (expiresAt: number): CacheEntry => ({
    epoch: undefined,
    policy: '{}',
    status: 200,
    body: Buffer.from('body'),
    coding: 'identity',
    expiresAt,
  });
  const keysLeft = async () =>
    (await tables.items()).map((item) => item['sk']?.S ?? item['pk']?.S ?? '').toSorted(byText);

  async function waitUntilLeft(keys: readonly string[]): Promise<void> {
    const deadline = Date.now() + 50_000;
    while ((await keysLeft()).length > keys.length && Date.now() < deadline) await wait(250);
    expect(await keysLeft()).toEqual(keys.toSorted(byText));
  }

  test('vanishes from the cache and the deliveries at its second; what has not, and the epoch, stay', async () => {
    const now = new Date();
    const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000);
    const soon = secondsFromNow(3);
    await tables.userCache.moveEpoch(owner, now);
    await tables.userCache.put(owner, 'fresh', entry(secondsFromNow(3_600)));
    await tables.userCache.put(owner, 'soon', entry(soon));
    await tables.userCache.put(owner, 'stale', entry(secondsFromNow(-3_600)));
    await tables.deliveries.recordHandled(companyTenant('1'), 'recent', daysAgo(2));
    await tables.deliveries.recordHandled(companyTenant('1'), 'old', daysAgo(32));
    await waitUntilLeft(['#epoch', 'company#1#recent', 'fresh']);
    // The attribute counts in seconds: as milliseconds, it would have been over at once or never.
    expect(Date.now()).toBeGreaterThanOrEqual(soon * 1_000);
    const view = await tables.userCache.view(owner, 'stale');
    expect(view.entry).toBeUndefined();
    expect(view.epoch).toBeDefined();
    expect((await tables.userCache.view(owner, 'fresh')).entry).toBeDefined();
    expect(await tables.deliveries.isHandled(companyTenant('1'), 'recent', now)).toBe(true);
    expect(await tables.deliveries.isHandled(companyTenant('1'), 'old', now)).toBe(false);
  });
});

test.runIf(!deletes)(`what has expired is not waited for on ${engine}: every read judges it by itself`, async () => {
  const tables = await startTables();
  await tables.deliveries.recordHandled(companyTenant('1'), 'old', new Date(Date.now() - 32 * 86_400_000));
  expect(await tables.items()).toHaveLength(1);
  expect(await tables.deliveries.isHandled(companyTenant('1'), 'old', new Date())).toBe(false);
  await tables.close();
});

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}
