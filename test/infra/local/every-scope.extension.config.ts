import { defineExtension } from '../../../shared/config.ts';

/** An extension that may do whatever a company's people may do, and hears of events. */
export default defineExtension({
  name: 'Everything Lens',
  scopes: ['company/*'],
  proxy: { also: ['* **'] },
  events: { 'company/product/update/v1': './test/extension/on-product-update.ts' },
  webhooks: { notificationEmail: 'developers@example.com' },
});
