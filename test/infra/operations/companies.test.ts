import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { webhookMessage } from '../../../shared/background/messages.ts';
import { documentClient } from '../../../shared/store/dynamodb.ts';
import { HeldData } from '../../../shared/store/held-data.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { Browser } from '../../flow/browser.ts';
import { PlatformControl } from '../../flow/platform-control.ts';
import { type LocalWorld, startWorld } from '../../start-world.ts';
import { clientOf } from '../local/fixture/queues.ts';
import { runCommand } from '../local/fixture/run-command.ts';
import { temporaryDirectory } from '../local/fixture/start-fixture.ts';

const data = temporaryDirectory();
let running: LocalWorld;
let dynamoDb: DynamoDBClient;
let sqs: SQSClient;
beforeAll(async () => {
  running = await startWorld({ dataDir: data.path });
  const { extension } = running;
  dynamoDb = new DynamoDBClient({ ...clientOf(extension), endpoint: extension.dynamoDbEndpoint });
  sqs = new SQSClient({ ...clientOf(extension), endpoint: extension.sqsEndpoint });
});
afterAll(async () => {
  await running.close();
  data[Symbol.dispose]();
});

async function companies(...given: string[]) {
  await using command = runCommand(
    'infra/operations/companies.ts',
    { LOCAL_DATA_DIR: data.path, EXTENSION_CONFIG: 'test/extension/extension.config.ts' },
    [...given, '--local'],
  );
  const status = await command.exited;
  expect(command.output).not.toMatch(/ {4}at |CANARY/);
  const { output, stderr } = command;
  return { status, output, stderr, json: () => JSON.parse(output.replace(stderr, '')) as Record<string, unknown> };
}

/** Every item of every table, in one order. */
async function stored(): Promise<string[]> {
  const scans = Object.values(running.extension.tableNames).map((TableName) =>
    dynamoDb.send(new ScanCommand({ TableName, ConsistentRead: true })),
  );
  return (await Promise.all(scans)).flatMap(({ Items = [] }) => Items.map((item) => JSON.stringify(item))).toSorted();
}

async function signIn(company: number, user = 'owner'): Promise<{ browser: Browser; userId: string }> {
  const browser = new Browser(running.world);
  await browser.signIn(company, user);
  await running.extension.idle();
  const session = (await browser.json('/api/session')) as { user: { id: string } };
  expect((await browser.fetch(`/api/platform/catalog/v2.0/company/${company}/products/`)).status).toBe(200);
  return { browser, userId: session.user.id };
}

const write = (browser: Browser, company: number) =>
  browser.fetch(`/api/platform/catalog/v2.0/company/${company}/products/`, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
  });

async function deadLetter(company: string, id: string): Promise<void> {
  const body = Buffer.from(JSON.stringify({ company_id: company, event: { id }, payload: { phone: `of ${company}` } }));
  const message = webhookMessage({ tenant: companyTenant(company), eventId: id, body, receivedAtMs: Date.now() });
  const [, QueueUrl] = Object.entries(running.extension.queues).find(([name]) => name.includes('DeadLetters')) ?? [];
  const { body: MessageBody, group: MessageGroupId, deduplicationId: MessageDeduplicationId } = message ?? {};
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageGroupId, MessageDeduplicationId }));
}

test('who is installed is listed and shown, without a token', async () => {
  await signIn(1);
  await new Browser(running.world).signInPartner('5f0d1c2b3a4e5d6c7b8a0001');
  const list = await companies('list');
  expect(list.output).toMatch(
    /^company 1 +installed +\d{4}-.* offline token\norganization 5f0d1c2b3a4e5d6c7b8a0001 +installed/,
  );
  expect(JSON.parse((await companies('list', '--json')).output)).toContainEqual(
    expect.objectContaining({ kind: 'company', id: '1', status: 'installed', hasToken: true }),
  );
  const shown = await companies('show', '1', '--json');
  expect(shown.json()).toMatchObject({ pk: 'company#1', generation: 1, hasToken: true, scopes: expect.any(Array) });
  expect(shown.json()).not.toHaveProperty('token');
  expect(await companies('show', '99')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^The .* knows no company 99/),
  });
});

test('a person is exported, and erased without the company or anybody else', async () => {
  const [asha, ravi] = [await signIn(2), await signIn(2, 'catalog')];
  await write(asha.browser, 2);
  const exported = (await companies('export', '2', '--user', asha.userId)).json();
  expect(exported['cached']).toEqual(
    expect.arrayContaining([expect.objectContaining({ status: 200, body: expect.anything() })]),
  );
  const before = await stored();

  const erased = await companies('erase', '2', '--user', asha.userId, '--yes', '--wait', '0', '--json');
  expect(erased.status).toBe(0);
  expect(erased.json()).toMatchObject({ erased: { sessionsEnded: true, cachedResponses: 1 }, found: 0 });
  const after = await stored();
  expect(after.filter((item) => !before.includes(item))).toEqual([expect.stringContaining('"sessionsValidFromMs"')]);
  expect(after.join('\n')).not.toContain(asha.userId);

  for (const answer of [await write(asha.browser.copy(), 2), await asha.browser.copy().fetch('/api/session')]) {
    expect(answer.status).toBe(401);
  }
  expect(await stored()).toEqual(after);
  expect((await ravi.browser.fetch('/api/session')).status).toBe(200);
  // As often as one likes.
  expect((await companies('erase', '2', '--user', asha.userId, '--yes', '--wait', '0')).status).toBe(0);
});

test('a company is exported and erased, with its dead letters and nobody else’s, and an old cookie writes nothing', async () => {
  const { browser, userId } = await signIn(3);
  const silent = new Browser(running.world);
  await silent.signIn(3, 'catalog');
  await new PlatformControl(running.world).event(3, { event: 'company/product/update/v1', payload: {} });
  await expect.poll(async () => (await stored()).some((item) => /"company#3#[0-9a-f]{64}"/.test(item))).toBe(true);
  await running.extension.idle();
  for (let index = 0; index < 12; index++) await deadLetter('3', `event-${index}`);
  await deadLetter('1', 'of-somebody-else');

  const exported = (await companies('export', '3')).json();
  expect(exported).toMatchObject({ company: '3', installation: { hasToken: true, status: 'installed' } });
  expect(exported['cached']).not.toEqual([]);
  expect(exported['deliveries']).toHaveLength(1);
  expect(exported['deadLetters']).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ kind: 'webhook', body: expect.objectContaining({ payload: { phone: 'of 3' } }) }),
    ]),
  );
  expect((await companies('erase', '3')).stderr).toMatch(/--yes/);

  const erased = await companies('erase', '3', '--yes', '--wait', '0', '--json');
  expect(erased.status).toBe(0);
  expect(erased.json()).toMatchObject({ erased: { deliveries: 1, deadLetters: 12, tombstone: false }, found: 0 });
  const after = await stored();
  const [tombstone, ...others] = after.filter((item) => item.includes('company#3'));
  expect(others).toEqual([]);
  expect(Object.keys(JSON.parse(tombstone ?? '{}') as object).toSorted()).toEqual([
    'generation',
    'pk',
    'sessionsValidFromMs',
    'status',
    'uninstalledAt',
    'updatedAt',
    'version',
  ]);
  for (const each of [browser, silent]) expect((await write(each.copy(), 3)).status).toBe(401);
  expect(await stored()).toEqual(after);
  expect((await companies('export', '1')).json()['deadLetters']).toHaveLength(1);

  // Run again, it finds nothing more; installed again, everything begins anew.
  expect((await companies('erase', '3', '--yes', '--wait', '0', '--json')).json()).toMatchObject({
    erased: { cachedItems: 0 },
  });
  const again = await signIn(3);
  expect(again.userId).toBe(userId);
  expect((await companies('show', '3', '--json')).json()).toMatchObject({ generation: 3, status: 'installed' });
  expect((await write(browser.copy(), 3)).status).toBe(401);
});

test('the tombstone goes too, once nothing could still rest on it', async () => {
  const { installations, userCache, deliveries } = {
    installations: running.extension.resourceNames['INSTALLATIONS_TABLE'] ?? '',
    userCache: running.extension.resourceNames['USER_CACHE_TABLE'] ?? '',
    deliveries: running.extension.resourceNames['DELIVERIES_TABLE'] ?? '',
  };
  await signIn(4);
  const held = new HeldData(documentClient(dynamoDb), { installations, userCache, deliveries });
  const row = await held.installation(companyTenant('4'));
  expect(await held.leaveTombstone(row!, new Date(Date.now() - 6 * 86_400_000), [])).toBe(true);
  expect(await held.leaveTombstone(row!, new Date(), [])).toBe(false);
  expect((await companies('erase', '4', '--yes', '--wait', '0', '--json')).json()).toMatchObject({
    erased: { tombstone: true },
  });
  expect((await stored()).filter((item) => item.includes('company#4'))).toEqual([]);
  expect((await companies('erase', '4', '--yes', '--wait', '0')).status).toBe(0);
});

test('whose grant no longer works is listed, with since when, why and how often it was tried; status 2', async () => {
  expect(await companies('list', '--broken')).toMatchObject({ status: 0, output: 'Every company’s grant works.\n' });
  await signIn(5);
  const control = new PlatformControl(running.world);
  await control.expireTokens({ company_id: 5, access_mode: 'offline', what: 'all' });
  const before = Date.now();
  await control.event(5, { event: 'company/product/update/v1', payload: { product: { uid: 7_501_001 } } });
  await running.extension.idle();
  const listed = await companies('list', '--broken', '--json');
  expect(listed.status).toBe(2);
  const [broken, ...others] = JSON.parse(listed.output) as { brokenSince: string; lastFailureAt: string }[];
  expect(others).toEqual([]);
  expect(broken).toMatchObject({
    kind: 'company',
    id: '5',
    status: 'reauthorize',
    lastFailure: 'invalid_grant',
    attempts: 1,
  });
  for (const at of [broken?.brokenSince, broken?.lastFailureAt]) {
    expect(Date.parse(at ?? '')).toBeGreaterThanOrEqual(before - 1_000);
    expect(Date.parse(at ?? '')).toBeLessThanOrEqual(Date.now());
  }
  expect((await companies('list', '--broken')).output).toMatch(
    /^company 5 +broken since \d{4}-.{11} +invalid_grant at \d{4}-.{11} +1 attempt +mended when somebody opens the extension there\n$/,
  );
  await new Browser(running.world).signIn(5);
  expect((await companies('list', '--broken')).status).toBe(0);
});

test.for([
  [['show', '1', '--broken'], /--broken is for the list/],
  [['erase', '0', '--yes'], /1 to 18 digits/],
  [['erase', '__proto__', '--yes'], /1 to 18 digits/],
  [['erase', '1234567890123456789', '--yes'], /1 to 18 digits/],
  [['show', 'a1'], /--organization/],
  [['show', '--organization', 'x'.repeat(65)], /1 to 64/],
  [['show', '1', '--organization', 'a1'], /npm run companies/],
  [['erase', '1', '--yes', '--wait', 'long'], /--wait/],
  [['drop', '1'], /npm run companies/],
  [['list', '--everything'], /everything/],
] as const)('%s is refused with a sentence, and nothing is changed', async ([given, sentence]) => {
  const before = await stored();
  const { status, stderr } = await companies(...given);
  expect(status).toBe(1);
  expect(stderr).toMatch(sentence);
  expect(await stored()).toEqual(before);
});

test('what it takes is said, and that no extension runs', async () => {
  expect(await companies('--help')).toMatchObject({ status: 0, output: expect.stringContaining('erase COMPANY') });
  using empty = temporaryDirectory();
  await using command = runCommand(
    'infra/operations/companies.ts',
    { LOCAL_DATA_DIR: empty.path, EXTENSION_CONFIG: 'test/extension/extension.config.ts' },
    ['list', '--local'],
  );
  expect(await command.exited).toBe(1);
  expect(command.stderr).toMatch(/^No local extension runs/);
});

test('a row that was damaged is erased like any other, with how busy the company was', async () => {
  const { INSTALLATIONS_TABLE: installations, USER_CACHE_TABLE: userCache } = running.extension.resourceNames;
  const documents = documentClient(dynamoDb);
  const damaged = [{ pk: 'company#71', version: 'CANARY-x', status: 3, token: 'CANARY-token' }, { pk: 'company#72' }];
  for (const Item of damaged) await documents.send(new PutCommand({ TableName: installations, Item }));
  for (const id of ['71', '711']) {
    const Item = { pk: `company#${id}`, sk: '#calls', usedUntilMs: 1, expiresAt: 9_999_999_999 };
    await documents.send(new PutCommand({ TableName: userCache, Item }));
  }
  for (const id of ['71', '72']) {
    expect(await companies('erase', id, '--yes', '--wait', '0')).toMatchObject({ status: 0 });
    expect((await companies('show', id, '--json')).json()).toMatchObject({ status: 'uninstalled', hasToken: false });
  }
  expect((await stored()).filter((item) => /"company#71+"/.test(item) && item.includes('#calls'))).toEqual([
    expect.stringContaining('company#711'),
  ]);
});
