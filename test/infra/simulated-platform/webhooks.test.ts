import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { listener } from './listener.ts';
import { deliveries, offlineToken, product, registered, send, subscriberPath, v3Body } from './registering.ts';
import { bearer, call, control, extension, type Json, platform } from './simulated.ts';

const update = 'company/product/update/v1';
const hmac = (body: string, secret = extension.apiSecret) => createHmac('sha256', secret).update(body).digest('hex');
const fire = (body: Json, company = 1) => control('POST', `/companies/${company}/events`, body);
const heard = () => listener.heard.map(({ headers, body }) => ({ ...headers, body, json: JSON.parse(body) as Json }));
const eventOf = (json: Json | undefined) => json?.['event'] as Json;

describe('a delivery', () => {
  test('carries the envelope and the signature that the registration’s secret gives', async () => {
    const { rest } = v3Body().webhook_config.event_map;
    await registered(v3Body({}, { rest: { ...rest, auth_meta: { type: 'hmac', secret: 'CANARY-other' } } }));
    const { event_ids } = await fire({ event: update });
    expect(await deliveries({ event: update, state: 'delivered', at_least: '1' })).toMatchObject([
      { state: 'delivered', attempts: [{ status: 200 }] },
    ]);
    const [one] = heard();
    const [id] = event_ids as string[];
    expect(listener.heard[0]?.url).toBe('/api/webhook-events');
    expect(one).toMatchObject({
      'x-fp-event-id': id,
      'x-fp-signature': hmac(one?.body ?? '', 'CANARY-other'),
      json: {
        company_id: 1,
        contains: ['product'],
        event: { category: 'company', name: 'product', type: 'update', version: '1', id },
        payload: { product: { uid: 7_501_000 } },
      },
    });
    expect(Math.abs(Number(eventOf(one?.json)['created_timestamp']) - Date.now())).toBeLessThan(5000);
  });

  test('goes to the address as it was registered, or without its query where the settings say so', async () => {
    const { rest } = v3Body().webhook_config.event_map;
    await registered(v3Body({}, { rest: { ...rest, webhook_url: `${rest.webhook_url}?company_id=1` } }));
    await fire({ event: update });
    await deliveries({ state: 'delivered', at_least: '1' });
    await control('PUT', '/settings', { webhooks: { dropsQuery: true } });
    await fire({ event: update });
    await deliveries({ state: 'delivered', at_least: '2' });
    expect(listener.heard.map(({ url }) => url)).toEqual(['/api/webhook-events?company_id=1', '/api/webhook-events']);
  });

  test('spells ids as the settings say, and a sales channel’s event names it', async () => {
    await control('PUT', '/settings', { webhooks: { companyIdAs: 'string', applicationIdAs: 'array' } });
    await fire({ event: 'application/shipment/update/v1', force: true, payload: { shipment: 1 } });
    await deliveries({ state: 'delivered', at_least: '1' });
    expect(heard()[0]?.json).toMatchObject({ company_id: '1', application_id: ['65a000000000000000010001'] });
  });

  test.each([
    ['nobody registered', 'no rest subscriber', undefined, update],
    ['the event is not registered', 'nobody subscribed', v3Body(), 'company/brand/create/v1'],
    ['it is of another version', 'nobody subscribed', v3Body(), 'company/product/update/v2'],
    ['the subscriber is switched off', 'inactive', v3Body({ status: 'inactive' }), update],
  ])('is not made where %s', async (_, why, body, event) => {
    if (body) await registered(body);
    expect(await fire({ event })).toMatchObject({ deliveries: [], skipped: expect.stringContaining(why) as string });
    expect(await fire({ event, force: true })).toMatchObject({ skipped: null, deliveries: [{ note: 'forced' }] });
  });

  test('of a storefront reaches those who named it, or all', async () => {
    const own = '65a000000000000000010002';
    const shipment = { ...product('update'), event_category: 'application', event_name: 'shipment' };
    const { rest } = v3Body().webhook_config.event_map;
    const association = { extension_id: extension.apiKey, application_id: [own], criteria: 'SPECIFIC-EVENTS' };
    const token = await registered(
      v3Body({ association }, { rest: { ...rest, events: [shipment, product('update')] } }),
    );
    const event = 'application/shipment/update/v1';
    expect(await fire({ event })).toMatchObject({ skipped: 'nobody subscribed to it' });
    expect(await fire({ event, application_id: own })).toMatchObject({ skipped: null });
    expect(await fire({ event: update })).toMatchObject({ skipped: null });
    const none = { extension_id: extension.apiKey, application_id: [], criteria: 'EMPTY' };
    const empty = v3Body({ association: none }, { rest: { ...rest, events: [shipment] } });
    expect((await send(token, 'PUT', subscriberPath('v3'), empty)).status).toBe(200);
    expect(await fire({ event, application_id: own })).toMatchObject({ skipped: 'nobody subscribed to it' });
  });

  test('is tried again until it is taken, with the same bytes', async () => {
    await registered();
    await control('PUT', '/settings', { webhooks: { retryAfterMs: [5, 5, 5], timeoutMs: 150 } });
    listener.statuses = [500, 0, 302];
    await fire({ event: update });
    const [one] = await deliveries({ state: 'delivered', at_least: '1' });
    expect(one?.attempts.map(({ status, error }) => status ?? error)).toEqual([500, 'timeout', 302, 200]);
    expect(new Set(listener.heard.map(({ body, headers }) => `${String(headers['x-fp-event-id'])} ${body}`)).size).toBe(
      1,
    );
  });

  test('that is never taken disables its event and blocks the subscriber until somebody unblocks or registers', async () => {
    const token = await registered();
    await control('PUT', '/settings', { webhooks: { retryAfterMs: [1], heldBack: 'lost' } });
    const fail = async (times: string) => {
      listener.statuses = [503, 503];
      await fire({ event: update });
      await deliveries({ state: 'failed', at_least: times });
      expect(await control('GET', '/subscribers')).toMatchObject([{ status: 'blocked', disabled_events: [update] }]);
      expect(await fire({ event: 'company/product/create/v1' })).toMatchObject({
        skipped: 'the subscriber is blocked',
      });
    };
    await fail('1');
    expect(await control('POST', '/companies/1/unblock')).toEqual({ unblocked: true });
    await fail('2');
    await send(token, 'PUT', subscriberPath('v3'), v3Body());
    expect(await fire({ event: update })).toMatchObject({ skipped: null });
  });

  test('can come twice, several times, dated, with bytes of one’s own, or as a ping', async () => {
    await registered();
    const { event_ids } = await fire({ event: update, duplicate: true, created_at_ms: 1_700_000_000_000 });
    await deliveries({ state: 'delivered', at_least: '2' });
    expect(new Set(heard().map(({ body }) => body)).size).toBe(1);
    expect(eventOf(heard()[0]?.json)).toMatchObject({
      id: (event_ids as string[])[0],
      created_timestamp: 1_700_000_000_000,
    });
    await fire({ event: update, times: 3 });
    await deliveries({ event: update, state: 'delivered', at_least: '5' });
    expect(new Set(heard().map((one) => String(eventOf(one.json)['id']))).size).toBe(4);
    const raw = '{"price": 10.0, "name": "caf\\u00e9"';
    await fire({ event: update, raw, id: 'CANARY-id' });
    await deliveries({ event_id: 'CANARY-id', state: 'delivered', at_least: '1' });
    expect(listener.heard.at(-1)).toMatchObject({ body: raw, headers: { 'x-fp-signature': hmac(raw) } });
    await fire({ event: 'ping' });
    await deliveries({ event: 'ping', state: 'delivered', at_least: '1' });
    expect(JSON.parse(listener.heard.at(-1)?.body ?? '')).toMatchObject({ event: { name: 'ping' } });
  });

  test.each([['body'], ['signature'], ['unsigned'], ['secret']])(
    'with a wrong %s is sent once and blocks nobody',
    async (what) => {
      await registered();
      listener.statuses = [403];
      await fire({ event: update, ...(what === 'secret' ? { secret: 'CANARY-old' } : { tamper: what }) });
      expect(await deliveries({ state: 'failed', at_least: '1' })).toMatchObject([{ attempts: [{ status: 403 }] }]);
      const [one] = listener.heard;
      const signature = one?.headers['x-fp-signature'];
      if (what === 'unsigned') expect(signature).toBeUndefined();
      else expect(signature).not.toBe(hmac(one?.body ?? ''));
      if (what === 'secret') expect(signature).toBe(hmac(one?.body ?? '', 'CANARY-old'));
      expect(JSON.parse(one?.body ?? '')).toMatchObject({ company_id: what === 'body' ? 2 : 1 });
      expect(await control('GET', '/subscribers')).toMatchObject([{ status: 'active', disabled_events: [] }]);
    },
  );
});

test('products and shipments that change are announced, and a registration can be tried with a ping', async () => {
  await control('PUT', '/settings', { webhooks: { pingOnRegistration: true } });
  const shipment = { ...product('update'), event_category: 'application', event_name: 'shipment' };
  const { rest } = v3Body().webhook_config.event_map;
  const events = [product('update'), product('create', '3'), product('delete'), shipment];
  const token = await registered(v3Body({}, { rest: { ...rest, events } }));
  const products = '/service/platform/catalog/v2.0/company/1/products/';
  await send(token, 'PUT', `${products}7501000`, { name: 'Renamed' });
  await send(token, 'POST', products, { name: 'Fresh' });
  await send(token, 'DELETE', `${products}7501001`);
  const status = { statuses: [{ status: 'bag_packed', shipments: [{ identifier: '170001000000' }] }] };
  const done = await send(
    token,
    'PUT',
    '/service/platform/order-manage/v1.0/company/1/shipment/status-internal',
    status,
  );
  expect(done.status).toBe(200);
  await deliveries({ state: 'delivered', at_least: '5' });
  const seen = Object.fromEntries(
    heard().map(({ json }) => [`${String(eventOf(json)['name'])} ${String(eventOf(json)['type'])}`, json]),
  );
  expect(seen).toMatchObject({
    'ping test': { company_id: 1 },
    'product update': { payload: { product: { name: 'Renamed' } } },
    'product create': { event: { version: '3' }, payload: { product: { name: 'Fresh' } } },
    'product delete': { payload: { product: { uid: 7_501_001 } } },
    'shipment update': {
      application_id: '65a000000000000000010001',
      payload: { shipment: { shipment_status: { status: 'bag_packed' } } },
    },
  });
  expect((await call('GET', products, bearer(token))).status).toBe(200);
});

test('bad control calls say what is wrong, and what does not come in time is 504', async () => {
  await offlineToken();
  for (const body of [
    {},
    { event: 'nonsense' },
    { event: 'company/nothing/at/v1' },
    { event: update, times: 2, id: 'x' },
  ]) {
    const answer = await fetch(`${platform.origin}/__control/companies/1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(answer.status, JSON.stringify(body)).toBe(400);
  }
  expect((await fetch(`${platform.origin}/__control/deliveries?at_least=1&timeout_ms=20`)).status).toBe(504);
  expect((await fetch(`${platform.origin}/__control/deliveries?state=lost`)).status).toBe(400);
});
