import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ResourceNotFoundException,
  UpdateItemCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installationsTable, userCacheTable } from '../../shared/contract.ts';
import { type CacheEntry, maxEntryBytes, partitionOf } from '../../shared/store/user-cache.ts';
import { companyTenant } from '../../shared/tenant.ts';
import { type Item, startTables, type TestTables } from '../shared/fixture/dynamodb.ts';
import { engineName } from '../shared/fixture/engine.ts';
import { noon } from '../shared/fixture/extension.ts';
import { differences } from './differences.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

const engine = engineName();
const known = differences.filter((difference) => difference.engine === engine);
const seen = new Set<string>();

/** What AWS documents and the store rests on. Where this engine is known to differ, the test has to fail. */
function aws(what: string, probe: () => Promise<void>): void {
  seen.add(what);
  const difference = known.find((each) => each.what === what);
  if (difference === undefined) test(what, probe);
  else test.fails(`${what}: not so, because ${difference.because}`, probe);
}

const owner = (companyId: string, userId = 'u1') => ({
  tenant: companyTenant(companyId),
  userId,
  generation: 1,
});
const entry: CacheEntry = {
  epoch: undefined,
  policy: '{}',
  status: 200,
  body: new Uint8Array(),
  coding: 'identity',
  expiresAt: noon.getTime() / 1000,
};
const invalid = { name: 'ValidationException' };
const keyOf = (companyId: string) => ({
  TableName: tables.names.installations,
  Key: { pk: { S: `company#${companyId}` } },
});

describe(`${engine}, as AWS does,`, () => {
  aws('keeps a byte, a number and a text as they are, the empty ones too', async () => {
    const company = tables.newCompany();
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    await tables.userCache.put(owner(company), 'all', { ...entry, body: all, policy: '' });
    await tables.userCache.put(owner(company), 'none', entry);
    const read = async (key: string) => (await tables.userCache.view(owner(company), key)).entry;
    expect(Buffer.from((await read('all'))!.body)).toEqual(all);
    expect((await read('all'))?.policy).toBe('');
    expect(await read('none')).toEqual(entry);
    await tables.putInstallation(company, { sessionsValidFromMs: { N: '1783684800123' } });
    expect((await tables.row(company))?.['sessionsValidFromMs']).toEqual({ N: '1783684800123' });
  });

  aws('takes the largest entry that the cache stores, and refuses an item above 400 KB', async () => {
    const company = tables.newCompany();
    const body = Buffer.alloc(maxEntryBytes, 'x');
    await tables.userCache.put(owner(company), 'large', { ...entry, body });
    expect((await tables.userCache.view(owner(company), 'large')).entry?.body.byteLength).toBe(maxEntryBytes);
    const tooLarge = { ...entry, body: Buffer.alloc(410_000, 'x') };
    await expect(tables.userCache.put(owner(company), 'larger', tooLarge)).rejects.toMatchObject(invalid);
    expect((await tables.userCache.view(owner(company), 'larger')).entry).toBeUndefined();
  });

  aws('refuses a partition key above 2048 bytes, and a sort key above 1024', async () => {
    const company = tables.newCompany();
    await tables.userCache.put(owner(company, 'u'.repeat(5_000)), 'k'.repeat(1_024), entry);
    await expect(tables.userCache.put(owner(company), 'k'.repeat(1_025), entry)).rejects.toMatchObject(invalid);
    const { installations } = tables.names;
    const put = (pk: string) => tables.documents.send(new PutCommand({ TableName: installations, Item: { pk } }));
    await put('k'.repeat(2_048));
    await expect(put('k'.repeat(2_049))).rejects.toMatchObject(invalid);
  });

  aws('says with the code ConditionalCheckFailedException that a condition fails, and writes nothing', async () => {
    const company = tables.newCompany();
    const update = new UpdateItemCommand({
      ...keyOf(company),
      UpdateExpression: 'SET #version = :version',
      ConditionExpression: '#version = :version',
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: { ':version': { N: '1' } },
    });
    await expect(tables.client.send(update)).rejects.toBeInstanceOf(ConditionalCheckFailedException);
    expect(await tables.row(company)).toBeUndefined();
  });

  aws('returns the item of a failed condition where that is asked for, and otherwise not', async () => {
    const company = tables.newCompany();
    await tables.putInstallation(company, { token: { S: 'sealed' } });
    const fail = async (more: object) =>
      await tables.client
        .send(
          new UpdateItemCommand({
            ...keyOf(company),
            UpdateExpression: 'SET updatedAt = :now',
            ConditionExpression: 'attribute_not_exists(pk)',
            ExpressionAttributeValues: { ':now': { N: '1' } },
            ...more,
          }),
        )
        .catch((error: ConditionalCheckFailedException) => error.Item);
    expect(await fail({})).toBeUndefined();
    expect(await fail({ ReturnValuesOnConditionCheckFailure: 'ALL_OLD' })).toMatchObject({ token: { S: 'sealed' } });
  });

  aws('has exactly one of many writers win that rest on the same version', async () => {
    const company = tables.newCompany();
    await tables.putInstallation(company);
    const grant = (await tables.grants.find(companyTenant(company)))!;
    for (let attempt = 0; attempt < 5; attempt++) {
      const takes = Array.from({ length: 12 }, () => tables.grants.takeLease({ ...grant, attempt }, noon));
      expect((await Promise.all(takes)).filter(Boolean)).toHaveLength(1);
    }
    expect((await tables.grants.find(companyTenant(company)))?.attempt).toBe(5);
  });

  aws('refuses a reserved word that is spelt out', async () => {
    const get = new GetItemCommand({ ...keyOf(tables.newCompany()), ProjectionExpression: 'pk, status' });
    await expect(tables.client.send(get)).rejects.toMatchObject(invalid);
  });

  aws('refuses a name that no expression uses', async () => {
    const get = new GetItemCommand({
      ...keyOf(tables.newCompany()),
      ProjectionExpression: '#pk',
      ExpressionAttributeNames: { '#pk': 'pk', '#unused': 'token' },
    });
    await expect(tables.client.send(get)).rejects.toMatchObject(invalid);
  });

  aws('refuses an update that names an attribute twice', async () => {
    const update = new UpdateItemCommand({
      ...keyOf(tables.newCompany()),
      UpdateExpression: 'SET updatedAt = :now REMOVE updatedAt',
      ExpressionAttributeValues: { ':now': { N: '1' } },
    });
    await expect(tables.client.send(update)).rejects.toMatchObject(invalid);
  });

  aws('refuses a batch that asks for an item twice', async () => {
    const { TableName, Key } = keyOf(tables.newCompany());
    const batch = new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [Key, Key] } } });
    await expect(tables.client.send(batch)).rejects.toMatchObject(invalid);
  });

  aws('copies nothing but keys into the index of installed companies', async () => {
    const company = tables.newCompany();
    await tables.putInstallation(company, { listed: { S: 'installed#own' }, token: { S: 'sealed' } });
    const { Items } = await tables.client.send(new QueryCommand(listing('installed#own')));
    expect(Items).toEqual([{ pk: { S: `company#${company}` }, listed: { S: 'installed#own' } }]);
  });

  aws('refuses a consistent read of an index', async () => {
    const query = new QueryCommand({ ...listing('installed#0'), ConsistentRead: true });
    await expect(tables.client.send(query)).rejects.toMatchObject(invalid);
  });

  aws('says with the code ResourceNotFoundException that a table does not exist', async () => {
    const describe = new DescribeTableCommand({ TableName: 'No-such-table' });
    await expect(tables.client.send(describe)).rejects.toBeInstanceOf(ResourceNotFoundException);
    const put = new PutItemCommand({ TableName: 'No-such-table', Item: { pk: { S: 'a' } } });
    await expect(tables.client.send(put)).rejects.toBeInstanceOf(ResourceNotFoundException);
  });

  // What docs/capacity.md counts with: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
  aws('counts a consistent read of 4 KB as a unit, also of an item that is not there', async () => {
    const company = tables.newCompany();
    await tables.userCache.put(owner(company), 'there', { ...entry, body: new Uint8Array(3_000) });
    await tables.userCache.put(owner(company), 'large', { ...entry, body: new Uint8Array(5_000) });
    const { userCache } = tables.names;
    const unitsOf = async (...sortKeys: string[]) => {
      const Keys = sortKeys.map((sk) => ({ pk: { S: partitionOf(owner(company)) }, sk: { S: sk } }));
      const RequestItems = { [userCache]: { Keys, ConsistentRead: true } };
      const get = new BatchGetItemCommand({ RequestItems, ReturnConsumedCapacity: 'TOTAL' });
      return (await tables.client.send(get)).ConsumedCapacity?.[0]?.CapacityUnits;
    };
    expect([
      await unitsOf('there'),
      await unitsOf('large'),
      await unitsOf('none'),
      await unitsOf('there', 'none'),
    ]).toEqual([1, 2, 1, 2]);
  });

  aws('counts a write of 1 KB as a unit, and one more where the index changes', async () => {
    const unitsOf = async (Item: Item) => {
      const TableName = tables.names.installations;
      const put = new PutItemCommand({ TableName, Item, ReturnConsumedCapacity: 'TOTAL' });
      return (await tables.client.send(put)).ConsumedCapacity?.CapacityUnits;
    };
    const row = { pk: { S: `company#${tables.newCompany()}` }, token: { S: 'x'.repeat(1_500) } };
    const listed = { ...row, listed: { S: 'installed#0' } };
    expect([await unitsOf(row), await unitsOf(listed), await unitsOf({ ...listed, version: { N: '2' } })]).toEqual([
      2, 3, 2,
    ]);
  });

  aws('counts a page of the listing as one unit, or about that', async () => {
    const unitsOf = async (partition: string) => {
      const query = new QueryCommand({ ...listing(partition), ReturnConsumedCapacity: 'TOTAL' });
      return (await tables.client.send(query)).ConsumedCapacity?.CapacityUnits;
    };
    for (let index = 0; index < 100; index++) {
      await tables.putInstallation(tables.newCompany(), { listed: { S: 'installed#units' } });
    }
    const units = (await unitsOf('installed#units')) ?? 0;
    expect(units).toBeGreaterThanOrEqual(0.5);
    expect(units).toBeLessThanOrEqual(1.5);
  });

  // The last: from here on the entries of this file are those of a table with a TTL.
  aws('takes a TTL for a table and says which attribute it goes by', async () => {
    const TableName = tables.names.userCache;
    const AttributeName = userCacheTable.ttlAttribute;
    const TimeToLiveSpecification = { AttributeName, Enabled: true };
    await tables.client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
    const { TimeToLiveDescription } = await tables.client.send(new DescribeTimeToLiveCommand({ TableName }));
    expect(TimeToLiveDescription?.AttributeName).toBe(AttributeName);
    expect(TimeToLiveDescription?.TimeToLiveStatus).toMatch(/^ENABL/);
  });
});

function listing(partition: string) {
  const { indexName: IndexName, partitionKey } = installationsTable.listing;
  return {
    TableName: tables.names.installations,
    IndexName,
    KeyConditionExpression: '#key = :key',
    ExpressionAttributeNames: { '#key': partitionKey },
    ExpressionAttributeValues: { ':key': { S: partition } },
  };
}

test('differences.ts names only behaviour that is looked for here', () => {
  for (const { what } of differences) expect(seen).toContain(what);
});
