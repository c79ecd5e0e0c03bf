import { defineExtension } from '../../../shared/config.ts';

/** The tests’ configuration after its author added a scope. */
export default defineExtension({
  name: 'Test Lens',
  scopes: ['company/products', 'company/orders', 'company/profile'],
  api: { 'GET /api/products': './test/extension/products.ts' },
});
