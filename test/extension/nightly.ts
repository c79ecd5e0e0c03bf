import { schedule } from '../../functions/runtime/background.ts';

/** The sample schedule: counts each company's products, with the company's own token and nobody present. */
export const handler = schedule(async ({ company, platform, log }) => {
  const page = await platform.get<{ page?: { item_total?: number } }>(`catalog/v2.0/company/${company}/products/`, {
    query: { page_no: 1, page_size: 1 },
  });
  log('products counted', { products: page.page?.item_total });
});
