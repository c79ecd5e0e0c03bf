import { defineExtension } from '../../../shared/config.ts';

/** An extension one of whose events comes through a queue of the stack, and whose alarms tell somebody. */
export default defineExtension({
  name: 'Test Lens',
  scopes: ['company/products'],
  events: {
    'company/product/update/v1': {
      provider: 'sqs',
      from: '123456789012',
      handler: './test/extension/on-product-update.ts',
    },
  },
  webhooks: { notificationEmail: 'developers@example.com' },
  alarms: { email: 'night@example.com' },
});
