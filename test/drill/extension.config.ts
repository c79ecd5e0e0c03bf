import { defineExtension } from '../../shared/config.ts';

/** Does in the background what an extension may do: events, hooks and a schedule, each with a call of the platform. */
export default defineExtension({
  name: 'Drill',
  scopes: ['company/products', 'company/orders'],
  events: { 'company/product/update/v1': './test/drill/on-event.ts' },
  schedules: { hourly: { every: '1 hour', handler: './test/drill/hourly.ts' } },
  hooks: { installed: './test/drill/on-installed.ts', uninstalled: './test/drill/on-uninstalled.ts' },
  webhooks: { notificationEmail: 'developers@example.com' },
});
