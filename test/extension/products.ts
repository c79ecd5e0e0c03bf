import { api } from '../../functions/runtime/api.ts';

interface ProductPage {
  readonly items?: readonly unknown[];
}

/** `GET /api/products[/application/{application_id}]`: the first products that the signed-in person may see. */
export const handler = api(async ({ platform, company, claimedApplication }) => {
  const path =
    claimedApplication === undefined
      ? `catalog/v2.0/company/${company}/products/`
      : `catalog/v1.0/company/${company}/application/${claimedApplication}/raw-products/`;
  const page = await platform.get<ProductPage>(path, { query: { page_no: 1, page_size: 20 } });
  return { items: page?.items ?? [] };
});
