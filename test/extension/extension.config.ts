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
  events: { 'company/product/update/v1': './test/extension/on-product-update.ts' },
  webhooks: { notificationEmail: 'developers@example.com' },
  schedules: { nightly: { every: '1 day', handler: './test/extension/nightly.ts' } },
});
