import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../../flow/browser.ts';
import { PlatformControl } from '../../flow/platform-control.ts';
import { type LocalWorld, startWorld } from '../../start-world.ts';

let dataDir: string;
let local: LocalWorld;
let control: PlatformControl;
const operations: string[] = [];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'secrecy-'));
  local = await startWorld({ dataDir, onDynamoDbRequest: (operation) => operations.push(operation) });
  control = new PlatformControl(local.world);
  await control.set({ tokenPrefix: 'CANARY-' });
});

afterAll(async () => {
  await local.close();
  await rm(dataDir, { recursive: true, force: true });
});

/** What DynamoDB was asked while `work` ran. */
async function operationsOf(work: () => Promise<Response>, status = 200): Promise<string[]> {
  await local.extension.idle();
  operations.length = 0;
  expect((await work()).status).toBe(status);
  return [...operations];
}

async function everyItem(): Promise<string> {
  const client = new DynamoDBClient({
    endpoint: local.extension.dynamoDbEndpoint,
    region: 'local',
    credentials: local.extension.credentials,
  });
  const items: unknown[] = [];
  for (const TableName of Object.values(local.extension.tableNames)) {
    items.push(...((await client.send(new ScanCommand({ TableName }))).Items ?? []));
  }
  expect(items.length).toBeGreaterThan(2);
  return JSON.stringify(items, (_, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
  );
}

test('each way through asks DynamoDB as often as promised', async () => {
  const { world } = local;
  const browser = new Browser(world);
  const products = '/api/platform/catalog/v2.0/company/1/products/';
  const write = { method: 'POST', headers: { origin: world.baseUrl }, body: '{"name":"New"}' };

  expect(await operationsOf(() => browser.fetch(browser.installPath(1)), 302)).toEqual([]);
  expect(await operationsOf(() => browser.signIn(1), 302)).toEqual(['GetItem', 'UpdateItem']);
  expect(await operationsOf(() => browser.signIn(1), 302)).toEqual(['GetItem']);
  expect(await operationsOf(() => browser.fetch('/company/1'))).toEqual(['BatchGetItem']);
  expect(await operationsOf(() => browser.fetch('/api/session'))).toEqual(['BatchGetItem']);
  expect(await operationsOf(() => browser.fetch(products))).toEqual(['BatchGetItem', 'PutItem']);
  expect(await operationsOf(() => browser.fetch(products))).toEqual(['BatchGetItem']);
  const written = ['BatchGetItem', 'UpdateItem', 'UpdateItem'];
  // A person's first write in a day begins their epoch: an old cookie must leave nothing behind where there is none.
  expect(await operationsOf(() => browser.fetch(products, write))).toEqual([...written, 'UpdateItem']);
  expect(await operationsOf(() => browser.fetch(products, write))).toEqual(written);
  expect(await operationsOf(() => browser.fetch('/_healthz'))).toEqual([]);
});

test('no credential is in any log line, table item, address or answer, whatever goes wrong', async () => {
  const { world, extension } = local;
  const seen: string[] = [];
  const browser = new Browser(world);
  const look = async (path: string, init: RequestInit = {}) => {
    const response = await browser.fetch(path, init);
    const cookies = response.headers.getSetCookie().join('\n');
    seen.push(`${response.headers.get('location')?.replace(/state=[^&]+/, '')}\n${cookies}\n${await response.text()}`);
    return response;
  };
  for (const accept of ['text/html', 'application/json']) {
    const headers = { accept };
    const back = await browser.consent(2, 'owner');
    await look(back, { headers });
    await look('/company/2', { headers });
    await look('/api/session', { headers });
    const catalog = '/api/platform/catalog/v2.0/company/2/products/';
    await look(`${catalog}?access_token=CANARY-query`, {
      headers: { ...headers, authorization: 'Bearer CANARY-header' },
    });
    await look(catalog, { headers });
    await look(catalog, { method: 'PUT', headers: { ...headers, origin: world.baseUrl }, body: '{"x":"CANARY-body"}' });
    for (const fault of [
      { hang_up: 'before' },
      { status: 500, body: 'CANARY-upstream' },
      { status: 401, body: 'CANARY-upstream' },
    ]) {
      const token = '/service/panel/authentication/v1.0/company/2/oauth/token';
      await control.fault({ path: token }, fault);
      await look(await browser.consent(2, 'owner'), { headers });
      await control.clearFaults();
    }
    await look(`/fp/auth?code=CANARY-code&state=CANARY-state&company_id=2`, { headers });
    await look(`/fp/install?company_id=2&client_id=CANARY-client`, { headers });
    await control.expireTokens({ company_id: 2 });
    await look(`${catalog}?again=1`, { headers });
  }
  await browser.signIn(2);
  await browser.fetch('/api/products');

  const logs = extension.logs().join('\n');
  expect(logs).toContain('"status":');
  expect(logs).not.toContain('CANARY');
  expect(await everyItem()).not.toContain('CANARY');
  expect(seen.join('\n')).not.toContain('CANARY');
  // The platform did hand out such tokens, and the extension used them.
  const used = (await control.requests('/service/platform/')).map(({ headers }) => headers['authorization']);
  expect(JSON.stringify(used)).toContain('CANARY');
});
