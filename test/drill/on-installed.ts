import { hook } from '../../functions/runtime/background.ts';

export const handler = hook(async ({ company, platform, generation, log }) => {
  await platform?.get(`catalog/v2.0/company/${company}/products/`);
  log('installed', { generation });
});
