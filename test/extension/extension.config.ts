import { defineExtension } from '../../shared/config.ts';

/**
 * The extension that the tests run. An author's own configuration, handlers and resources are never part of a test of the
 * template: what they change, add and delete breaks none.
 */
export default defineExtension({
  name: 'Test Lens',
  scopes: ['company/products', 'company/orders'],
  api: {
    'GET /api/products': './test/extension/products.ts',
    'GET /api/products/application/{application_id}': './test/extension/products.ts',
  },
  partner: { scopes: ['organization/themes'] },
  storefront: {
    'GET /ext/wishlist/{id}': './test/extension/wishlist.ts',
    'POST /ext/wishlist': './test/extension/wishlist.ts',
  },
  calls: {
    'POST /pay/{company_id}/{application_id}': {
      handler: './test/extension/pay.ts',
      verify: 'checksum',
      company: 'body.company_id',
    },
    'GET /api/v1/payment_status/{gid}': { handler: './test/extension/payment-status.ts', verify: 'checksum' },
    'POST /api/v1/payment_callback/{company_id}': { handler: './test/extension/paid.ts', verify: 'none' },
  },
  events: {
    'company/product/update/v1': './test/extension/on-product-update.ts',
    'company/brand/update/v1': './test/extension/attach-wishlist.ts',
  },
  webhooks: { notificationEmail: 'developers@example.com' },
  schedules: { nightly: { every: '1 day', handler: './test/extension/nightly.ts' } },
});
