import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ScheduleContext } from '../../../shared/background/handlers.ts';
import { parseMessage, type WorkMessage } from '../../../shared/background/messages.ts';
import { registeredNote, registrationOf } from '../../../shared/background/webhook-registration.ts';
import { work } from '../../../shared/background/work.ts';
import { webhookKid } from '../../../shared/fynd/webhook-secret.ts';
import { deadlineIn } from '../../../shared/http/http-client.ts';
import { type InstalledPage, OfflineGrants } from '../../../shared/store/offline-grants.ts';
import { companyTenant, type Tenant } from '../../../shared/tenant.ts';
import { startTables, type TestTables } from '../fixture/dynamodb.ts';
import { afterNoon, testExtension } from '../fixture/extension.ts';
import { messagesIn } from '../fixture/offline-work.ts';
import { problemOf } from '../fixture/problem.ts';
import { startWorker, type Worker, webhookKey } from '../fixture/work.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

const file = './functions/x.ts';

function scheduled(handle: (context: ScheduleContext) => Promise<void> = () => Promise.resolve()) {
  const runs: ScheduleContext[] = [];
  const nightly = (context: ScheduleContext) => {
    runs.push(context);
    return handle(context);
  };
  return { worker: startWorker(tables, work, { handlers: { schedules: { nightly } } }), runs };
}

const begin: WorkMessage = { kind: 'schedule', name: 'nightly', run: 'r1', partition: 0, page: 1 };

/** Follows a schedule from page to page; answers the pages and every message with its ids. */
async function follow(worker: Worker, from: WorkMessage = begin) {
  const companies: string[] = [];
  let pages = 0;
  for (let next: WorkMessage | undefined = from; next !== undefined; pages++) {
    worker.queue.sent.length = 0;
    expect(await worker.does(next)).toBe('fanned_out');
    const messages = worker.queue.sent.map(({ body }) => parseMessage(body));
    companies.push(...messages.flatMap((each) => (each?.kind === 'scheduled' ? [each.tenant.id] : [])));
    next = messages.find((each) => each?.kind === 'schedule');
    expect(messages.filter((each) => each?.kind === 'schedule').length).toBeLessThanOrEqual(1);
  }
  return { companies, pages };
}

describe('a schedule', () => {
  // Lambda ends a chain of some 16 invocations of one function, where the function does not allow it.
  const many = 1_750;
  const installed: string[] = [];
  beforeAll(async () => {
    for (let index = 0; index < many; index++) {
      // One partition is larger than a page; the others are small.
      const company = `${500_000 + (index < 1_730 ? index * 8 : 20_000 + index)}`;
      installed.push(company);
      const partition = Number(company.slice(-6)) % 8;
      await tables.putInstallation(company, { listed: { S: `installed#${partition}` } });
    }
    await tables.putInstallation('777', { status: { S: 'uninstalled' } });
  });

  test('has one message for each installed company, page after page', async () => {
    const { worker } = scheduled();
    const { companies, pages } = await follow(worker);
    expect(companies.toSorted()).toEqual(installed.toSorted());
    expect(pages).toBe(18 + 7);
  });

  test('sends at most a page at once, each message under an id that is the same when the page is sent again', async () => {
    const { worker } = scheduled();
    await worker.does(begin);
    expect(worker.queue.sent).toHaveLength(101);
    const first = worker.queue.sent.splice(0);
    await worker.does(begin);
    expect(worker.queue.sent).toEqual(first);
    expect(new Set(first.map(({ deduplicationId }) => deduplicationId)).size).toBe(101);
    worker.queue.sent.length = 0;
    await worker.does({ ...begin, run: 'r2' });
    const ids = new Set([...first, ...worker.queue.sent].map(({ deduplicationId }) => deduplicationId));
    expect(ids.size).toBe(202);
    expect(first.map(({ group }) => group)).toContain('schedule#nightly');
  });

  test('goes on where it was when it was cut off, also after a company that is gone', async () => {
    const { worker } = scheduled();
    await worker.does(begin);
    const next = parseMessage(worker.queue.sent.at(-1)?.body ?? '');
    if (next?.kind !== 'schedule' || next.after === undefined) throw new Error('There is no next page.');
    const done = worker.queue.sent.slice(0, -1).map(({ body }) => parseMessage(body));
    const doneCompanies = done.flatMap((each) => (each?.kind === 'scheduled' ? [each.tenant.id] : []));
    const grant = (await tables.grants.find(next.after))!;
    await tables.grants.uninstall(grant, afterNoon(1));
    const rest = await follow(worker, next);
    expect([...doneCompanies, ...rest.companies].toSorted()).toEqual(installed.toSorted());
    await tables.putInstallation(next.after.id, { listed: { S: 'installed#0' } });
  });

  test('whose queue refuses fails, so that the page comes again', async () => {
    const { worker } = scheduled();
    worker.queue.refuses = true;
    await expect(worker.does(begin)).rejects.toThrow();
  });

  for (const [before, round] of [
    [0, 1],
    [0, 7],
    [3, 1],
    [5, 2],
    [20, 13],
    [2, 100],
  ] as const) {
    test(`whose listing goes round in a circle of ${round} after ${before} pages stops there, with everybody served`, async () => {
      const { worker } = scheduled();
      const pageAfter = (after: Tenant | undefined) => {
        const page = Number(after?.id ?? 0);
        return companyTenant(String(page < before + round ? page + 1 : before + 1));
      };
      class Circling extends OfflineGrants {
        override listInstalled(_partition: number, after: Tenant | undefined): Promise<InstalledPage> {
          return Promise.resolve({ tenants: [pageAfter(after)], isLast: false });
        }
      }
      const deps = { ...worker.deps, grants: new Circling(tables.client, tables.names.installations) };
      const served = new Set<string>();
      let outcome: Awaited<ReturnType<typeof work>> = 'fanned_out';
      let pages = 0;
      for (let next: WorkMessage | undefined = begin; next !== undefined; pages++) {
        worker.queue.sent.length = 0;
        outcome = await work(deps, next, 1, deadlineIn(1_000));
        const messages = worker.queue.sent.map(({ body }) => parseMessage(body));
        for (const each of messages) if (each?.kind === 'scheduled') served.add(each.tenant.id);
        next = messages.find((each) => each?.kind === 'schedule');
        expect(pages).toBeLessThan(3 * (before + round) + 3);
      }
      expect(outcome).toBe('runaway');
      expect(served.size).toBe(before + round);
    });
  }

  test('that is configured no more does nothing', async () => {
    const idle = startWorker(tables, work);
    expect(await idle.does(begin)).toBe('unhandled');
    expect(await idle.does({ kind: 'scheduled', tenant: companyTenant('777'), name: 'nightly', run: 'r1' })).toBe(
      'unhandled',
    );
    expect(messagesIn(idle.queue)).toEqual([]);
  });
});

describe('a schedule’s work for one company', () => {
  const nightly = (company: string): WorkMessage => ({
    kind: 'scheduled',
    tenant: companyTenant(company),
    name: 'nightly',
    run: 'r1',
  });

  test('is told which schedule and run it is, and has a platform to call', async () => {
    const { worker, runs } = scheduled(({ platform, company }) => platform.get(`catalog/v2.0/company/${company}/x`));
    const company = await worker.install();
    expect(await worker.does(nightly(company))).toBe('handled');
    expect(runs).toMatchObject([{ company, schedule: 'nightly', run: 'r1' }]);
    expect(worker.httpClient.requests[0]?.headers['authorization']).toBe('Bearer CANARY-offline-token');
  });

  test('is none where the company is gone or its grant is broken', async () => {
    const { worker, runs } = scheduled();
    const company = await worker.install();
    await tables.grants.markReauthorize((await tables.grants.find(companyTenant(company)))!, new Date());
    for (const each of [company, '777', tables.newCompany()]) {
      expect(await worker.does(nightly(each))).toBe('not_installed');
    }
    expect(runs).toEqual([]);
  });

  test('that fails comes again, and nobody else’s with it', async () => {
    const { worker } = scheduled(({ company }) =>
      company === broken ? Promise.reject(new Error('no')) : Promise.resolve(),
    );
    const broken = await worker.install();
    await expect(worker.does(nightly(broken))).rejects.toThrow('no');
    expect(await worker.does(nightly(await worker.install()))).toBe('handled');
  });
});

describe('a registration', () => {
  const extension = testExtension({
    events: { 'company/product/update/v1': file },
    webhooks: { notificationEmail: 'owner@example.com' },
  });
  const register = (company: string): WorkMessage => ({
    kind: 'register',
    tenant: companyTenant(company),
    generation: 1,
  });

  test('is made once with the company’s own token, and again when the configuration is another', async () => {
    const worker = startWorker(tables, work, { extension });
    const company = await worker.install();
    expect(await worker.does(register(company))).toBe('registered');
    expect(worker.httpClient.requests).toHaveLength(1);
    const [request] = worker.httpClient.requests;
    expect(request).toMatchObject({
      method: 'PUT',
      target: `/service/platform/webhook/v3.0/company/${company}/subscriber`,
      headers: { authorization: 'Bearer CANARY-offline-token', 'content-type': 'application/json' },
    });
    const secret = createHmac('sha256', webhookKey).update(`company#${company}`).digest('hex');
    expect(String(request?.body)).toContain(JSON.stringify({ type: 'hmac', secret }));
    expect(String(request?.body)).not.toContain('CANARY');
    expect(await worker.does(register(company), 2)).toBe('duplicate');
    const registration = registrationOf(worker.deps, 1) ?? '';
    expect((await tables.grants.find(companyTenant(company)))?.registered).toBe(
      registeredNote(registration, webhookKid(webhookKey)),
    );
    const changed = testExtension({
      events: { 'company/product/create/v1': file },
      webhooks: { notificationEmail: 'owner@example.com' },
    });
    const next = startWorker(tables, work, { extension: changed });
    expect(await next.does(register(company))).toBe('registered');
  });

  test('is made again under another webhook key, with the secret that this makes', async () => {
    const worker = startWorker(tables, work, { extension });
    const company = await worker.install();
    expect(await worker.does(register(company))).toBe('registered');
    const rotated = { ...worker.deps, webhookKey: 'CANARY-rotated-key-0123456789abcdef' };
    const again = (attempt: number) => work(rotated, register(company), attempt, deadlineIn(1_000));
    expect(await again(1)).toBe('registered');
    const secret = createHmac('sha256', rotated.webhookKey).update(`company#${company}`).digest('hex');
    expect(String(worker.httpClient.requests.at(-1)?.body)).toContain(secret);
    expect(await again(2)).toBe('duplicate');
  });

  test('that the platform refuses is not noted, and comes again', async () => {
    const worker = startWorker(tables, work, { extension, answers: { call: () => ({ status: 500 }) } });
    const company = await worker.install();
    expect(await problemOf(worker.does(register(company)))).toMatchObject({ code: 'platform_error' });
    expect((await tables.grants.find(companyTenant(company)))?.registered).toBeUndefined();
    worker.answers.call = () => ({ status: 200 });
    expect(await worker.does(register(company), 2)).toBe('registered');
  });

  test('is none where the company is gone, its grant is broken, or there are no events any more', async () => {
    const worker = startWorker(tables, work, { extension });
    const company = await worker.install();
    expect(await startWorker(tables, work).does(register(company))).toBe('duplicate');
    await tables.grants.markReauthorize((await tables.grants.find(companyTenant(company)))!, new Date());
    for (const each of [company, tables.newCompany()]) expect(await worker.does(register(each))).toBe('not_installed');
    expect(worker.httpClient.requests).toEqual([]);
  });
});
