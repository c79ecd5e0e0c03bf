import { defineExtension } from '../../../shared/config.ts';

/** The shipped configuration after its author added a scope. */
export default defineExtension({
  name: 'Product Lens',
  scopes: ['company/products', 'company/orders', 'company/profile'],
  api: { 'GET /api/products': './functions/app/products.ts' },
});
