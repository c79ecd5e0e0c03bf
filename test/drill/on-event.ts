import { event } from '../../functions/runtime/background.ts';

export const handler = event<{ name: string }>(async ({ company, platform, payload, log }) => {
  await platform.get(`catalog/v2.0/company/${company}/products/`);
  log('event', { name: payload.name });
});
