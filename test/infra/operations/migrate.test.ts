import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DeleteCommand, GetCommand } from '@aws-sdk/lib-dynamodb';
import { createClient } from '@redis/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findFreePort } from '../../../infra/local/host/listen.ts';
import { documentClient } from '../../../shared/store/dynamodb.ts';
import { Secrets } from '../../../shared/store/secrets.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { type OfflineToken, openTokenSet } from '../../../shared/tokens/offline-token.ts';
import { Browser } from '../../flow/browser.ts';
import { type LocalWorld, startWorld } from '../../start-world.ts';
import { clientOf } from '../local/fixture/queues.ts';
import { runCommand } from '../local/fixture/run-command.ts';
import { temporaryDirectory } from '../local/fixture/start-fixture.ts';

const data = temporaryDirectory();
let running: LocalWorld;
let dynamoDb: DynamoDBClient;
beforeAll(async () => {
  running = await startWorld({ dataDir: data.path });
  dynamoDb = new DynamoDBClient({ ...clientOf(running.extension), endpoint: running.extension.dynamoDbEndpoint });
});
afterAll(async () => {
  await running.close();
  data[Symbol.dispose]();
});

async function migrate(given: readonly string[], variables: Record<string, string> = {}) {
  await using command = runCommand(
    'infra/operations/migrate.ts',
    {
      LOCAL_DATA_DIR: data.path,
      EXTENSION_CONFIG: 'test/extension/extension.config.ts',
      FP_API_DOMAIN: running.platform.origin,
      ...variables,
    },
    [...given, '--local'],
  );
  const status = await command.exited;
  expect(command.output).not.toMatch(/ {4}at |CANARY/);
  return { status, output: command.output, stderr: command.stderr };
}

const installationOf = async (company: string) => {
  const TableName = running.extension.resourceNames['INSTALLATIONS_TABLE'];
  const Key = { pk: `company#${company}` };
  return { TableName, Key, row: (await documentClient(dynamoDb).send(new GetCommand({ TableName, Key }))).Item };
};

const keyOf = (company: string, cluster = running.platform.origin) =>
  createHash('sha256').update(`${cluster}:${company}`).digest('hex');

/** A session as version 1.x of the library writes it. */
function session(company: string, fields: object = {}) {
  return {
    company_id: Number(company),
    organization_id: null,
    state: randomUUID(),
    scope: ['company/products', 'company/orders'],
    expires: null,
    access_mode: 'offline',
    access_token: 'CANARY-access',
    current_user: null,
    refresh_token: 'CANARY-refresh',
    expires_in: 7_200,
    extension_id: running.world.apiKey,
    access_token_validity: Date.now() + 3_600_000,
    redirect_path: null,
    ...fields,
  };
}

/** The grant of a company, as an old backend would hold it: the extension here forgets the company. */
async function oldGrant(company: string): Promise<OfflineToken> {
  await new Browser(running.world).signIn(Number(company));
  await running.extension.idle();
  const { extension } = running;
  const client = new SecretsManagerClient({ ...clientOf(extension), endpoint: extension.secretsEndpoint });
  const keys = new Secrets(client).keyRing(extension.resourceNames['TOKEN_KEY_SECRET_ID'] ?? '', 'offline-token');
  const { TableName, Key, row } = await installationOf(company);
  const owner = { tenant: companyTenant(company), generation: 1 };
  const token = await openTokenSet(keys, owner, String(row?.['token']), new Date());
  await documentClient(dynamoDb).send(new DeleteCommand({ TableName, Key }));
  return token!;
}

function sqliteFile(name: string, entries: Readonly<Record<string, string>>): string {
  const file = join(data.path, name);
  using database = new DatabaseSync(file);
  database.exec('CREATE TABLE storage (key TEXT PRIMARY KEY, value TEXT, ttl INTEGER)');
  const insert = database.prepare('INSERT INTO storage (key, value) VALUES (?, ?)');
  for (const [key, value] of Object.entries(entries)) insert.run(key, value);
  return file;
}

test('a company goes on where the old backend stopped: the first refresh keeps its grant alive', async () => {
  const { accessToken, refreshToken } = await oldGrant('61');
  const stored = session('61', {
    access_token: accessToken,
    refresh_token: refreshToken,
    access_token_validity: Date.now() - 1_000,
  });
  const file = sqliteFile('old.db', {
    [keyOf('61')]: JSON.stringify(stored),
    [randomUUID()]: JSON.stringify(session('61', { access_mode: 'online' })),
  });
  const from = ['--from', 'sqlite', '--file', file];

  const looked = await migrate(from);
  expect(looked.output).toMatch(/^company 61: would be migrated\nLeft out: 1 of people.*\n1 of 1 would be migrated/);
  expect((await installationOf('61')).row).toBeUndefined();

  const refused = await migrate([...from, '--write']);
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringMatching(/^Stop the old backend first/) });
  expect((await installationOf('61')).row).toBeUndefined();

  const written = await migrate([...from, '--write', '--old-backend-is-stopped']);
  expect(written).toMatchObject({ status: 0, output: expect.stringContaining('company 61: migrated') });
  const { row } = await installationOf('61');
  expect(row).toMatchObject({ status: 'installed', generation: 1, version: 1, listed: expect.any(String) });
  expect(JSON.stringify(row)).not.toContain(refreshToken);

  await running.extension.runSchedule('nightly');
  await running.extension.idle();
  const refreshed = (await installationOf('61')).row;
  expect(refreshed).toMatchObject({ status: 'installed', version: 2 });
  expect(refreshed?.['accessTokenExpiresAt']).toBeGreaterThan(Date.now() / 1000);

  // The source holds the older grant by now.
  const again = await migrate([...from, '--write', '--old-backend-is-stopped', '--json']);
  expect(JSON.parse(again.output)).toMatchObject({ tenants: [{ id: '61', result: 'kept' }] });
  expect((await installationOf('61')).row).toEqual(refreshed);
});

test('each entry that is not taken is counted by its reason, and the rest is migrated', async () => {
  const file = join(data.path, 'dump.json');
  const dump = {
    // As some storages of versions before 1.0 wrote it: JSON within JSON.
    [`lens:${keyOf('71')}`]: JSON.stringify(JSON.stringify(session('71'))),
    [`lens:${keyOf('72', new URL(running.platform.origin).host)}`]: session('72', { scope: 'company/products' }),
    [`lens:${keyOf('73')}`]: JSON.stringify(session('73', { extension_id: 'another' })),
    [`lens:${keyOf('74', 'https://api.elsewhere.example')}`]: JSON.stringify(session('74')),
    [`lens:${keyOf('75')}`]: JSON.stringify(session('75')).slice(0, 120),
    [`lens:${keyOf('76')}`]: 'U2FsdGVkX1+CANARY/encrypted',
    [`lens:${keyOf('77')}`]: JSON.stringify({ cart: 1 }),
    [`lens:${keyOf('78')}`]: JSON.stringify(session('78', { refresh_token: null, access_token_validity: 1 })),
    [`lens:${keyOf('79')}`]: JSON.stringify(session('79', { company_id: '__proto__' })),
    [`lens:${keyOf('80')}`]: JSON.stringify(session('80', { access_token: '' })),
    [`lens:${keyOf('o1')}`]: JSON.stringify(session('0', { company_id: null, organization_id: 'o1' })),
    [`other:${keyOf('81')}`]: JSON.stringify(session('81')),
    'lens:cart': '{}',
  };
  writeFileSync(file, JSON.stringify({ __data: dump, __expiry: {} }));
  const from = ['--from', 'memory-dump', '--file', file, '--prefix', 'lens', '--json'];
  const { output, status } = await migrate([...from, '--write', '--old-backend-is-stopped']);
  expect(status).toBe(0);
  expect(JSON.parse(output)).toEqual({
    written: true,
    tenants: [
      { kind: 'company', id: '71', result: 'migrated' },
      { kind: 'company', id: '72', result: 'migrated' },
      { kind: 'company', id: '78', result: 'ended' },
      { kind: 'organization', id: 'o1', result: 'migrated' },
    ],
    skipped: { other_extension: 1, other_cluster: 1, half_written: 3, unreadable: 1, no_session: 1 },
  });
  expect((await installationOf('72')).row).toMatchObject({ scopes: ['company/products'] });
});

const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

test.skipIf(!hasRedis)('a Redis server is read, as ioredis wrote it there (needs redis-server)', async () => {
  const port = String(await findFreePort());
  const server = spawn('redis-server', [
    '--port',
    port,
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--requirepass',
    'CANARY-pw',
  ]);
  try {
    for await (const chunk of server.stdout) if (String(chunk).includes('Ready to accept')) break;
    const url = `redis://:CANARY-pw@127.0.0.1:${port}/0`;
    const client = await createClient({ url }).connect();
    for (let company = 1_000; company < 1_040; company++) {
      await client.set(`lens:${keyOf(String(company))}`, JSON.stringify(session(String(company))));
    }
    await client.hSet('lens:a-hash', { a: '1' });
    await client.setEx(`lens:${randomUUID()}`, 900, JSON.stringify(session('1', { access_mode: 'online' })));
    await client.set(`else:${keyOf('2000')}`, JSON.stringify(session('2000')));
    client.destroy();

    const given = ['--from', 'redis', '--prefix', 'lens'];
    const { output } = await migrate([...given, '--write', '--old-backend-is-stopped'], { REDIS_URL: url });
    expect(output).toMatch(
      /company 1000: migrated\n[\s\S]*company 1039: migrated\nLeft out: 1 of people.*\n40 of 40 were/,
    );
    const locked = await migrate(given, { REDIS_URL: `redis://127.0.0.1:${port}/0` });
    expect(locked).toMatchObject({ status: 1, stderr: expect.stringMatching(/^Redis cannot be read: NOAUTH/) });
  } finally {
    server.kill();
    await once(server, 'exit');
  }
});

test('a source that cannot be one is a sentence, and nothing is written', async () => {
  const file = (name: string, content: string) => {
    writeFileSync(join(data.path, name), content);
    return join(data.path, name);
  };
  const half = JSON.stringify({ [keyOf('91')]: session('91') }).slice(0, -9);
  const others = JSON.stringify({ [keyOf('91')]: session('91', { extension_id: 'another' }) });
  const refusals: [string[], RegExp][] = [
    [
      ['--from', 'sqlite', '--file', file('cipher.db', 'CANARY-x'.repeat(1_024))],
      /no SQLite database, or an encrypted one/,
    ],
    [['--from', 'sqlite', '--file', file('empty.db', '')], /has a table storage/],
    [['--from', 'sqlite', '--file', join(data.path, 'none.db')], /There is no file/],
    [['--from', 'sqlite'], /needs --file/],
    [['--from', 'memory-dump', '--file', file('half.json', half)], /not JSON: it may be half written, or encrypted/],
    [['--from', 'memory-dump', '--file', file('null.json', 'null')], /holds no offline session.*nothing that looks/],
    [['--from', 'memory-dump', '--file', file('others.json', others)], /1 of another extension, by its API key/],
    [['--from', 'redis', '--url', `redis://127.0.0.1:${await findFreePort()}`], /^Redis cannot be read/],
    [['--from', 'redis', '--url', 'CANARY'], /^The URL of Redis is none/],
    [['--from', 'redis'], /needs --url/],
    [['--from', 'mongo'], /npm run migrate/],
    [['--token', 'CANARY'], /^There is no option --token\./],
  ];
  for (const [given, sentence] of refusals) {
    const { status, stderr } = await migrate(given);
    expect(stderr).toMatch(sentence);
    expect(status).toBe(1);
  }
  expect((await installationOf('91')).row).toBeUndefined();
});
