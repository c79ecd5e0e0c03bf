import { api } from '../../functions/runtime/api.ts';

interface ProductPage {
  readonly items?: readonly unknown[];
}

/** `GET /api/products[/application/{application_id}]`: the first products that the signed-in person may see. */
export const handler = api(async ({ platform, claimedApplication }) => {
  const query = { page_no: 1, page_size: 20 };
  const page: ProductPage =
    claimedApplication === undefined
      ? await platform.get('catalog/v2.0/company/{company_id}/products/', { query })
      : await platform.get('catalog/v1.0/company/{company_id}/application/{application_id}/raw-products/', {
          params: { application_id: claimedApplication },
          query,
        });
  return { items: page?.items ?? [] };
});
