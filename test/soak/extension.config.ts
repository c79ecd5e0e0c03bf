import { defineExtension } from '../../shared/config.ts';

export default defineExtension({
  name: 'Soak',
  scopes: ['company/products'],
  events: { 'company/product/update/v1': './test/soak/on-event.ts' },
  hooks: { installed: './test/soak/on-installed.ts', uninstalled: './test/soak/on-uninstalled.ts' },
  webhooks: { notificationEmail: 'developers@example.com' },
});
