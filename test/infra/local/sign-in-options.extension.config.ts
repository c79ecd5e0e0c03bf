import { defineExtension } from '../../../shared/config.ts';

/** The settings that a sign-in knows and that are off by default. */
export default defineExtension({
  name: 'Test Lens',
  scopes: ['company/products', 'company/orders'],
  pkce: true,
  hooks: { launched: './test/infra/local/fixture/launched.ts' },
});
