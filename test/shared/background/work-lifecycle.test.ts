import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Handlers, HookContext } from '../../../shared/background/handlers.ts';
import { announcementOf, parseMessage, type WorkMessage } from '../../../shared/background/messages.ts';
import { pendingWork } from '../../../shared/background/pending-work.ts';
import { work } from '../../../shared/background/work.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { startTables, type TestTables } from '../fixture/dynamodb.ts';
import { afterNoon, testExtension } from '../fixture/extension.ts';
import { messagesIn, type OfflineAnswers } from '../fixture/offline-work.ts';
import { problemOf } from '../fixture/problem.ts';
import { signIn } from '../fixture/sign-in.ts';
import { startWorker, type Worker } from '../fixture/work.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());
afterEach(() => void vi.restoreAllMocks());

const file = './functions/x.ts';
type Hook = keyof Handlers['hooks'];
const gone: OfflineAnswers = {
  call: () => ({ status: 401 }),
  refresh: { status: 400, body: { error: 'invalid_grant' } },
};
const scopes = ['company/products', 'company/orders'];

/** A worker whose extension has these hooks, and what they were told. */
function hooked(
  names: readonly Hook[],
  answers: OfflineAnswers = {},
  fail: () => Promise<void> = () => Promise.resolve(),
) {
  const told: (HookContext & { hook: Hook })[] = [];
  const handlers = Object.fromEntries(
    names.map((hook) => [
      hook,
      (context: HookContext) => {
        told.push({ ...context, hook });
        return fail();
      },
    ]),
  );
  const extension = testExtension({ hooks: Object.fromEntries(names.map((hook) => [hook, file])) });
  return { worker: startWorker(tables, work, { extension, handlers: { hooks: handlers }, answers }), told };
}

const hook = (company: string, name: Hook, generation: number, more: object = {}): WorkMessage => ({
  kind: 'lifecycle',
  tenant: companyTenant(company),
  hook: name,
  generation,
  scopes: name === 'uninstalled' ? [] : scopes,
  ...more,
});
const uninstall = (company: string, more: object = {}): WorkMessage => ({
  kind: 'uninstall',
  tenant: companyTenant(company),
  receivedAtMs: afterNoon(60).getTime(),
  ...more,
});
const announced = async (company: string) => (await tables.grants.find(companyTenant(company)))?.announced;

/** Does what waits in the queue, until nothing does. */
async function drain(worker: Worker) {
  const outcomes: unknown[] = [];
  for (let next = worker.queue.sent.shift(); next !== undefined; next = worker.queue.sent.shift()) {
    const message = parseMessage(next.body);
    if (message === undefined) throw new Error('It is no message of ours.');
    outcomes.push(await worker.does(message));
  }
  return outcomes;
}

describe('a hook', () => {
  test('is told once of an installation, with its scopes and a platform to call', async () => {
    const { worker, told } = hooked(['installed']);
    const company = await worker.install();
    expect(await worker.does(hook(company, 'installed', 1))).toBe('handled');
    expect(await worker.does(hook(company, 'installed', 1), 2)).toBe('duplicate');
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ company, generation: 1, scopes, confirmedBy: undefined });
    await told[0]?.platform?.get(`catalog/v2.0/company/${company}/x`);
    expect(worker.httpClient.requests).toHaveLength(1);
    expect(await announced(company)).toBe(announcementOf(1, scopes));
  });

  test('that fails is told again', async () => {
    let runs = 0;
    const fail = () => (++runs === 1 ? Promise.reject(new Error('not yet')) : Promise.resolve());
    const { worker } = hooked(['installed'], {}, fail);
    const company = await worker.install();
    await expect(worker.does(hook(company, 'installed', 1))).rejects.toThrow('not yet');
    expect(await announced(company)).toBeUndefined();
    expect(await worker.does(hook(company, 'installed', 1), 2)).toBe('handled');
  });

  test('is not told of an installation that is over, nor of a company that never installed', async () => {
    const { worker, told } = hooked(['installed', 'scopesChanged']);
    const company = await worker.install();
    await tables.grants.uninstall((await tables.grants.find(companyTenant(company)))!, afterNoon(1));
    expect(await worker.does(hook(company, 'installed', 1))).toBe('outdated');
    expect(await worker.does(hook(company, 'scopesChanged', 1))).toBe('outdated');
    expect(await worker.does(hook(tables.newCompany(), 'installed', 1))).toBe('not_installed');
    expect(told).toEqual([]);
  });

  test('of changed scopes is told also where the author wants to know of nothing else', async () => {
    const { worker, told } = hooked(['scopesChanged']);
    const { extension, baseUrl, apiKey } = worker.deps;
    const company = await worker.install();
    const pending = async (granted: readonly string[]) => {
      const grant = (await tables.grants.find(companyTenant(company)))!;
      await worker.queue.send(pendingWork({ extension, baseUrl, apiKey }, { ...grant, scopes: granted }));
      return await drain(worker);
    };
    expect(await pending(scopes)).toEqual(['unhandled']);
    expect(await pending(scopes)).toEqual([]);
    expect(await pending([...scopes, 'company/settings'])).toEqual(['handled']);
    expect(told.map(({ hook: name, scopes: granted }) => [name, granted.length])).toEqual([['scopesChanged', 3]]);
    expect(await pending([...scopes, 'company/settings'])).toEqual([]);
  });
});

describe('an uninstallation', () => {
  test('that is confirmed is told of once, with how it was confirmed and nothing to call with', async () => {
    const { worker, told } = hooked(['uninstalled'], gone);
    const company = await worker.install();
    expect(await worker.does(uninstall(company))).toBe('uninstalled');
    expect(messagesIn(worker.queue)).toEqual([hook(company, 'uninstalled', 2, { confirmedBy: 'platform' })]);
    const { group } = worker.queue.sent[0] ?? {};
    expect(group).toBe(`company#${company}`);
    expect(await drain(worker)).toEqual(['handled']);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ company, generation: 2, scopes: [], confirmedBy: 'platform', platform: undefined });
    expect(await worker.does(uninstall(company))).toBe('not_installed');
    expect(await worker.does(hook(company, 'uninstalled', 2), 2)).toBe('duplicate');
    expect([told.length, worker.queue.sent]).toEqual([1, []]);
  });

  test('that was cut off before its hook was queued is made up for', async () => {
    const { worker, told } = hooked(['uninstalled'], gone);
    const company = await worker.install();
    worker.queue.refuses = true;
    await expect(worker.does(uninstall(company))).rejects.toThrow();
    expect(await tables.row(company)).toMatchObject({ status: { S: 'uninstalled' }, generation: { N: '2' } });
    worker.queue.refuses = false;
    expect(await worker.does(uninstall(company), 2)).toBe('uninstalled');
    expect(await drain(worker)).toEqual(['handled']);
    expect(told.map(({ generation, hook: name }) => [name, generation])).toEqual([['uninstalled', 2]]);
    expect(await tables.row(company)).toMatchObject({ generation: { N: '2' } });
    expect(await worker.does(uninstall(company), 3)).toBe('not_installed');
  });

  test('by a signature is told of as that', async () => {
    const { worker, told } = hooked(['uninstalled']);
    const company = tables.newCompany();
    await signIn(tables, company, { extension: testExtension({ accessMode: 'online' }) });
    const signedAtMs = afterNoon(30).getTime();
    expect(await worker.does(uninstall(company))).toBe('unconfirmed');
    expect(await worker.does(uninstall(company, { isSigned: true }))).toBe('unconfirmed');
    expect(await worker.does(uninstall(company, { isSigned: true, signedAtMs }))).toBe('uninstalled');
    await drain(worker);
    expect(told[0]).toMatchObject({ confirmedBy: 'signature' });
    expect(worker.httpClient.requests).toEqual([]);
  });

  test('is asked about for as long as the queue brings it while the platform is down', async () => {
    const { worker } = hooked(['uninstalled'], { call: () => ({ status: 500 }) });
    const company = await worker.install();
    for (const attempt of [1, 4, 5]) {
      expect(await problemOf(worker.does(uninstall(company), attempt))).toMatchObject({ code: 'platform_error' });
    }
    Object.assign(worker.answers, gone);
    expect(await worker.does(uninstall(company), 6)).toBe('uninstalled');
  });

  test('of a company that installed again does the new installation no harm, and its hook is told all the same', async () => {
    const { worker, told } = hooked(['uninstalled', 'installed'], gone);
    const company = await worker.install();
    await worker.does(uninstall(company));
    await signIn(tables, company, { startedAt: afterNoon(100) });
    expect(await drain(worker)).toEqual(['handled']);
    expect(told.map(({ hook: name }) => name)).toEqual(['uninstalled']);
    expect(await announced(company)).toBeUndefined();
    worker.answers.call = () => ({ status: 200 });
    expect(await worker.does(uninstall(company), 4)).toBe('unconfirmed');
    expect(await tables.row(company)).toMatchObject({ status: { S: 'installed' }, generation: { N: '3' } });
    expect(await worker.does(hook(company, 'installed', 3))).toBe('handled');
  });

  test('that comes when a newer installation was told of is not told: what the hook deletes is the newer one’s', async () => {
    const { worker, told } = hooked(['uninstalled', 'installed'], gone);
    const company = await worker.install();
    await worker.does(uninstall(company));
    await signIn(tables, company, { startedAt: afterNoon(100) });
    expect(await worker.does(hook(company, 'installed', 3))).toBe('handled');
    expect(await worker.does(hook(company, 'uninstalled', 2))).toBe('outdated');
    expect(told.map(({ hook: name }) => name)).toEqual(['installed']);
  });

  test('where nobody wants to know of it leaves nothing to do', async () => {
    const { worker } = hooked([], gone);
    const company = await worker.install();
    expect(await worker.does(uninstall(company))).toBe('uninstalled');
    expect(await drain(worker)).toEqual(['unhandled']);
    expect(await worker.does(uninstall(company))).toBe('not_installed');
    expect(await worker.does(uninstall(tables.newCompany()))).toBe('not_installed');
  });
});
