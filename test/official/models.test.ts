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
