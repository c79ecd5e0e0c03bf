import { createHmac } from 'node:crypto';

/** The companies whose products change: ten, so that a batch holds a message of each. */
export const companies = Array.from({ length: 10 }, (_, index) => String(index + 1));

let told = 0;

/** A webhook's body of some 1.5 KB, another one each time. */
export function eventBody(companyId: string): Buffer {
  told += 1;
  const uid = 7_500_000 + told;
  const envelope = {
    company_id: Number(companyId),
    contains: ['product'],
    event: {
      category: 'company',
      name: 'product',
      type: 'update',
      version: '1',
      created_timestamp: Date.now(),
      trace_id: [`bench-${told}`],
    },
    payload: {
      product: {
        uid,
        name: `Chanderi Saree ${told}`,
        slug: `chanderi-saree-${uid}`,
        item_code: `KES-${told}`,
        brand: { uid: 11, name: 'Kesari' },
        category_slug: 'sarees',
        description: 'Woven by hand in Chanderi from silk and cotton, with a zari border and a matching blouse piece.',
        sizes: ['S', 'M', 'L', 'XL'].map((size) => ({
          size,
          seller_identifier: `KES-${told}-${size}`,
          price: { marked: { min: 2_499, max: 2_649 }, effective: { min: 1_999, max: 2_149 }, currency_code: 'INR' },
          stock: (told * 7) % 45,
        })),
      },
    },
  };
  return Buffer.from(JSON.stringify(envelope));
}

/** As the platform signs it. */
export const signatureOf = (body: Buffer, secret: string): string =>
  createHmac('sha256', secret).update(body).digest('hex');
