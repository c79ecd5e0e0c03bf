/** Company 1 and its catalogue: what the benchmarks' platform answers. */
export const company = '1';

const product = (index: number) => ({
  uid: 7_500_000 + index,
  name: `Chanderi Saree ${index}`,
  slug: `chanderi-saree-${7_500_000 + index}`,
  item_code: `KES-${String(index).padStart(6, '0')}`,
  brand_uid: 11,
  brand: { uid: 11, name: 'Kesari' },
  category_slug: 'sarees',
  company_id: 1,
  description: 'Woven by hand in Chanderi from silk and cotton, with a zari border and a matching blouse piece.',
  departments: [3],
  images: [`https://cdn.example.com/products/${index}/original/front.jpg`],
  media: [{ type: 'image', url: `https://cdn.example.com/products/${index}/original/front.jpg` }],
  is_active: index % 9 !== 8,
  is_set: false,
  currency: 'INR',
  country_of_origin: 'India',
  hsn_code: '5007',
  tags: ['handloom', 'festive', `batch-${index % 7}`],
  created_on: '2026-03-01T09:30:00Z',
  modified_on: `2026-07-${String((index % 28) + 1).padStart(2, '0')}T12:00:00Z`,
});

const json = { 'content-type': 'application/json; charset=utf-8' };

/** A page of twelve products, which the platform lets a browser keep for an hour. */
export const listing = {
  status: 200,
  headers: { ...json, 'cache-control': 'private, max-age=3600', etag: '"bench-1"' },
  body: Buffer.from(
    JSON.stringify({
      items: Array.from({ length: 12 }, (_, index) => product(index)),
      page: { type: 'number', current: 1, size: 12, item_total: 480, has_next: true, has_previous: false },
    }),
  ),
};

const oneProduct = { status: 200, headers: json, body: Buffer.from(JSON.stringify(product(1))) };
const inventoryTaken = {
  status: 200,
  headers: json,
  body: Buffer.from(JSON.stringify({ items: [], message: 'Inventory updated', success: true })),
};
/** For the person's code and for the company's: whatever an extension asks for is granted. */
const tokens = {
  status: 200,
  headers: json,
  body: Buffer.from(
    JSON.stringify({
      access_token: `bench-token-${'x'.repeat(40)}`,
      refresh_token: `bench-refresh-${'x'.repeat(40)}`,
      token_type: 'Bearer',
      expires_in: 7_200,
      current_user: { _id: 'u1', first_name: 'Asha', last_name: 'Rao', emails: [{ email: 'asha@example.com' }] },
    }),
  ),
};
/** What the official library asks for when it starts. */
const extensionDetails = {
  status: 200,
  headers: json,
  body: Buffer.from(JSON.stringify({ base_url: 'https://extension.example', scope: ['company/products'] })),
};

/** Paths below `/service/platform/`. */
export const listingPath = `catalog/v2.0/company/${company}/products/`;
export const inventoryPath = `catalog/v2.0/company/${company}/products/7500001/inventory/KES-000001`;
export const productPath = `catalog/v2.0/company/${company}/products/7500001/`;

/** What a page sends to change a stock, in the shape that the official client insists on. */
export const inventoryChange = JSON.stringify({
  company_id: 1,
  payload: [{ seller_identifier: 'KES-000001', store_id: 41, total_quantity: 12 }],
});

export function answerOf(url: string) {
  if (url.includes('/extensions/details/')) return extensionDetails;
  if (url.includes('/oauth/')) return tokens;
  if (url.includes('/inventory/')) return inventoryTaken;
  return /\/products\/\d+\/$/.test(url) ? oneProduct : listing;
}
