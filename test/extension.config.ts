import { defineExtension } from '../shared/config.ts';

/**
 * What the tests run: the configuration as the template is shipped, so that an author who changes theirs breaks no test
 * of the template.
 */
export default defineExtension({
  name: 'Product Lens',
  scopes: ['company/products', 'company/orders'],
  api: {
    'GET /api/products': './functions/app/products.ts',
    'GET /api/products/application/{application_id}': './functions/app/products.ts',
  },
  events: { 'company/product/update/v1': './functions/app/on-product-update.ts' },
  webhooks: { notificationEmail: 'developers@example.com' },
  schedules: { nightly: { every: '1 day', handler: './functions/app/nightly.ts' } },
});
