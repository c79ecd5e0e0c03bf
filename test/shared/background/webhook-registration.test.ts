import { describe, expect, test } from 'vitest';
import { registerWebhooks } from '../../../shared/background/webhook-registration.ts';
import type { ExtensionInput } from '../../../shared/config.ts';
import { baseUrl, clientId, testExtension } from '../fixture/extension.ts';
import { problemOf } from '../fixture/problem.ts';

const webhooks = { notificationEmail: 'owner@example.com' };
const events: ExtensionInput['events'] = {
  'company/product/update/v1': './functions/on-product.ts',
  'company/order/update/v2': {
    handler: './functions/on-order.ts',
    filters: { query: '$.status' },
    reducer: { id: '$.id' },
  },
  'company/location/create/v1': { provider: 'kafka', destination: 'locations' },
  'company/brand/create/v1': { provider: 'pub_sub', destination: 'brands' },
  'company/product/create/v1': { provider: 'sqs', destination: 'products' },
  'company/product/delete/v1': { provider: 'event_bridge', destination: 'bus' },
  'company/inventory/update/v1': { provider: 'temporal', destination: 'inventory', workflowName: 'sync' },
};
const restOnly = { 'company/product/update/v1': './functions/on-product.ts' };

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: Record<string, unknown>;
}
type Answers = (asked: Asked) => { status?: number; body?: unknown } | undefined;

/** Registers for company 12 with a platform that answers as told, else 200 with nothing in it. */
async function register(input: Partial<ExtensionInput>, answers: Answers, received = {}) {
  const asked: Asked[] = [];
  const registration = {
    extension: testExtension({ webhooks, ...input }),
    baseUrl,
    apiKey: clientId,
    secret: 'CANARY-secret',
    companyId: '12',
    received,
  };
  const registering = registerWebhooks(registration, (method, path, body) => {
    const request = { method, path, body: JSON.parse(JSON.stringify(body ?? {})) as Record<string, unknown> };
    asked.push(request);
    const { status = 200, body: answer = {} } = answers(request) ?? {};
    return Promise.resolve({ status, headers: {}, body: Buffer.from(JSON.stringify(answer)) });
  });
  return { asked, version: await registering };
}

const v3 = 'platform/webhook/v3.0/company/12/subscriber';
const v2 = 'platform/webhook/v2.0/company/12/subscriber';
const v1 = 'platform/webhook/v1.0/company/12/subscriber';
const listed = (page: number) =>
  `platform/webhook/v1.0/company/12/extension/${clientId}/subscriber?page_no=${page}&page_size=100`;
const list = listed(1);
const query = 'common/webhook/v1.0/events/query-event-details';
const withoutV3 =
  (more: Answers = () => undefined): Answers =>
  (asked) =>
    asked.path === v3 ? { status: 404 } : (more(asked) ?? (asked.path === list ? { body: { items: [] } } : undefined));
const withoutV2 = (more: Answers = () => undefined): Answers =>
  withoutV3((asked) => (asked.path === v2 ? { status: 404 } : more(asked)));
const known = { event_category: 'company', event_name: 'product', event_type: 'update', version: '1', id: 77 };

describe('the subscriber where the platform has upserts', () => {
  test('is put in one request, with a part for each of the six providers', async () => {
    const { asked, version } = await register({ events }, () => undefined);
    expect(version).toBe('v3');
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([`PUT ${v3}`]);
    const event = (event_name: string, event_type: string, more: object, version = '1') => ({
      event_category: 'company',
      event_name,
      event_type,
      version,
      ...more,
    });
    expect(asked[0]?.body).toEqual({
      webhook_config: {
        notification_email: 'owner@example.com',
        name: clientId,
        association: { extension_id: clientId, application_id: [], criteria: 'ALL' },
        status: 'active',
        event_map: {
          rest: {
            webhook_url: `${baseUrl}/api/webhook-events?company_id=12`,
            auth_meta: { type: 'hmac', secret: 'CANARY-secret' },
            events: [
              event('product', 'update', {}),
              event('order', 'update', { filters: { query: '$.status' }, reducer: { id: '$.id' } }, '2'),
            ],
          },
          kafka: { events: [event('location', 'create', { topic: 'locations' })] },
          pub_sub: { events: [event('brand', 'create', { topic: 'brands' })] },
          sqs: { events: [event('product', 'create', { queue: 'products' })] },
          event_bridge: { events: [event('product', 'delete', { event_bridge_name: 'bus' })] },
          temporal: { events: [event('inventory', 'update', { queue: 'inventory', workflow_name: 'sync' })] },
        },
      },
    });
  });

  for (const [salesChannels, association] of [
    ['all', { criteria: 'ALL', application_id: [] }],
    ['none', { criteria: 'EMPTY', application_id: [] }],
    [['0123456789abcdef01234567'], { criteria: 'SPECIFIC-EVENTS', application_id: ['0123456789abcdef01234567'] }],
  ] as const) {
    test(`is for ${JSON.stringify(salesChannels)} sales channels`, async () => {
      const { asked } = await register({ events: restOnly, webhooks: { ...webhooks, salesChannels } }, () => undefined);
      expect(asked[0]?.body).toMatchObject({ webhook_config: { association } });
    });
  }

  test('is a marketplace’s where the configuration says so, and for named sales channels says when it is not', async () => {
    const channels = { ...webhooks, salesChannels: ['0123456789abcdef01234567'] };
    const typeOf = async (given: NonNullable<ExtensionInput['webhooks']>) => {
      const [v3rd, , v2nd] = (await register({ events: restOnly, webhooks: given }, withoutV3())).asked;
      const config = v3rd?.body['webhook_config'] as { event_map: { rest: object } } | undefined;
      return [config?.event_map.rest, v2nd?.body];
    };
    for (const body of await typeOf({ ...channels, marketplace: true }))
      expect(body).toMatchObject({ type: 'marketplace' });
    for (const body of await typeOf(channels)) expect(body).toMatchObject({ type: null });
    for (const body of await typeOf(webhooks)) expect(body).not.toHaveProperty('type');
  });

  test('sends to this stack what comes from an account, unless the configuration says where', async () => {
    const handler = './functions/x.ts';
    const from = '123456789012';
    const { asked } = await register(
      {
        events: {
          'company/product/create/v1': { provider: 'sqs', from, handler },
          'company/product/update/v1': { provider: 'sqs', from, handler, destination: 'by-name' },
          'company/product/delete/v1': { provider: 'event_bridge', from, handler },
        },
      },
      withoutV3(),
      { sqs: 'https://queue.example/1', event_bridge: 'arn:bus' },
    );
    expect(asked[0]?.body).toMatchObject({
      webhook_config: {
        event_map: {
          sqs: { events: [{ queue: 'https://queue.example/1' }, { queue: 'by-name' }] },
          event_bridge: { events: [{ event_bridge_name: 'arn:bus' }] },
        },
      },
    });
    expect(asked[2]?.body).toMatchObject({ provider: 'sqs', events: [{ queue: 'https://queue.example/1' }, {}] });
  });

  test('that refuses an event has it named', async () => {
    for (const status of [400, 422]) {
      const refusal = await problemOf(
        register({ events }, ({ path }) =>
          path === query ? { body: { event_configs: [known] } } : { status, body: { message: 'CANARY' } },
        ),
      );
      expect(refusal.code).toBe('platform_error');
      expect(refusal.message).toContain('does not know company/order/update/v2, company/location/create/v1');
      expect(refusal.message).not.toContain('company/product/update/v1');
      expect(refusal.message).not.toContain('CANARY');
    }
  });

  for (const status of [302, 401, 403, 429, 500, 503]) {
    test(`that answers ${status} is a failure that says so, and no older version is tried`, async () => {
      const asked: string[] = [];
      const refusal = await problemOf(
        register({ events }, ({ path }) => {
          asked.push(path);
          return { status };
        }),
      );
      expect([refusal.code, refusal.message.includes(String(status))]).toEqual(['platform_error', true]);
      expect(asked).toEqual([v3]);
    });
  }
});

describe('the subscribers where the platform has none', () => {
  test('are made one for each provider', async () => {
    const { asked, version } = await register({ events }, withoutV3());
    expect(version).toBe('v2');
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `PUT ${v3}`,
      `GET ${list}`,
      ...Array.from({ length: 6 }, () => `POST ${v2}`),
    ]);
    const [rest, kafka] = asked.slice(2).map(({ body }) => body);
    expect(rest).toEqual({
      name: clientId,
      association: { company_id: '12', extension_id: clientId, application_id: [], criteria: 'ALL' },
      status: 'active',
      auth_meta: { type: 'hmac', secret: 'CANARY-secret' },
      provider: 'rest',
      email_id: 'owner@example.com',
      webhook_url: `${baseUrl}/api/webhook-events?company_id=12`,
      events: [
        { slug: 'company/product/update/v1' },
        { slug: 'company/order/update/v2', filters: { query: '$.status' }, reducer: { id: '$.id' } },
      ],
    });
    expect(kafka).toMatchObject({
      provider: 'kafka',
      events: [{ slug: 'company/location/create/v1', topic: 'locations' }],
    });
    expect(kafka).not.toHaveProperty('webhook_url');
  });

  test('are changed where they exist, by their ids', async () => {
    const items = [
      { id: 5, provider: null },
      { id: 'k9', provider: 'kafka' },
    ];
    const two = { ...restOnly, 'company/location/create/v1': { provider: 'kafka', destination: 'locations' } } as const;
    const { asked } = await register(
      { events: two },
      withoutV3(({ path }) => (path === list ? { body: { items } } : undefined)),
    );
    expect(asked.slice(2).map(({ method, body }) => [method, body['provider'], body['id']])).toEqual([
      ['PUT', 'rest', 5],
      ['PUT', 'kafka', 'k9'],
    ]);
  });

  test('are found on whatever page they are listed, and once where every page is the same', async () => {
    const pages = (hasNext: boolean): Answers =>
      withoutV3(({ path }) => {
        if (path === listed(1)) return { body: { items: [{ id: 1, provider: 'sqs' }], page: { has_next: true } } };
        return path === listed(2)
          ? { body: { items: [{ id: hasNext ? 1 : 2, provider: 'rest' }], page: { has_next: hasNext } } }
          : undefined;
      });
    const { asked } = await register({ events: restOnly }, pages(false));
    expect(asked.at(1)?.path).toBe(listed(1));
    expect(asked.find(({ path, body }) => path === v2 && body['provider'] === 'rest')).toMatchObject({
      method: 'PUT',
      body: { id: 2, status: 'active' },
    });
    expect(
      (await register({ events: restOnly }, pages(true))).asked.filter(({ method }) => method === 'GET'),
    ).toHaveLength(2);
  });

  test('whose provider no event names any more are switched off, once', async () => {
    const items = [
      { id: 5, provider: 'rest', status: 'active' },
      { id: 6, provider: 'kafka', status: 'active' },
      { id: 7, provider: 'sqs', status: 'inactive' },
    ];
    const { asked } = await register(
      { events: restOnly },
      withoutV3(({ path }) => (path === list ? { body: { items } } : undefined)),
    );
    expect(asked.slice(2).map(({ method, body }) => [method, body['id'], body['status']])).toEqual([
      ['PUT', 5, 'active'],
      ['PUT', 6, 'inactive'],
    ]);
    expect(asked.at(-1)?.body).not.toHaveProperty('events');
  });

  test('are made where the list is 404, and nothing is done where it is strange', async () => {
    const answering = (answer: object) => withoutV3(({ path }) => (path === list ? answer : undefined));
    expect((await register({ events: restOnly }, answering({ status: 404 }))).version).toBe('v2');
    for (const answer of [{ status: 500 }, { body: [] }, { body: { items: [{ provider: 'rest' }] } }]) {
      expect(await problemOf(register({ events: restOnly }, answering(answer)))).toMatchObject({
        code: 'platform_error',
      });
    }
  });
});

describe('the subscriber where the platform has the first version only', () => {
  test('names events by their ids there', async () => {
    const { asked, version } = await register(
      { events: restOnly },
      withoutV2(({ path }) => (path === query ? { body: { event_configs: [{ ...known, version: 1 }] } } : undefined)),
    );
    expect(version).toBe('v1');
    expect(asked.find(({ path }) => path === query)?.body).toEqual([
      { event_category: 'company', event_name: 'product', event_type: 'update', version: '1' },
    ]);
    const { method, path, body } = asked.at(-1) ?? {};
    expect([method, path]).toEqual(['POST', v1]);
    expect(body).toMatchObject({ event_id: [77], webhook_url: `${baseUrl}/api/webhook-events?company_id=12` });
    for (const newer of ['events', 'provider']) expect(body).not.toHaveProperty(newer);
  });

  test('is changed where it exists', async () => {
    const { asked } = await register(
      { events: restOnly },
      withoutV2(({ path }) => {
        if (path === list) return { body: { items: [{ id: 5 }] } };
        return path === query ? { body: { event_configs: [known] } } : undefined;
      }),
    );
    expect(asked.at(-1)).toMatchObject({ method: 'PUT', path: v1, body: { id: 5 } });
  });

  test('is not made for events that it cannot deliver or does not know, which are named', async () => {
    const others = await problemOf(register({ events }, withoutV2()));
    expect(others.message).toContain('company/location/create/v1');
    const none = withoutV2(({ path }) => (path === query ? { body: { event_configs: [] } } : undefined));
    expect((await problemOf(register({ events: restOnly }, none))).message).toContain('company/product/update/v1');
    const silent = withoutV2(({ path }) => (path === query ? { status: 500 } : undefined));
    expect(await problemOf(register({ events: restOnly }, silent))).toMatchObject({ code: 'platform_error' });
  });
});
