import { event } from '../../functions/runtime/background.ts';

interface ProductPayload {
  readonly product?: { readonly uid?: number; readonly name?: string };
}

/** One product, as the platform sends it (`SingleProductResponseSchema` of its own client). */
interface ProductResponse {
  readonly data?: { readonly name?: string };
}

/** `company/product/update/v1`: what the extension does when a product changes. Make it yours. */
export const handler = event<ProductPayload>(async ({ payload, platform, log }) => {
  const uid = payload.product?.uid;
  if (uid === undefined) return log('a product changed that the event does not name');
  const params = { item_id: uid };
  const { data }: ProductResponse = await platform.get('catalog/v2.0/company/{company_id}/products/{item_id}/', {
    params,
  });
  log('a product changed', { uid, name: data?.name });
});
