import { type Call, serviceError } from './call.ts';
import { type Product } from './catalog.ts';
import { type Answer, type HttpClient, json, jsonObject } from './http.ts';
import { announce } from './send-event.ts';
import type { State } from './state.ts';
import { answerWebhook } from './subscriber-api.ts';
import { companies } from './world.ts';

const whole = (text: string | null, otherwise: number): number =>
  text !== null && /^[1-9]\d{0,6}$/.test(text) ? Number(text) : otherwise;

function paged<T>(all: readonly T[], { query }: HttpClient): { items: T[]; page: Record<string, unknown> } {
  const current = whole(query.get('page_no'), 1);
  const size = Math.min(whole(query.get('page_size'), 12), 100);
  const items = all.slice((current - 1) * size, current * size);
  const has_next = current * size < all.length;
  return { items, page: { current, has_next, size: items.length, item_total: all.length, type: 'number' } };
}

/** A product as this caller may see it: what it cost is for owners and for the company's own token. */
function visible({ users }: State, { user, tenant }: Call, product: Product): Record<string, unknown> {
  const { cost_price, ...open } = product;
  return user === null || users.isOwner(user, tenant) ? { ...open, cost_price } : open;
}

function answerProducts(state: State, call: Call): Answer | undefined {
  const { httpClient, tenant, applicationId } = call;
  const { method, query } = httpClient;
  if (method === 'GET' || method === 'HEAD') {
    const wanted = (query.get('q') ?? '').toLowerCase();
    const found = state.catalog
      .list(tenant.id, applicationId)
      .filter(({ name, slug, item_code }) =>
        [name, slug, item_code].some((text) => text.toLowerCase().includes(wanted)),
      );
    const { items, page } = paged(found, httpClient);
    return json(200, { items: items.map((one) => visible(state, call, one)), page });
  }
  if (method !== 'POST') return undefined;
  const fields = jsonObject(httpClient.body);
  if (!fields) return serviceError('catalog', 400, 'The body is not a JSON object');
  const made = state.catalog.create(tenant.id, fields);
  announce(state, tenant.id, 'company/product/create', { payload: { product: made } });
  return json(200, { success: true, uid: made.uid, message: 'Product created', item: visible(state, call, made) });
}

function answerProduct(state: State, call: Call, uid: string): Answer | undefined {
  const { method, body } = call.httpClient;
  const product = state.catalog.find(call.tenant.id, uid);
  if (!product) return serviceError('catalog', 404, 'Product not found');
  if (method === 'GET' || method === 'HEAD') return json(200, { data: visible(state, call, product) });
  if (method === 'DELETE') {
    state.catalog.remove(call.tenant.id, product);
    announce(state, call.tenant.id, 'company/product/delete', { payload: { product } });
    return json(200, { success: true, message: 'Product deleted' });
  }
  if (method !== 'PUT' && method !== 'POST' && method !== 'PATCH') return undefined;
  const fields = jsonObject(body);
  if (!fields) return serviceError('catalog', 400, 'The body is not a JSON object');
  const updated = state.catalog.update(product, fields);
  announce(state, call.tenant.id, 'company/product/update', { payload: { product: updated } });
  return json(200, { success: true, item: visible(state, call, updated) });
}

function answerCatalog(state: State, call: Call): Answer | undefined {
  const [, uid] = /^\/products(?:\/(\d+))?\/?$/.exec(call.rest) ?? [];
  if (uid !== undefined) return answerProduct(state, call, uid);
  // A sales channel's products are listed under another name: what the official client's getAppProducts asks for.
  const list = call.applicationId === undefined ? /^\/products\/?$/ : /^\/(?:raw-)?products\/?$/;
  return list.test(call.rest) ? answerProducts(state, call) : undefined;
}

function answerOrders(state: State, call: Call): Answer | undefined {
  const { httpClient, tenant, applicationId, rest, service } = call;
  const shipments = state.orders.list(tenant.id, applicationId);
  if (httpClient.method === 'PUT' && service === 'order-manage' && /^\/shipment\/status-internal\/?$/.test(rest)) {
    const { shipment_id, status } = jsonObject(httpClient.body) ?? {};
    if (typeof shipment_id !== 'string' || typeof status !== 'string') {
      return serviceError(service, 400, 'shipment_id and status are required');
    }
    const changed = state.orders.setStatus(tenant.id, shipment_id, status);
    if (!changed) return serviceError(service, 404, 'No such shipment');
    const { application_id } = changed;
    announce(state, tenant.id, 'application/shipment/update', {
      application_id: typeof application_id === 'string' ? application_id : undefined,
      payload: { shipment: changed },
    });
    return json(200, { success: true, shipment: changed });
  }
  if (httpClient.method !== 'GET' && httpClient.method !== 'HEAD') return undefined;
  if (/^\/(?:shipments-listing|orders-listing|)\/?$/.test(rest))
    return json(200, { success: true, ...paged(shipments, httpClient) });
  const [, id] = /^\/shipments?(?:-details)?\/(\w+)\/?$/.exec(rest) ?? [];
  const found = shipments.find((one) => one.shipment_id === id);
  return found && json(200, { success: true, shipment: found });
}

function answerProfile({ tenant, httpClient, rest }: Call): Answer | undefined {
  const company = companies.get(tenant.id);
  if (!company || (rest !== '' && rest !== '/') || !['GET', 'HEAD'].includes(httpClient.method)) return undefined;
  return json(200, {
    uid: Number(company.id),
    name: company.name,
    business_type: 'Private',
    company_type: 'distributor',
    stage: 'complete',
    mode: 'live',
    franchise_enabled: false,
    business_country_info: { country: 'India', country_code: 'IN' },
    addresses: [{ city: company.city, country: 'India', country_code: 'IN', address_type: 'registered' }],
    contact_details: { emails: [`hello@${company.name.toLowerCase().replace(/[^a-z]+/g, '-')}.example`] },
  });
}

function answerConfiguration({ tenant, httpClient, rest, applicationId }: Call): Answer | undefined {
  const company = companies.get(tenant.id);
  if (!company || !['GET', 'HEAD'].includes(httpClient.method)) return undefined;
  const shown = company.applications.map(({ id, name, domain }) => ({
    _id: id,
    name,
    domain: { name: domain, is_primary: true, verified: true },
    company_id: Number(company.id),
    channel_type: 'store-front',
    is_active: true,
    app_type: 'live',
  }));
  if (applicationId !== undefined) {
    return rest === '' || rest === '/'
      ? json(
          200,
          shown.find((one) => one._id === applicationId),
        )
      : undefined;
  }
  return /^\/application\/?$/.test(rest) ? json(200, paged(shown, httpClient)) : undefined;
}

/** What a service answers to a call that was let in; undefined where it knows no such address. */
export function answerService(state: State, call: Call): Answer | undefined {
  if (call.tenant.kind !== 'company') return undefined;
  switch (call.service) {
    case 'catalog':
      return answerCatalog(state, call);
    case 'order':
    case 'order-manage':
      return answerOrders(state, call);
    case 'company-profile':
      return answerProfile(call);
    case 'configuration':
      return answerConfiguration(call);
    case 'webhook':
      return answerWebhook(state, call);
    default:
      return undefined;
  }
}
