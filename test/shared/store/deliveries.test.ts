import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { companyTenant } from '../../../shared/tenant.ts';
import { startTables, type TestTables } from '../fixture/dynamodb.ts';
import { afterNoon, noon } from '../fixture/extension.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

const days = (count: number) => afterNoon(count * 86_400);

describe('the record of a delivery', () => {
  test('is none until the handler has finished', async () => {
    const { deliveries } = tables;
    expect(await deliveries.isHandled(companyTenant('1'), 'digest', noon)).toBe(false);
    await deliveries.recordHandled(companyTenant('1'), 'digest', noon);
    expect(await deliveries.isHandled(companyTenant('1'), 'digest', noon)).toBe(true);
    await deliveries.recordHandled(companyTenant('1'), 'digest', noon);
    expect(await deliveries.isHandled(companyTenant('1'), 'digest', noon)).toBe(true);
  });

  test('is of one company and one body', async () => {
    const { deliveries } = tables;
    await deliveries.recordHandled(companyTenant('2'), 'digest', noon);
    for (const [company, digest] of [
      ['3', 'digest'],
      ['2', 'other'],
      ['2', 'digest#'],
      ['2#digest', ''],
      ['22', 'digest'],
    ] as const) {
      expect(await deliveries.isHandled(companyTenant(company), digest, noon)).toBe(false);
    }
  });

  test('outlives the thirty days after which an event is old by another, and is over at its time whether it was deleted or not', async () => {
    const { deliveries } = tables;
    await deliveries.recordHandled(companyTenant('4'), 'digest', noon);
    for (const [now, isHandled] of [
      [days(30), true],
      [days(30.9), true],
      [days(31), false],
      [days(400), false],
    ] as const) {
      expect(await deliveries.isHandled(companyTenant('4'), 'digest', now)).toBe(isHandled);
    }
  });

  test('is read consistently, and says nothing of what was delivered', async () => {
    tables.calls.length = 0;
    await tables.deliveries.isHandled(companyTenant('5'), 'digest', noon);
    await tables.deliveries.recordHandled(companyTenant('5'), 'digest', noon);
    expect(tables.calls.map(({ operation }) => operation)).toEqual(['GetItem', 'PutItem']);
    expect(tables.calls[0]?.input).toMatchObject({ ConsistentRead: true });
    const { Items = [] } = await tables.client.send(new ScanCommand({ TableName: tables.names.deliveries }));
    expect(Items.find(({ pk }) => pk?.S === 'company#5#digest')).toEqual({
      pk: { S: 'company#5#digest' },
      expiresAt: { N: String(days(31).getTime() / 1000) },
    });
  });
});
