import { schedule } from '../../functions/runtime/background.ts';

export const handler = schedule(async ({ company, platform, log }) => {
  await platform.get(`catalog/v2.0/company/${company}/products/`);
  log('hourly');
});
