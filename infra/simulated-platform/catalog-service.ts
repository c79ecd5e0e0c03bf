import { type Call, serviceError } from './call.ts';
import { effectivePrice, type Product } from './catalog.ts';
import { type Answer, json, jsonObject } from './http.ts';
import { named, paged } from './paging.ts';
import { announce } from './send-event.ts';
import type { State } from './state.ts';

/** What a product is found by: each parameter of `getProducts` that filters, with the values that it looks at. */
const filters: Readonly<Record<string, (product: Product) => readonly unknown[]>> = {
  item_ids: ({ uid }) => [uid],
  item_code: ({ item_code }) => [item_code],
  slug: ({ slug }) => [slug],
  name: ({ name }) => [name],
  brand_ids: ({ brand_uid }) => [brand_uid],
  category_ids: ({ category_uid }) => [category_uid],
  department_ids: ({ departments }) => listOf(departments),
  tags: ({ tags }) => listOf(tags),
  all_identifiers: ({ all_identifiers }) => listOf(all_identifiers),
};
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function found(state: State, { httpClient, tenant, applicationId }: Call): Product[] {
  const wanted = Object.entries(filters).flatMap(([parameter, valuesOf]) => {
    const values = named(httpClient, parameter);
    return values ? [(product: Product) => valuesOf(product).some((one) => values.has(String(one)))] : [];
  });
  const text = (httpClient.query.get('q') ?? '').toLowerCase();
  return state.catalog
    .list(tenant.id, applicationId)
    .filter((product) => wanted.every((holds) => holds(product)))
    .filter(({ name, slug, item_code }) => [name, slug, item_code].some((one) => one.toLowerCase().includes(text)));
}

/** A product as this caller may see it: what it cost is for owners and for the company's own token. */
function visible({ users }: State, { user, tenant }: Call, product: Product): Record<string, unknown> {
  const { cost_price, ...open } = product;
  return user === null || users.isOwner(user, tenant) ? { ...open, cost_price } : open;
}

/** As a sales channel's lists show it: pictures are plain addresses there (`RawProduct`). */
function listedRaw(product: Record<string, unknown>): Record<string, unknown> {
  const images = listOf(product['images']).map((image) => (image as { url?: unknown }).url);
  return { ...product, images };
}

/** As shoppers see it (`ApplicationProductListingSchema`), with what the raw list has but its cost. */
export function listedForShoppers(product: Product): Record<string, unknown> {
  const { cost_price: _cost, ...open } = product;
  const effective = effectivePrice(product);
  const marked = product.sizes?.[0]?.price ?? effective;
  const range = (price: number) => ({ min: price, max: price, currency_code: 'INR', currency_symbol: '₹' });
  return {
    ...listedRaw(open),
    medias: product['media'],
    price: { effective: range(effective), marked: range(marked), selling: range(effective) },
    discount: marked > effective ? `${Math.round((1 - effective / marked) * 100)}% OFF` : '',
    sizes: product.sizes?.map(({ size }) => size) ?? [],
    sellable: product.sizes?.some(({ sellable }) => sellable === true) ?? false,
    is_available: true,
    is_cod: true,
    is_gift: false,
    has_variant: false,
    l3_categories: [product['category_uid'] ?? 0],
    seo: { title: product.name, description: '', canonical_url: '' },
  };
}

function answerProducts(state: State, call: Call): Answer | undefined {
  const { httpClient, tenant, applicationId, rest } = call;
  const { method } = httpClient;
  if (method === 'GET' || method === 'HEAD') {
    const { items, page } = paged(found(state, call), httpClient);
    const shown = items.map((one) => {
      if (applicationId !== undefined && !rest.startsWith('/raw-')) return listedForShoppers(one);
      const visibly = visible(state, call, one);
      return applicationId === undefined ? visibly : listedRaw(visibly);
    });
    return json(200, { items: shown, page });
  }
  if (method !== 'POST' || applicationId !== undefined) return undefined;
  const fields = jsonObject(httpClient.body);
  if (!fields) return serviceError('catalog', 400, 'The body is not a JSON object');
  const made = state.catalog.create(tenant.id, fields);
  announce(state, tenant.id, 'company/product/create', { payload: { product: made } });
  return json(200, { success: true, uid: made.uid, message: 'Product created' });
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
  return json(200, { success: true, uid: updated.uid, message: 'Product updated' });
}

/** The catalog service: products of a company, and those that one of its sales channels sells. */
export function answerCatalog(state: State, call: Call): Answer | undefined {
  const [, uid] = /^\/products(?:\/(\d+))?\/?$/.exec(call.rest) ?? [];
  if (uid !== undefined) return answerProduct(state, call, uid);
  // A sales channel's products are listed under another name: what the official client's getAppProducts asks for.
  const list = call.applicationId === undefined ? /^\/products\/?$/ : /^\/(?:raw-)?products\/?$/;
  return list.test(call.rest) ? answerProducts(state, call) : undefined;
}
