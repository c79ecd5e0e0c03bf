import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, expect, test } from 'vitest';
import type { LocalExtension } from '../../../infra/local/start-local-extension.ts';
import { putCurrent, readValues } from '../../../infra/operations/rotate/secret-values.ts';
import { clientOf } from './fixture/queues.ts';
import { startFixture, temporaryDirectory } from './fixture/start-fixture.ts';

const data = temporaryDirectory();
afterAll(() => data[Symbol.dispose]());

const tableOf = (extension: LocalExtension) => Object.values(extension.tableNames)[0] ?? '';
const tables = (extension: LocalExtension) =>
  new DynamoDBClient({ ...clientOf(extension), endpoint: extension.dynamoDbEndpoint });
const secretsOf = (extension: LocalExtension) =>
  new SecretsManagerClient({ ...clientOf(extension), endpoint: extension.secretsEndpoint });
const key = { pk: { S: 'company#1' }, sk: { S: 'a' } };

test('tables have the keys and indexes of the stack, and do what the functions ask of them', async () => {
  await using extension = await started();
  const client = tables(extension);
  const TableName = tableOf(extension);
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  expect(Table).toMatchObject({
    TableStatus: 'ACTIVE',
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    GlobalSecondaryIndexes: [{ IndexName: 'byOwner' }],
  });

  const updated = await client.send(
    new UpdateItemCommand({
      TableName,
      Key: key,
      UpdateExpression: 'SET #owner = :owner ADD version :one',
      ConditionExpression: 'attribute_not_exists(pk)',
      ExpressionAttributeNames: { '#owner': 'owner' },
      ExpressionAttributeValues: { ':owner': { S: 'u1' }, ':one': { N: '1' } },
      ReturnValues: 'ALL_NEW',
    }),
  );
  expect(updated.Attributes).toMatchObject({ version: { N: '1' } });
  await expect(
    client.send(new PutItemCommand({ TableName, Item: key, ConditionExpression: 'attribute_not_exists(pk)' })),
  ).rejects.toBeInstanceOf(ConditionalCheckFailedException);
  const batch = await client.send(
    new BatchGetItemCommand({
      RequestItems: { [TableName]: { Keys: [key], ConsistentRead: true, ProjectionExpression: 'version' } },
    }),
  );
  expect(batch.Responses?.[TableName]).toEqual([{ version: { N: '1' } }]);
  const found = await client.send(
    new QueryCommand({
      TableName,
      IndexName: 'byOwner',
      KeyConditionExpression: '#owner = :owner',
      ExpressionAttributeNames: { '#owner': 'owner' },
      ExpressionAttributeValues: { ':owner': { S: 'u1' } },
    }),
  );
  expect(found.Count).toBe(1);
});

test('items and generated secrets are there in the next run, given secrets are the ones of each run', async () => {
  let sessionKey: string | undefined;
  {
    await using extension = await started({ apiSecret: 'CANARY-first' });
    await tables(extension).send(
      new PutItemCommand({ TableName: tableOf(extension), Item: { ...key, kept: { S: 'yes' } } }),
    );
    sessionKey = await secret(extension, 'SessionKey');
    expect(sessionKey).toMatch(/^[A-Za-z0-9]{64}$/);
    expect(await secret(extension, 'ApiSecret')).toBe('CANARY-first');
  }
  await using extension = await started({ apiSecret: 'CANARY-second' });
  const { Item } = await tables(extension).send(
    new GetItemCommand({ TableName: tableOf(extension), Key: key, ConsistentRead: true }),
  );
  expect(Item?.['kept']).toEqual({ S: 'yes' });
  expect(await secret(extension, 'SessionKey')).toBe(sessionKey);
  expect(await secret(extension, 'ApiKey')).toBe('CANARY-api-key');
  expect(await secret(extension, 'ApiSecret')).toBe('CANARY-second');
  await expect(secret(extension, 'ApiSecret', 'AWSPREVIOUS')).rejects.toBeInstanceOf(ResourceNotFoundException);
});

test('no file holds the credentials that are given in each run, not even one of an earlier version', async () => {
  using folder = temporaryDirectory();
  const file = join(folder.path, 'secrets.json');
  let name = '';
  {
    await using extension = await started({ dataDir: folder.path });
    name = secretId(extension, 'ApiSecret').replace(/^.*:secret:(.+)-local0$/, '$1');
    expect(await secret(extension, 'ApiSecret')).toBe('CANARY-api-secret');
  }
  const kept = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  expect(Object.keys(kept)).toHaveLength(1);
  writeFileSync(
    file,
    JSON.stringify({ ...kept, [name]: { current: { versionId: '1', value: 'CANARY-old', createdAt: 1 } } }),
  );
  {
    await using extension = await started({ dataDir: folder.path });
    expect(await secret(extension, 'ApiSecret')).toBe('CANARY-api-secret');
    const put = new PutSecretValueCommand({ SecretId: secretId(extension, 'ApiSecret'), SecretString: 'CANARY-put' });
    await secretsOf(extension).send(put);
    expect(await secret(extension, 'ApiSecret')).toBe('CANARY-put');
    expect(await secret(extension, 'ApiSecret', 'AWSPREVIOUS')).toBe('CANARY-api-secret');
  }
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(kept);
});

test('what expired is deleted when the next run starts, all else stays', async () => {
  const item = (sk: string, expiresAt: string) => ({ pk: { S: 'ttl' }, sk: { S: sk }, expiresAt: { N: expiresAt } });
  {
    await using extension = await started();
    const TableName = tableOf(extension);
    for (const Item of [item('past', '1'), item('future', '9999999999')]) {
      await tables(extension).send(new PutItemCommand({ TableName, Item }));
    }
  }
  await using extension = await started();
  const { Items } = await tables(extension).send(
    new QueryCommand({
      TableName: tableOf(extension),
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: 'ttl' } },
    }),
  );
  expect(Items).toEqual([item('future', '9999999999')]);
});

test("another platform's company 1 is not this platform's", async () => {
  {
    await using extension = await started();
    await tables(extension).send(new PutItemCommand({ TableName: tableOf(extension), Item: key }));
  }
  await using extension = await started({ cluster: 'https://api.example.com' });
  const { Item } = await tables(extension).send(new GetItemCommand({ TableName: tableOf(extension), Key: key }));
  expect(Item).toBeUndefined();
});

test('a new version of a secret makes the current one the previous one, and the file is its owner’s alone', async () => {
  await using extension = await started();
  const client = secretsOf(extension);
  const SecretId = secretId(extension, 'SessionKey');
  const before = await secret(extension, 'SessionKey');
  const put = await client.send(new PutSecretValueCommand({ SecretId, SecretString: 'CANARY-new' }));
  expect(put.VersionStages).toEqual(['AWSCURRENT']);
  expect(await secret(extension, 'SessionKey')).toBe('CANARY-new');
  expect(await secret(extension, 'SessionKey', 'AWSPREVIOUS')).toBe(before);
  const byVersion = await client.send(new GetSecretValueCommand({ SecretId, VersionId: put.VersionId }));
  expect(byVersion).toMatchObject({ ARN: SecretId, SecretString: 'CANARY-new', CreatedDate: expect.any(Date) });
  await expect(client.send(new GetSecretValueCommand({ SecretId: 'Unknown' }))).rejects.toBeInstanceOf(
    ResourceNotFoundException,
  );
  expect(statSync(join(data.path, 'secrets.json')).mode & 0o777).toBe(0o600);
});

test('each request to DynamoDB can be observed', async () => {
  const requests: [string, readonly string[]][] = [];
  await using extension = await started({
    onDynamoDbRequest: (operation, names) => void requests.push([operation, names]),
  });
  const TableName = tableOf(extension);
  await tables(extension).send(new GetItemCommand({ TableName, Key: key }));
  await tables(extension).send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [key] } } }));
  expect(requests).toEqual([
    ['GetItem', [TableName]],
    ['BatchGetItem', [TableName]],
  ]);
});

test('a folder serves one run at a time, and is free again when that ends', async () => {
  {
    await using _holder = await started();
    await expect(started()).rejects.toThrow(/is in use by another run/);
  }
  await using _next = await started();
});

test('a configuration that cannot work is told in the sentence of the stack', async () => {
  await expect(started({ configFile: 'broken' })).rejects.toThrow(/^extension\.config\.ts: scopes is missing\.$/);
});

async function started(options: Partial<Parameters<typeof startFixture>[0]> = {}) {
  const extension = await startFixture({ dataDir: data.path, ...options });
  return Object.assign(extension, { [Symbol.asyncDispose]: () => extension.close() });
}

function secretId(extension: LocalExtension, name: string): string {
  const variables = {
    SessionKey: 'SESSION_KEY_SECRET_ID',
    ApiKey: 'API_KEY_SECRET_ID',
    ApiSecret: 'API_SECRET_SECRET_ID',
  };
  return extension.resourceNames[variables[name as keyof typeof variables]] ?? '';
}

async function secret(extension: LocalExtension, name: string, VersionStage?: string): Promise<string | undefined> {
  const { SecretString } = await secretsOf(extension).send(
    new GetSecretValueCommand({ SecretId: secretId(extension, name), ...(VersionStage && { VersionStage }) }),
  );
  return SecretString;
}

test('of two people who put a secret’s next value at once, the second ends no value, and a third value is refused', async () => {
  await using extension = await started();
  const client = secretsOf(extension);
  const id = secretId(extension, 'SessionKey');
  const seen = await readValues(client, id);
  await putCurrent(client, id, 'CANARY-same', seen);
  const after = await putCurrent(client, id, 'CANARY-same', seen);
  expect([await secret(extension, 'SessionKey'), await secret(extension, 'SessionKey', 'AWSPREVIOUS')]).toEqual([
    'CANARY-same',
    seen.current.text,
  ]);
  await expect(putCurrent(client, id, 'CANARY-third', seen)).rejects.toThrow(/^Somebody else .* nothing was done/);
  // Deliberately, it is its own predecessor.
  await putCurrent(client, id, 'CANARY-same', after);
  expect(await secret(extension, 'SessionKey', 'AWSPREVIOUS')).toBe('CANARY-same');
});
