import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { announcementOf, parseMessage, type WorkMessage } from '../../../shared/background/messages.ts';
import { registeredNote, registrationOf } from '../../../shared/background/webhook-registration.ts';
import { work } from '../../../shared/background/work.ts';
import { installationsTable, sweepSchedule } from '../../../shared/contract.ts';
import { webhookKid } from '../../../shared/fynd/webhook-secret.ts';
import { deadlineIn } from '../../../shared/http/http-client.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { startTables, type TestTables } from '../fixture/dynamodb.ts';
import { baseUrl, clientId, testExtension } from '../fixture/extension.ts';
import { startWorker, type Worker, webhookKey } from '../fixture/work.ts';

const file = './functions/x.ts';
const given = {
  events: { 'company/product/update/v1': file },
  webhooks: { notificationEmail: 'owner@example.com' },
  hooks: { installed: file },
};
const extension = testExtension(given);
const scopes = ['company/products'];
const registration = registrationOf({ extension, baseUrl, apiKey: clientId }, 1) ?? '';
const told = announcementOf(1, scopes);
const registered = registeredNote(registration, webhookKid(webhookKey));
const begin: WorkMessage = { kind: 'schedule', name: sweepSchedule, run: 'r1', partition: 0, page: 1 };

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

/** A row whose company is in step with everything, but for `changes`. */
async function put(company: string, changes: { status?: string; announced?: string; registered?: string } = {}) {
  const { status = 'installed', ...notes } = { announced: told, registered, ...changes };
  await tables.putInstallation(company, {
    listed: { S: `installed#${Number(company.slice(-6)) % installationsTable.listing.partitions}` },
    status: { S: status },
    scopes: { L: scopes.map((S) => ({ S })) },
    token: { S: 'CANARY-sealed' },
    ...Object.fromEntries(Object.entries(notes).flatMap(([name, S]) => (S === '' ? [] : [[name, { S }]]))),
  });
}

/** Which subscribers the last sweep has looked at, and for what. */
const looks: string[] = [];

/** Runs a sweep to its end; answers what it queued beside its own pages. */
async function sweep(worker: Worker, deps = worker.deps) {
  const queued: string[] = [];
  looks.length = 0;
  for (let next: WorkMessage | undefined = begin; next !== undefined; ) {
    worker.queue.sent.length = 0;
    expect(await work(deps, next, 1, deadlineIn(1_000))).toBe('fanned_out');
    next = undefined;
    for (const message of worker.queue.sent.map(({ body }) => parseMessage(body))) {
      if (message?.kind === 'schedule') next = message;
      else if (message?.kind === 'lifecycle') queued.push(`${message.hook} ${message.tenant.id}`);
      else if (message?.kind === 'register') queued.push(`register ${message.tenant.id}`);
      else if (message?.kind === 'subscriber') looks.push(`${message.task} ${message.tenant.id}`);
      else queued.push(String(message?.kind));
    }
  }
  return queued.sort();
}

describe('the sweep', () => {
  const behind = {
    '700001': ['installed', 'register'],
    '700002': ['installed'],
    '700003': ['register'],
    '700004': ['register'],
    '700005': ['register'],
    '700006': ['installed'],
  };
  const all = Object.entries(behind).flatMap(([company, what]) => what.map((each) => `${each} ${company}`));
  beforeAll(async () => {
    for (let index = 0; index < 250; index++) await put(`${600_000 + index * 8}`);
    await put('700001', { announced: '', registered: '' });
    await put('700002', { announced: '' });
    await put('700003', { registered: '' });
    await put('700004', { registered: registeredNote('another', webhookKid(webhookKey)) });
    await put('700005', { registered: registeredNote(registration, 'another-kid') });
    await put('700006', { announced: announcementOf(0, scopes) });
    await put('700009', { status: 'reauthorize', announced: '', registered: '' });
  });

  test('finds whom nobody told or registered, or registered otherwise or under another webhook key, and nobody else', async () => {
    expect(await sweep(startWorker(tables, work, { extension }))).toEqual(all.toSorted());
  });

  test('looks at the subscriber of everybody who is installed, and activates it where the configuration says so', async () => {
    await sweep(startWorker(tables, work, { extension }));
    expect(looks).toHaveLength(250 + Object.keys(behind).length);
    expect(looks).toContain('status 700001');
    expect(looks.filter((look) => look.endsWith('700009'))).toEqual([]);
    const reactivating = testExtension({ ...given, webhooks: { ...given.webhooks, reactivate: true } });
    // What is done after a block is no reason to register again.
    expect(await sweep(startWorker(tables, work, { extension: reactivating }))).toEqual(all.toSorted());
    expect(looks).toContain('activate 700001');
    await sweep(startWorker(tables, work, { extension: testExtension({ hooks: given.hooks }) }));
    expect(looks).toEqual([]);
  });

  test('makes up for an installation whose messages no queue took', async () => {
    const worker = startWorker(tables, work, { extension });
    const company = await worker.install();
    const found = await sweep(worker);
    expect(found.filter((each) => each.endsWith(` ${company}`))).toEqual([
      `installed ${company}`,
      `register ${company}`,
    ]);
    await put(company);
  });

  test('asks DynamoDB twice for a page of a hundred companies, and once for a partition without any', async () => {
    tables.calls.length = 0;
    await sweep(startWorker(tables, work, { extension }));
    const count = (operation: string) => tables.calls.filter((call) => call.operation === operation).length;
    expect(count('Query')).toBe(3 + 7);
    expect(count('BatchGetItem')).toBe(3 + 6);
    expect(tables.calls).toHaveLength(count('Query') + count('BatchGetItem'));
    expect(JSON.stringify(tables.calls)).not.toContain('"token"');
  });

  test('registers everybody again once the webhook key is another, and finds nothing afterwards', async () => {
    const worker = startWorker(tables, work, { extension });
    const company = await worker.install();
    const tenant = companyTenant(company);
    await work(worker.deps, { kind: 'register', tenant, generation: 1 }, 1, deadlineIn(1_000));
    const rotated = { ...worker.deps, webhookKey: 'CANARY-rotated-key-0123456789abcdef' };
    const registering = (queued: string[]) => queued.filter((each) => each === `register ${company}`);
    expect(registering(await sweep(worker))).toEqual([]);
    expect(registering(await sweep(worker, rotated))).toHaveLength(1);
    await work(rotated, { kind: 'register', tenant, generation: 1 }, 1, deadlineIn(1_000));
    expect(registering(await sweep(worker, rotated))).toEqual([]);
  });

  test('is not held up by a row that nobody can read', async () => {
    await tables.putInstallation('700008', { listed: { S: 'installed#0' }, generation: { S: 'CANARY' } });
    expect(await sweep(startWorker(tables, work, { extension }))).toEqual(expect.arrayContaining(all));
  });

  test('reads nothing where the extension wants neither events nor to know of installations', async () => {
    const worker = startWorker(tables, work, { extension: testExtension({ hooks: { uninstalled: file } }) });
    tables.calls.length = 0;
    expect(await worker.does(begin)).toBe('unhandled');
    expect(tables.calls).toEqual([]);
  });
});
