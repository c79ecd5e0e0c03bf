import { describe, expect, test } from 'vitest';
import { listPath, offlineToken, product, registered, send, subscriberPath, v3Body } from './registering.ts';
import { bearer, bodyOf, call, control, extension, onlineToken, platform } from './simulated.ts';

const details = '/service/common/webhook/v1.0/events/query-event-details';
const asked = (body: unknown) => call('POST', details, { 'content-type': 'application/json' }, JSON.stringify(body));
const storefront = '65a000000000000000010001';
const kafka = { events: [{ ...product('delete', '2'), topic: 'products' }] };

const v2Body = {
  name: extension.apiKey,
  association: { company_id: '1', application_id: [], criteria: 'ALL' },
  status: 'active',
  auth_meta: { type: 'hmac', secret: extension.apiSecret },
  events: [{ slug: 'company/product/update/v1' }],
  provider: 'rest',
  email_id: 'hello@extension.example',
  webhook_url: `${extension.baseUrl}/api/webhook-events`,
};
const { events: _events, provider: _provider, ...common } = v2Body;
const v1Body = { ...common, event_id: [5] };

describe('event details', () => {
  test('known events come with an id, unknown ones are missing, and nobody needs a token', async () => {
    const answer = await asked([product('update'), product('update', '9'), product('create', '3')]);
    expect(await bodyOf(answer)).toMatchObject({
      event_configs: [
        { id: expect.any(Number) as number, event_name: 'product', event_type: 'update', version: '1' },
        { event_type: 'create', version: '3' },
      ],
    });
    expect((await asked({ events: [] })).status).toBe(400);
    expect((await fetch(platform.origin + details, { method: 'POST', body: '[]' })).status).toBe(403);
  });
});

describe('registering a subscriber', () => {
  test('v3 registers every provider, lists them, and what is left out later is inactive', async () => {
    const token = await registered(v3Body({}, { kafka }));
    expect(await bodyOf(await send(token, 'GET', listPath()))).toMatchObject({
      items: [
        {
          provider: 'rest',
          status: 'active',
          email_id: 'hello@extension.example',
          auth_meta: { type: 'hmac', secret: extension.apiSecret },
          association: { company_id: 1, criteria: 'ALL' },
          event_configs: [{ event_type: 'update' }, { event_type: 'create' }],
        },
        {
          provider: 'kafka',
          event_configs: [{ subscriber_event_mapping: { broadcaster_config: { topic: 'products' } } }],
        },
      ],
      page: { item_total: 2, has_next: false },
    });
    const before = (await control('GET', '/subscribers')) as unknown as { id: number }[];
    expect((await send(token, 'PUT', subscriberPath('v3'), v3Body())).status).toBe(200);
    expect(await control('GET', '/subscribers?company_id=1')).toMatchObject([
      { id: before[0]?.id, provider: 'rest', status: 'active' },
      { id: before[1]?.id, provider: 'kafka', status: 'inactive', event_configs: [] },
    ]);
    expect(await control('GET', '/subscribers?company_id=2')).toEqual([]);
  });

  test('a listed association can be sent back, and storefronts go with their criteria', async () => {
    const association = { extension_id: extension.apiKey, application_id: [storefront], criteria: 'SPECIFIC-EVENTS' };
    const token = await registered(v3Body({ association }));
    const { items } = (await bodyOf(await send(token, 'GET', listPath()))) as { items: { association: unknown }[] };
    const again = v3Body({ association: items[0]?.association });
    expect((await send(token, 'PUT', subscriberPath('v3'), again)).status).toBe(200);
  });

  const rest = v3Body().webhook_config.event_map.rest;
  test.each([
    ['no e-mail address', v3Body({ notification_email: 'nobody' }), 'webhook_config.notification_email'],
    ['no name', v3Body({ name: '' }), 'webhook_config.name'],
    ['an unknown status', v3Body({ status: 'on' }), 'webhook_config.status'],
    ['a field that nobody knows', v3Body({ extra: 1 }), 'webhook_config.extra'],
    [
      'another extension',
      v3Body({ association: { extension_id: 'x', application_id: [], criteria: 'ALL' } }),
      'another extension',
    ],
    [
      'unknown criteria',
      v3Body({ association: { extension_id: extension.apiKey, application_id: [], criteria: 'SOME' } }),
      'association.criteria',
    ],
    [
      'storefronts without criteria',
      v3Body({ association: { extension_id: extension.apiKey, application_id: [storefront], criteria: 'ALL' } }),
      'criteria ALL',
    ],
    ['no secret', v3Body({}, { rest: { ...rest, auth_meta: { type: 'hmac', secret: '' } } }), 'rest.auth_meta.secret'],
    ['kafka without a topic', v3Body({}, { kafka: { events: [product('update')] } }), 'kafka.events.0.topic'],
    ['no events at all', v3Body({}, { rest: { ...rest, events: [] } }), 'rest.events'],
    [
      'unknown events',
      v3Body({}, { rest: { ...rest, events: [product('explode'), product('update', '7')] } }),
      'company/product/explode/v1, company/product/update/v7',
    ],
    ['no body', undefined, 'Validation failed'],
  ])('%s is a 400 that names it, and nothing is registered', async (_, body, named) => {
    const answer = await send(await offlineToken(), 'PUT', subscriberPath('v3'), body);
    expect(answer.status).toBe(400);
    expect((await bodyOf(answer))['message']).toContain(named);
    expect(await control('GET', '/subscribers')).toEqual([]);
  });

  test.each([
    [
      ['v3', 'v2', 'v1'],
      [200, 200, 400],
    ],
    [
      ['v2', 'v1'],
      [404, 200, 400],
    ],
    [['v1'], [404, 404, 200]],
    [[], [404, 404, 404]],
  ])('with the versions %j the addresses answer %j', async (versions, [v3, v2, v1]) => {
    await control('PUT', '/settings', { webhooks: { versions } });
    const token = await offlineToken();
    expect((await send(token, 'PUT', subscriberPath('v3'), v3Body())).status).toBe(v3);
    await control('POST', '/companies/1/uninstall');
    const fresh = await offlineToken();
    expect((await send(fresh, 'POST', subscriberPath('v2'), v2Body)).status).toBe(v2);
    expect((await send(fresh, 'POST', subscriberPath('v1'), v1Body)).status).toBe(v1);
  });

  test.each([
    ['v2', v2Body, { events: [] }],
    ['v1', v1Body, { event_id: [] }],
  ])('%s makes a subscriber once, updates it by id, and may switch it off', async (version, body, none) => {
    const token = await offlineToken();
    const { id } = await bodyOf(await send(token, 'POST', subscriberPath(version), body));
    expect((await send(token, 'POST', subscriberPath(version), body)).status).toBe(400);
    expect((await send(token, 'PUT', subscriberPath(version), { ...body, id: 99 })).status).toBe(404);
    expect((await send(token, 'PUT', subscriberPath(version), { ...body, ...none, id })).status).toBe(400);
    const off = { ...body, ...none, id, status: 'inactive' };
    expect(await bodyOf(await send(token, 'PUT', subscriberPath(version), off))).toMatchObject({
      id,
      event_configs: [],
    });
    const foreign = { ...body, id, association: { ...body.association, company_id: 2 } };
    expect((await send(token, 'PUT', subscriberPath(version), foreign)).status).toBe(400);
  });

  test('lets a person’s token in, or refuses it', async () => {
    await registered();
    const online = (await onlineToken())['access_token'];
    expect(await (await call('GET', listPath(), bearer(online))).text()).toContain(extension.apiSecret);
    await control('PUT', '/settings', { webhooks: { onlineTokens: 'refused' } });
    expect((await call('GET', listPath(), bearer(online))).status).toBe(403);
  });

  test('needs the company’s own live token and a signature', async () => {
    const token = await registered();
    expect((await call('GET', listPath('2'), bearer(token))).status).toBe(403);
    expect((await call('GET', listPath())).status).toBe(401);
    expect((await call('GET', listPath('1', 'another'), bearer(token))).status).toBe(404);
    expect((await fetch(platform.origin + listPath(), { headers: bearer(token) })).status).toBe(403);
    await control('POST', '/companies/1/uninstall');
    expect((await send(token, 'PUT', subscriberPath('v3'), v3Body())).status).toBe(401);
    expect(await control('GET', '/subscribers')).toEqual([]);
  });
});
