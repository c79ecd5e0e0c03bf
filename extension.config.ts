import { defineExtension } from './shared/config.ts';

export default defineExtension({
  name: 'Product Lens',
  page: './frontend',
  // Where the platform keeps product images.
  csp: { img: ['https://cdn.fynd.com', 'https://cdn.pixelbin.io'] },
  scopes: ['company/products', 'company/orders'],
  partner: { scopes: ['organization/themes'] },
  api: {
    'GET /api/products': './functions/app/products.ts',
    'GET /api/products/application/{application_id}': './functions/app/products.ts',
  },
  events: { 'company/product/update/v1': './functions/app/on-product-update.ts' },
  webhooks: { notificationEmail: 'developers@example.com' },
  resources: './infra/own-resources.ts',
  schedules: { nightly: { every: '1 day', handler: './functions/app/nightly.ts' } },
});
