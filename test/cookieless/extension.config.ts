import { defineExtension } from '../../shared/config.ts';

export default defineExtension({
  name: 'Cookieless',
  page: './test/cookieless/page',
  scopes: ['company/products', 'company/orders'],
  api: { 'GET /api/products': './test/extension/products.ts' },
});
