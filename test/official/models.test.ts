import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type RunningPlatform, startPlatform } from '../../infra/simulated-platform/platform.ts';
import { type Json, official, type PlatformClient } from './official-libraries.ts';

// The client is told to reject whatever its Joi models do not describe (`strictResponseCheck`).
const apiKey = 'official-extension';
const apiSecret = 'CANARY-api-secret';
const outlet = '65a000000000000000010002';

let platform: RunningPlatform;
let client: PlatformClient;

async function control(path: string, body: Json = {}): Promise<Json> {
  const headers = { 'content-type': 'application/json' };
  const given = { method: 'POST', headers, body: JSON.stringify(body) };
  return (await (await fetch(`${platform.origin}/__control/${path}`, given)).json()) as Json;
}

beforeAll(async () => {
  platform = await startPlatform({ extension: { apiKey, apiSecret, baseUrl: 'http://localhost:3999' } });
});
afterAll(() => platform.close());
beforeEach(async () => {
  await control('reset');
  const { code } = await control('codes', { company_id: 1, scopes: ['company/*'] });
  const given = { companyId: 1, domain: platform.origin, apiKey, apiSecret, useAutoRenewTimer: false };
  const config = new official.PlatformConfig(given, { strictResponseCheck: true });
  config.oauthClient.setToken(await config.oauthClient.getOfflineAccessTokenObj(['company/*'], String(code)));
  config.oauthClient.token_expires_at = Date.now() + 3_600_000;
  client = new official.PlatformClient(config);
});

/** Calls an operation by its name; rejects with what the model has against the answer. */
const call = (
  service: 'catalog' | 'order' | 'companyProfile' | 'configuration' | 'webhook',
  operation: string,
  given?: Json,
) => asked(client[service], operation, given);
const ofChannel = (service: string, operation: string, given?: Json) =>
  asked(client.application(outlet)[service], operation, given);
async function asked(
  service: PlatformClient['catalog'] | undefined,
  operation: string,
  given: Json = {},
): Promise<Json> {
  const run = service?.[operation];
  if (!run) throw new Error(`The official client has no ${operation}`);
  return run.call(service, given);
}
type List = { items: Json[]; page: Json };

test('the model check is on: what a model does not describe is refused', async () => {
  const path = '/service/platform/catalog/v2.0/company/1/products/';
  const fault = { status: 200, headers: { 'content-type': 'application/json' }, body: '{"items":[{"media":[{}]}]}' };
  await control('faults', { match: { path }, times: 1, fault });
  await expect(call('catalog', 'getProducts')).rejects.toThrow(/url/);
});

test('products: lists, one product, a page of them, what a write answers', async () => {
  const { items, page } = (await call('catalog', 'getProducts', { pageNo: 2, pageSize: 5 })) as List;
  expect(page).toMatchObject({
    type: 'number',
    current: 2,
    size: 5,
    item_total: 36,
    has_next: true,
    has_previous: true,
  });
  const [first] = items;
  const { data } = await call('catalog', 'getProduct', { itemId: first?.['uid'] });
  expect(data).toEqual(first);
  const body = { ...first, name: 'Fresh Saree', slug: 'fresh-saree', item_code: 'F-1' };
  const made = await call('catalog', 'createProduct', { body });
  expect(made).toMatchObject({ success: true, uid: expect.any(Number) as number });
  const changed = { itemId: made['uid'], body: { ...body, name: 'Renamed' } };
  expect(await call('catalog', 'editProduct', changed)).toMatchObject({ success: true });
  expect(await call('catalog', 'getProduct', changed)).toMatchObject({ data: { name: 'Renamed', item_code: 'F-1' } });
  expect(await call('catalog', 'deleteProduct', changed)).toMatchObject({ success: true });
});

test.each([
  ['itemIds', (product: Json) => [product['uid']]],
  ['itemCode', (product: Json) => [product['item_code']]],
  ['brandIds', (product: Json) => [product['brand_uid']]],
  ['slug', (product: Json) => product['slug']],
  ['q', (product: Json) => product['name']],
])('products are filtered by %s', async (parameter, valueOf) => {
  const { items } = (await call('catalog', 'getProducts')) as List;
  const [, wanted = {}] = items;
  const found = (await call('catalog', 'getProducts', { [parameter]: valueOf(wanted) })) as List;
  expect(found.items).toContainEqual(wanted);
  expect(found.page['item_total']).toBeLessThan(36);
});

test('products of a sales channel, as the catalog and as shoppers see them', async () => {
  expect(await ofChannel('catalog', 'getAppProducts', { pageSize: 3 })).toMatchObject({ page: { size: 3 } });
  expect(await ofChannel('catalog', 'getApplicationProducts')).toMatchObject({ page: { item_total: 12 } });
});

test('shipments and orders: lists, single ones, and a status that is set', async () => {
  const shipments = (await call('order', 'getShipments', { pageSize: 100 })) as List;
  expect(shipments.items).toHaveLength(24);
  const orders = (await call('order', 'getOrders', { pageSize: 100 })) as { items: { shipments: Json[] }[] };
  expect(orders.items.flatMap((order) => order.shipments)).toHaveLength(24);
  const { shipment_id, order_id } = shipments.items[3] ?? {};
  expect(await call('order', 'getOrderById', { orderId: order_id })).toMatchObject({
    order: { fynd_order_id: order_id },
    shipments: [{ order_id }, { shipment_id, order_id }],
  });
  const body = { statuses: [{ status: 'bag_packed', shipments: [{ identifier: shipment_id }] }] };
  expect(await call('order', 'updateShipmentStatus', { body })).toMatchObject({
    statuses: [{ shipments: [{ identifier: shipment_id, status: 200 }] }],
  });
  expect(await call('order', 'getShipmentById', { shipmentId: shipment_id })).toMatchObject({
    shipments: [{ shipment_id, shipment_status: 'bag_packed' }],
  });
  const packed = (await call('order', 'getShipments', { bagStatus: 'bag_packed', pageSize: 100 })) as List;
  expect(packed.items).toContainEqual(expect.objectContaining({ shipment_id }));
  expect(packed.items.length).toBeLessThan(24);
});

test('the company, its sales channels, and one of them', async () => {
  expect(await call('companyProfile', 'cbsOnboardGet')).toMatchObject({ uid: 1 });
  expect(await call('configuration', 'getApplications')).toMatchObject({ page: { item_total: 2 } });
  expect(await ofChannel('configuration', 'getApplicationById')).toMatchObject({ _id: outlet });
});

test('subscribers of all providers: registered in each version, listed, and each by itself', async () => {
  const association = { application_id: [], criteria: 'ALL', extension_id: apiKey };
  const event = { event_category: 'company', event_name: 'product', event_type: 'update', version: '1' };
  const auth_meta = { type: 'hmac', secret: 'CANARY-webhook' };
  const rest = { webhook_url: 'http://localhost:3999/hook', auth_meta };
  const webhook_config = {
    notification_email: 'developers@example.com',
    name: apiKey,
    association,
    status: 'active',
    event_map: {
      rest: { ...rest, type: '', events: [event] },
      kafka: { type: '', events: [{ ...event, topic: 'products' }] },
    },
  };
  expect(await call('webhook', 'upsertSubscriberEvent', { body: { webhook_config } })).toMatchObject({ status: true });
  const { items } = (await call('webhook', 'getSubscribersByExtensionId', { extensionId: apiKey })) as List;
  expect(items.map(({ provider }) => provider)).toEqual(['rest', 'kafka']);
  const [first] = items;
  expect(await call('webhook', 'getSubscriberById', { subscriberId: first?.['id'] })).toEqual(first);
  const older = { id: first?.['id'], name: apiKey, status: 'active', email_id: 'developers@example.com', ...rest };
  const ofCompany = { ...association, company_id: 1 };
  const v2 = { ...older, association: ofCompany, provider: 'rest', events: [{ slug: 'company/product/update/v1' }] };
  expect(await call('webhook', 'updateSubscriberV2', { body: v2 })).toMatchObject({ id: first?.['id'] });
  const v1 = { ...older, association: ofCompany, event_id: [5] };
  expect(await call('webhook', 'updateSubscriberConfig', { body: v1 })).toMatchObject({ id: first?.['id'] });
  expect(await call('webhook', 'getSubscribersByCompany')).toMatchObject({ page: { type: 'number' } });
  expect(await call('webhook', 'fetchAllEventConfigurations')).toHaveProperty('event_configs');
});

test('a storefront path is attached and taken away', async () => {
  const body = { attached_path: 'wishlist', proxy_url: 'http://localhost:3999/ext/wishlist' };
  expect(await ofChannel('partner', 'addProxyPath', { extensionId: apiKey, body })).toMatchObject(body);
  const attached = { extensionId: apiKey, attachedPath: 'wishlist' };
  expect(await ofChannel('partner', 'removeProxyPath', attached)).toHaveProperty('message');
});

test('a payment extension reports with the checksum that the model wants in the body', async () => {
  const amount = { amount: 10, currency: 'INR', status: 'complete' };
  const order = { ...amount, gid: 'TR1', aggregator: 'pay', aggregator_order_id: 'A1', aggregator_order_details: {} };
  const payment = {
    ...amount,
    gid: 'TR1',
    payment_id: 'P1',
    mode: 'live',
    payment_methods: [],
    amount_captured: 10,
    captured: true,
    created: '2025-11-01',
    success_url: 'https://shop.example/success',
    cancel_url: 'https://shop.example/cancel',
    g_user_id: 'G1',
    aggregator_order_id: 'A1',
  };
  const session = {
    gid: 'TR1',
    order_details: order,
    status: 'complete',
    currency: 'INR',
    payment_details: [payment],
    total_amount: 10,
  };
  const checksum = createHmac('sha256', apiSecret).update(JSON.stringify(session)).digest('hex');
  const answer = ofChannel('payment', 'updatePaymentSession', { gid: 'TR1', body: { ...session, checksum } });
  expect(await answer).toMatchObject({ gid: 'TR1', status: 'complete', total_amount: 10 });
});

test('a sales channel’s own client lists what it sells', async () => {
  const { token = '' } = await ofChannel('configuration', 'getApplicationById');
  const given = { applicationID: outlet, applicationToken: token, domain: platform.origin };
  const visitor = new official.ApplicationClient(new official.ApplicationConfig(given));
  const { items } = (await asked(visitor.catalog, 'getProducts')) as List;
  const [first] = items;
  expect(await asked(visitor.catalog, 'getProductDetailBySlug', { slug: first?.['slug'] })).toMatchObject({
    uid: first?.['uid'],
  });
});

test('a partner’s client reads its themes, tickets and subscribers', async () => {
  const organizationId = '5f0d1c2b3a4e5d6c7b8a0001';
  const { code } = await control('codes', { organization_id: organizationId });
  const given = { organizationId, domain: platform.origin, apiKey, apiSecret, useAutoRenewTimer: false };
  const config = new official.PartnerConfig(given, { strictResponseCheck: true });
  config.oauthClient.setToken(await config.oauthClient.getOfflineAccessTokenObj(['company/products'], String(code)));
  config.oauthClient.token_expires_at = Date.now() + 3_600_000;
  const partner = new official.PartnerClient(config);
  expect(await asked(partner.theme, 'getOrganizationThemes')).toHaveProperty('themes.0.name');
  expect(await asked(partner.lead, 'getTickets')).toMatchObject({ page: { type: 'number' } });
  expect(await asked(partner.webhook, 'fetchSubscribers', { extensionId: apiKey })).toMatchObject({ items: [] });
});
