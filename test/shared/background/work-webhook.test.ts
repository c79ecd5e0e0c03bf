import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { EventContext, EventHandler } from '../../../shared/background/handlers.ts';
import { parseMessage, type WorkMessage, webhookMessage } from '../../../shared/background/messages.ts';
import { work } from '../../../shared/background/work.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { startTables, type TestTables } from '../fixture/dynamodb.ts';
import { afterNoon, noon } from '../fixture/extension.ts';
import { messagesIn } from '../fixture/offline-work.ts';
import { problemOf } from '../fixture/problem.ts';
import { signIn } from '../fixture/sign-in.ts';
import { startWorker } from '../fixture/work.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());
afterEach(() => void vi.restoreAllMocks());

const productUpdate = { category: 'company', name: 'product', type: 'update', version: '1' };

function webhook(company: string, changes: object = {}, receivedAt = afterNoon(30)): WorkMessage {
  const body = { company_id: Number(company), event: productUpdate, payload: { n: 1 }, ...changes };
  const queued = webhookMessage({
    tenant: companyTenant(company),
    eventId: undefined,
    body: Buffer.from(JSON.stringify(body)),
    receivedAtMs: receivedAt.getTime(),
  });
  const message = parseMessage(queued?.body ?? '');
  if (message === undefined) throw new Error('It is no message.');
  return message;
}

/** A worker that handles one event, and what its handler was given. */
function handling(handle: EventHandler = () => Promise.resolve()) {
  const contexts: EventContext[] = [];
  const events: Record<string, EventHandler> = {
    'company/product/update/v1': (context) => {
      contexts.push(context);
      return handle(context);
    },
  };
  return { worker: startWorker(tables, work, { handlers: { events } }), contexts };
}

describe('an event', () => {
  test('is handled once, with all that it says', async () => {
    const { worker, contexts } = handling();
    const company = await worker.install();
    const event = { ...productUpdate, id: 'e1', created_timestamp: 5, trace_id: ['t'] };
    const application_id = '0123456789abcdef01234567';
    const message = webhook(company, { event, application_id, payload: { id: 7 } });
    expect(await worker.does(message)).toBe('handled');
    expect(await worker.does(message, 2)).toBe('duplicate');
    expect(contexts).toHaveLength(1);
    expect(contexts[0]).toMatchObject({
      company,
      applications: [application_id],
      event: { ...productUpdate, id: 'e1', createdAtMs: 5, traceIds: ['t'] },
      payload: { id: 7 },
    });
    expect(worker.httpClient.requests).toEqual([]);
  });

  test('of another body, or of another company, is another one', async () => {
    const { worker, contexts } = handling();
    const [one, two] = [await worker.install(), await worker.install()];
    for (const message of [webhook(one), webhook(one, { payload: { n: 2 } }), webhook(two)]) {
      expect(await worker.does(message)).toBe('handled');
    }
    expect(contexts.map(({ company }) => company)).toEqual([one, one, two]);
  });

  test('that comes again with the same signed id is the same, whatever else of it differs', async () => {
    const { worker, contexts } = handling();
    const [one, two] = [await worker.install(), await worker.install()];
    const named = (id: unknown, trace: string) => ({ event: { ...productUpdate, id, trace_id: [trace] } });
    expect(await worker.does(webhook(one, named('e1', 'a')))).toBe('handled');
    expect(await worker.does(webhook(one, named('e1', 'b')))).toBe('duplicate');
    expect(await worker.does(webhook(one, { ...named('e1', 'a'), payload: { n: 2 } }))).toBe('duplicate');
    expect(await worker.does(webhook(two, named('e1', 'a')))).toBe('handled');
    expect(await worker.does(webhook(one, named(1, 'a')))).toBe('handled');
    expect(await worker.does(webhook(one, named('1', 'b')))).toBe('duplicate');
    expect(contexts.map(({ company }) => company)).toEqual([one, two, one]);
  });

  test('whose handler fails is handled again: it counts as handled only when that is done', async () => {
    let runs = 0;
    const { worker } = handling(() => (++runs < 3 ? Promise.reject(new TypeError('not yet')) : Promise.resolve()));
    const message = webhook(await worker.install());
    await expect(worker.does(message)).rejects.toThrow('not yet');
    await expect(worker.does(message, 2)).rejects.toThrow('not yet');
    expect(await worker.does(message, 3)).toBe('handled');
    expect(await worker.does(message, 4)).toBe('duplicate');
    expect(runs).toBe(3);
  });

  test('whose handler was done when the process died before it was noted is handled again: at least once', async () => {
    const { worker, contexts } = handling();
    const message = webhook(await worker.install());
    vi.spyOn(worker.deps.deliveries, 'recordHandled').mockRejectedValueOnce(new Error('killed'));
    await expect(worker.does(message)).rejects.toThrow('killed');
    expect(await worker.does(message, 2)).toBe('handled');
    expect(contexts).toHaveLength(2);
  });

  test('of a company that never installed, or is uninstalled, runs nothing', async () => {
    const { worker, contexts } = handling();
    expect(await worker.does(webhook(tables.newCompany()))).toBe('not_installed');
    const company = await worker.install();
    await tables.grants.uninstall((await tables.grants.find(companyTenant(company)))!, afterNoon(1));
    expect(await worker.does(webhook(company))).toBe('not_installed');
    expect(contexts).toEqual([]);
  });

  test('from before the company installed again is outdated', async () => {
    const { worker, contexts } = handling();
    const company = await worker.install();
    expect(await worker.does(webhook(company, {}, new Date(noon.getTime() - 1)))).toBe('outdated');
    await tables.grants.uninstall((await tables.grants.find(companyTenant(company)))!, afterNoon(40));
    await signIn(tables, company, { startedAt: afterNoon(50) });
    expect(await worker.does(webhook(company, {}, afterNoon(30)))).toBe('outdated');
    expect(contexts).toEqual([]);
    expect(await worker.does(webhook(company, {}, afterNoon(50)))).toBe('handled');
  });

  test('is handled where the clock was set back, so that the installation seems yet to come', async () => {
    const { worker, contexts } = handling();
    const company = tables.newCompany();
    await signIn(tables, company, { startedAt: afterNoon(3 * 3_600) });
    expect(await worker.does(webhook(company, {}, afterNoon(30)))).toBe('handled');
    expect(contexts).toHaveLength(1);
  });

  test('that nobody handles is unhandled, and may be handled after a deployment', async () => {
    const { worker } = handling();
    const company = await worker.install();
    for (const event of [
      { ...productUpdate, version: '2' },
      { ...productUpdate, type: 'create' },
    ]) {
      expect(await worker.does(webhook(company, { event }))).toBe('unhandled');
    }
    const idle = startWorker(tables, work);
    const message = webhook(company);
    expect(await idle.does(message)).toBe('unhandled');
    expect(await worker.does(message)).toBe('handled');
  });

  test('is asked about three times and noted once', async () => {
    const { worker } = handling();
    const message = webhook(await worker.install());
    tables.calls.length = 0;
    await worker.does(message);
    expect(tables.calls.map(({ operation }) => operation)).toEqual(['GetItem', 'GetItem', 'PutItem']);
    expect(messagesIn(worker.queue)).toEqual([]);
  });
});

describe('a handler of an event', () => {
  test('calls the platform with the company’s own token, which it never sees', async () => {
    const { worker } = handling(async ({ platform, company, log }) => {
      const page = await platform.get<{ n: number }>(`catalog/v2.0/company/${company}/x`, { query: { a: 1 } });
      log('seen', { n: page.n });
    });
    const output = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    worker.answers.call = ({ token }) => (token === 'CANARY-offline-token' ? { body: { n: 5 } } : { status: 500 });
    const company = await worker.install();
    expect(await worker.does(webhook(company))).toBe('handled');
    const lines = output.mock.calls.map(([text]) => JSON.parse(String(text)) as object);
    expect(lines).toEqual([expect.objectContaining({ level: 'info', company_id: company, message: 'seen', n: 5 })]);
    expect(worker.httpClient.requests[0]?.target).toBe(`/service/platform/catalog/v2.0/company/${company}/x?a=1`);
  });

  test('cannot reach another company, and learns of refusals', async () => {
    const { worker } = handling(({ platform }) => platform.get('catalog/v2.0/company/7/x'));
    expect(await problemOf(worker.does(webhook(await worker.install())))).toMatchObject({ code: 'tenant_mismatch' });
    const refused = handling(({ platform, company }) =>
      platform.post(`catalog/v2.0/company/${company}/x`, { body: {} }),
    );
    refused.worker.answers.call = () => ({ status: 409 });
    await expect(refused.worker.does(webhook(await refused.worker.install()))).rejects.toThrow(
      'The platform answered 409 to POST catalog/v2.0/company/*/x.',
    );
  });
});
