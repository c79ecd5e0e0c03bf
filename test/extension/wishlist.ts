import { storefront } from '../../functions/runtime/storefront.ts';

/** Tells what it was given, and what it may see as the company and as any visitor. */
export const handler = storefront(async ({ company, application, shopper, platform, storefront: visitor, request }) => {
  const asCompany = await platform.get<{ page?: unknown }>(`catalog/v2.0/company/${company}/products/`);
  const asVisitor = await visitor.get<{ items?: unknown[] }>('catalog/v1.0/products/');
  return {
    company,
    application: application.id,
    shopper: shopper?.['_id'] ?? null,
    id: request.pathParameters['id'] ?? null,
    query: [...request.query],
    bytes: request.body?.byteLength ?? 0,
    saw: { products: Array.isArray(asVisitor.items), page: asCompany.page !== undefined },
    cookies: request.headers['cookie'] ?? null,
  };
});
