import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { startDynamoDb } from '../../../infra/local/dynamodb/dynamodb.ts';
import { createTables } from '../../../infra/local/dynamodb/tables.ts';
import { clientOf } from './fixture/queues.ts';
import { temporaryDirectory } from './fixture/start-fixture.ts';

const accessKey = { accessKeyId: 'local', secretAccessKey: 'local' };
const local = clientOf({ credentials: accessKey });

const table = {
  logicalId: 'Things',
  name: 'Things',
  keySchema: [{ AttributeName: 'pk', KeyType: 'HASH' as const }],
  attributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' as const }],
  globalSecondaryIndexes: [],
  timeToLiveAttribute: undefined,
};

async function open(directory: string, warnings: string[] = []) {
  const server = await startDynamoDb({
    directory,
    accessKey,
    onRequest: () => undefined,
    warn: (sentence) => warnings.push(sentence),
  });
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.close() });
}

test('a damaged folder is told by its name when it is opened', async () => {
  using data = temporaryDirectory();
  const directory = join(data.path, 'dynamodb');
  {
    await using server = await open(directory);
    await createTables(server.endpoint, accessKey, [table], directory);
  }
  writeFileSync(join(directory, 'CURRENT'), '');
  await expect(open(directory)).rejects.toThrow(/^The tables in .*dynamodb are damaged: .* delete it and start again/);
});

test('a file where the folder should be is told by its name', async () => {
  using data = temporaryDirectory();
  const file = join(data.path, 'dynamodb');
  writeFileSync(file, '');
  await expect(open(file)).rejects.toThrow(/^The tables in .*dynamodb /);
});

test('what damages the folder under a run is a 500 and a sentence, not the end of the run', async () => {
  using data = temporaryDirectory();
  const directory = join(data.path, 'dynamodb');
  {
    await using server = await open(directory);
    await createTables(server.endpoint, accessKey, [table], directory);
    const client = new DynamoDBClient({ ...local, endpoint: server.endpoint });
    await client.send(new PutItemCommand({ TableName: 'Things', Item: { pk: { S: 'a' } } }));
    client.destroy();
  }
  {
    // Opening makes a sorted table of the log: that is what breaks next.
    await using _server = await open(directory);
  }
  const warnings: string[] = [];
  await using server = await open(directory, warnings);
  for (const name of readdirSync(directory).filter((file) => file.endsWith('.ldb'))) {
    writeFileSync(join(directory, name), 'no table');
  }
  const client = new DynamoDBClient({ ...local, endpoint: server.endpoint });
  const get = client.send(new GetItemCommand({ TableName: 'Things', Key: { pk: { S: 'a' } } }));
  await expect(get).rejects.toMatchObject({ name: 'InternalServerError' });
  expect(warnings).toEqual([expect.stringMatching(/^The tables in .* are damaged/)]);
});

test.skipIf(process.platform === 'win32')(
  'a full disk is a 500 and a sentence; what was answered before is there',
  async () => {
    using data = temporaryDirectory();
    const directory = join(data.path, 'dynamodb');
    mkdirSync(directory);
    const program = `
    import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
    import { startDynamoDb } from './infra/local/dynamodb/dynamodb.ts';
    import { createTables } from './infra/local/dynamodb/tables.ts';
    const accessKey = ${JSON.stringify(accessKey)};
    const server = await startDynamoDb({ directory: '${directory}', accessKey, onRequest: () => {}, warn: console.log });
    await createTables(server.endpoint, accessKey, [${JSON.stringify(table)}], '');
    const client = new DynamoDBClient({ ...${JSON.stringify(local)}, endpoint: server.endpoint });
    const filling = { S: 'x'.repeat(20_000) };
    for (let index = 0; index < 20; index += 1) {
      const put = client.send(new PutItemCommand({ TableName: 'Things', Item: { pk: { S: String(index) }, filling } }));
      console.log(index, await put.then(() => 'is safe', ({ name }) => name));
    }
    process.exit(0);`;
    const limited = 'ulimit -f 128; exec "$0" --input-type=module --eval "$1"';
    const { status, stdout, stderr } = spawnSync('bash', ['-c', limited, process.execPath, program], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^The tables in .* cannot be used, since a file may not grow any more/m);
    expect(stdout).toMatch(/^19 InternalServerError$/m);
    const safe = [...stdout.matchAll(/^(\d+) is safe$/gm)].map(([, id]) => id);
    expect(safe.length).toBeGreaterThan(0);
    await using server = await open(directory);
    const client = new DynamoDBClient({ ...local, endpoint: server.endpoint });
    for (const S of safe.map(String)) {
      const { Item } = await client.send(new GetItemCommand({ TableName: 'Things', Key: { pk: { S } } }));
      expect(Item?.['pk']).toEqual({ S });
    }
  },
);
