import { schedule } from '../../functions/runtime/background.ts';

interface ProductPage {
  readonly page?: { readonly item_total?: number };
}

/** The sample schedule: counts each company's products, with the company's own token and nobody present. */
export const handler = schedule(async ({ platform, log }) => {
  const { page }: ProductPage = await platform.get('catalog/v2.0/company/{company_id}/products/', {
    query: { page_no: 1, page_size: 1 },
  });
  log('products counted', { products: page?.item_total });
});
