import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SubscriberMessage } from '../../../shared/background/messages.ts';
import { work } from '../../../shared/background/work.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { startTables, type TestTables } from '../fixture/dynamodb.ts';
import { testExtension } from '../fixture/extension.ts';
import type { FakeAnswer } from '../fixture/http-client.ts';
import { problemOf } from '../fixture/problem.ts';
import { startWorker } from '../fixture/work.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

const extension = testExtension({
  events: {
    'company/product/update/v1': './functions/x.ts',
    'company/location/create/v1': { provider: 'kafka', destination: 'locations' },
  },
  webhooks: { notificationEmail: 'owner@example.com' },
});

type Item = { id: number; provider: string; status?: string; event_configs?: object[] };
const active: Item[] = [
  { id: 1, provider: 'rest', status: 'active' },
  { id: 2, provider: 'kafka' },
];
const without = (...changes: Partial<Item>[]) => active.map((item, index) => ({ ...item, ...changes[index] }));
const disabled = { subscriber_event_mapping: { status: 'inactive' } };

/** A worker whose platform has these subscribers until one is registered; afterwards all are active. */
async function start(items: Item[], registering: FakeAnswer = { status: 200, body: {} }) {
  const registrations: string[] = [];
  const worker = startWorker(tables, work, {
    extension,
    answers: {
      call: ({ method, target, body }) => {
        if (method === 'GET' && target.includes('/subscriber?')) {
          return { body: { items: registrations.length > 0 ? active : items, page: { has_next: false } } };
        }
        if (registering.status === 200) registrations.push(body);
        return registering;
      },
    },
  });
  const company = await worker.install();
  const does = (task: SubscriberMessage['task'], request?: string) =>
    worker.does({ kind: 'subscriber', tenant: companyTenant(company), task, request });
  const noted = async () => {
    const { Item: row } = await tables.documents.send(
      new GetCommand({ TableName: tables.names.installations, Key: { pk: `company#${company}` } }),
    );
    return row?.['subscriber'] as Record<string, unknown> | undefined;
  };
  return { does, noted, registrations, worker, company };
}

describe('a look at a company’s subscriber', () => {
  for (const [what, items, state] of [
    ['active where all of them are, or say nothing', active, 'active'],
    [
      'active whatever subscriber of a provider that no event names there is',
      [...active, { id: 3, provider: 'sqs', status: 'inactive' }],
      'active',
    ],
    ['blocked where one is inactive, as the official models call it', without({ status: 'inactive' }), 'blocked'],
    ['blocked where one is called so', without({}, { status: 'blocked' }), 'blocked'],
    ['blocked where an event is switched off', without({ event_configs: [disabled] }), 'blocked'],
    ['missing where there is none for a provider', active.slice(0, 1), 'missing'],
  ] as const) {
    test(`finds it ${what}, and changes nothing`, async () => {
      const { does, noted, registrations } = await start([...items]);
      expect(await does('status', 'r1')).toBe(state);
      expect(registrations).toEqual([]);
      expect(await noted()).toEqual({ state, request: 'r1', seenAtMs: expect.any(Number) });
    });
  }

  test('activates it where it is not, by registering it again, and leaves it alone where it is', async () => {
    const blocked = await start(without({ status: 'blocked' }));
    expect(await blocked.does('activate')).toBe('reactivated');
    expect(blocked.registrations).toHaveLength(1);
    expect(await blocked.noted()).toMatchObject({ state: 'active' });
    expect(await blocked.worker.does({ kind: 'register', tenant: companyTenant(blocked.company), generation: 1 })).toBe(
      'duplicate',
    );
    const well = await start(active);
    expect(await well.does('activate')).toBe('active');
    expect(well.registrations).toEqual([]);
  });

  test('registers it in any case where it is to be in step again', async () => {
    const { does, registrations } = await start(active);
    expect(await does('resync')).toBe('active');
    expect(registrations).toHaveLength(1);
  });

  test('that the platform refuses is an answer to whoever asked, and comes again where nobody did', async () => {
    const { does, noted } = await start(without({ status: 'blocked' }), { status: 403, body: {} });
    expect(await problemOf(does('activate'))).toMatchObject({ code: 'platform_error' });
    expect(await noted()).toBeUndefined();
    expect(await does('activate', 'r2')).toBe('problem');
    expect(await noted()).toMatchObject({ state: 'problem', problem: expect.stringContaining('403'), request: 'r2' });
  });

  test('is none where the company is not installed, or no event is wanted', async () => {
    const { does, company } = await start(active);
    await tables.grants.uninstall((await tables.grants.find(companyTenant(company))) ?? expect.fail(), new Date());
    expect(await does('resync')).toBe('not_installed');
    const quiet = startWorker(tables, work, { extension: testExtension() });
    const message = { kind: 'subscriber', tenant: companyTenant(await quiet.install()), task: 'resync' } as const;
    expect(await quiet.does(message)).toBe('unhandled');
    expect(quiet.httpClient.requests).toEqual([]);
  });
});
