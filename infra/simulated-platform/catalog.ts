import type { Trade } from './merchants.ts';
import { type Company, companies } from './world.ts';

/** A size of a product, with what it costs there in the product's currency. */
type Size = { size: string; price: number; price_effective: number } & Record<string, unknown>;

/** A product as the catalog service shows it (`ProductSchemaV2`); one that somebody made may lack sizes. `cost_price` is for owners and for the company's own offline token. */
export type Product = Record<string, unknown> & {
  uid: number;
  name: string;
  slug: string;
  item_code: string;
  sizes?: Size[];
};

const shelf: Readonly<Record<Trade, { brands: string[]; categories: string[]; things: string[] }>> = {
  handlooms: {
    brands: ['Kesari', 'Bandhej Co.', 'Loom & Line'],
    categories: ['sarees', 'kurtas', 'stoles'],
    things: ['Chanderi Saree', 'Block Print Kurta', 'Ikat Stole', 'Linen Dupatta', 'Khadi Shirt', 'Silk Blouse'],
  },
  footwear: {
    brands: ['Northstar', 'Trailhead', 'Mojari House'],
    categories: ['sneakers', 'sandals', 'formal-shoes'],
    things: ['Canvas Sneaker', 'Leather Kolhapuri', 'Running Shoe', 'Suede Loafer', 'Slide Sandal', 'Derby Shoe'],
  },
  home: {
    brands: ['Maati', 'Clay Street', 'Oak & Jute'],
    categories: ['tableware', 'furnishing', 'decor'],
    things: ['Stoneware Bowl', 'Jute Rug', 'Brass Lamp', 'Cotton Throw', 'Serving Tray', 'Linen Cushion'],
  },
  beauty: {
    brands: ['Ruhi', 'Neem & Rose', 'Vanya'],
    categories: ['skin-care', 'hair-care', 'fragrance'],
    things: ['Rose Toner', 'Neem Face Wash', 'Sandalwood Soap', 'Hair Oil', 'Vetiver Mist', 'Clay Mask'],
  },
  electronics: {
    brands: ['Voltkart', 'Sonaro', 'Brightway'],
    categories: ['audio', 'kitchen', 'accessories'],
    things: ['Wireless Earbuds', 'Electric Kettle', 'USB-C Hub', 'Bluetooth Speaker', 'Desk Lamp', 'Power Bank'],
  },
  jewellery: {
    brands: ['Tarini', 'Rupa', 'Meenakari Works'],
    categories: ['earrings', 'necklaces', 'bangles'],
    things: ['Silver Jhumka', 'Pearl Choker', 'Meenakari Bangle', 'Kundan Ring', 'Temple Pendant', 'Oxidised Anklet'],
  },
};
const shades = ['Indigo', 'Saffron', 'Ivory', 'Charcoal', 'Olive', 'Rust', 'Teal'];
const pick = <T>(from: readonly T[], index: number): T => from[index % from.length] as T;
/** Of a database, beside the number by which people know the product. */
const idOf = (uid: number) => `65c1${uid.toString(16).padStart(20, '0')}`;
const slugOf = (text: string) => text.toLowerCase().replace(/[^a-z0-9]+/g, '-');

const pictureOf = (url: string) => ({ url, secure_url: url, aspect_ratio: '1:1', aspect_ratio_f: 1 });

/** What all products here have in common. */
const common = {
  item_type: 'standard',
  stage: 'verified',
  image_nature: 'standard',
  country_of_origin: 'India',
  hsn_code: '62034200',
  template_tag: 'default',
  is_set: false,
  is_dependent: false,
  is_physical: true,
  is_expirable: false,
  no_of_boxes: 1,
  highlights: [],
  l3_mapping: [],
  product_group_tag: [],
  attributes: {},
  variants: {},
  net_quantity: { value: 1, unit: 'nos' },
  moq: { minimum: 1, maximum: 10, increment_unit: 1 },
  return_config: { returnable: true, time: 7, unit: 'days' },
  tax_identifier: { hsn_code: '62034200', hsn_code_id: '65c2000000000000000000aa', reporting_hsn: 'IN62034200' },
  trader: [{ type: 'Manufacturer', name: 'Made by the seller', address: ['Industrial Area, Phase 2'] }],
};

function product(company: Company, index: number, origin: string): Product {
  const { brands, categories, things } = shelf[company.trade];
  const name = `${pick(shades, index * 3 + Number(company.id))} ${pick(things, index)}`;
  const uid = 7_500_000 + Number(company.id) * 1000 + index;
  const marked = 499 + ((index * 377 + Number(company.id) * 91) % 60) * 50;
  const effective = Math.round(marked * (1 - (index % 5) * 0.07));
  const itemCode = `${pick(brands, index).slice(0, 3).toUpperCase()}-${company.id.padStart(2, '0')}${String(index).padStart(3, '0')}`;
  const stock = (index * 7 + Number(company.id)) % 45;
  const size = (name: string, step: number): Size => ({
    size: name,
    price: marked + step * 150,
    price_effective: effective + step * 150,
    price_transfer: 0,
    sellable_quantity: stock,
    sellable: stock > 0,
    store_count: stock > 0 ? 1 : 0,
    seller_identifier: `${itemCode}-${name}`,
    track_inventory: true,
  });
  const image = `${origin}/assets/products/${uid}.svg`;
  const brand = pick(brands, index);
  const brandUid = Number(company.id) * 10 + (index % brands.length);
  const category = pick(categories, index);
  const sizes = ['M', 'L', 'XL'].slice(0, 1 + (index % 3)).map(size);
  const pictured = index % 4 !== 3;
  return {
    ...common,
    id: idOf(uid),
    uid,
    name,
    slug: `${slugOf(name)}-${uid}`,
    item_code: itemCode,
    short_description: `${name} by ${brand}`,
    description: `<p>${name}, made for everyday use. Care: see the label.</p>`,
    company_id: Number(company.id),
    all_company_ids: [Number(company.id)],
    brand_uid: brandUid,
    brand: { uid: brandUid, name: brand, logo: pictureOf(`${origin}/assets/products/${brandUid}.svg`) },
    category_uid: 400 + (index % categories.length),
    category_slug: category,
    category: { uid: 400 + (index % categories.length), name: category.replace('-', ' '), slug: category },
    departments: [1 + (index % 2)],
    images: pictured ? [pictureOf(image)] : [],
    media: pictured ? [{ type: 'image', url: image, alt: name, thumbnail: image, meta: { source: image } }] : [],
    is_image_less_product: !pictured,
    currency: 'INR',
    sizes,
    all_sizes: sizes,
    all_identifiers: sizes.map(({ seller_identifier }) => String(seller_identifier)),
    multi_size: sizes.length > 1,
    tags: index % 5 === 0 ? ['new-arrival'] : [],
    cost_price: Math.round(effective * 0.6),
    is_active: index % 9 !== 8,
    created_on: new Date(Date.UTC(2024, index % 12, 1 + (index % 28), 9, 30)).toISOString(),
    modified_on: new Date(Date.UTC(2025, index % 12, 1 + (index % 28), 12, 0)).toISOString(),
  };
}

/** What a product costs in its first size; 0 for one without sizes. */
export const effectivePrice = ({ sizes }: Product): number => sizes?.[0]?.price_effective ?? 0;

/** The products of every company: made when first looked at, the same each time, changed by writes until a reset. */
export function createCatalog(origin: () => string) {
  let shelves = new Map<string, Product[]>();
  const productsOf = (companyId: string): Product[] => {
    const company = companies.get(companyId);
    if (!company) return [];
    const known = shelves.get(companyId);
    if (known) return known;
    const made = Array.from({ length: 36 }, (_, index) => product(company, index, origin()));
    shelves.set(companyId, made);
    return made;
  };
  return {
    /** All of a company's products, or those that one of its storefronts sells (an outlet sells every third). */
    list(companyId: string, applicationId?: string): Product[] {
      const all = productsOf(companyId);
      return applicationId?.endsWith('0002') ? all.filter((one) => one.uid % 3 === 0) : all;
    },
    find: (companyId: string, uid: string): Product | undefined =>
      productsOf(companyId).find((one) => String(one.uid) === uid),
    create(companyId: string, fields: Record<string, unknown>): Product {
      const all = productsOf(companyId);
      const uid = Math.max(...all.map((one) => one.uid)) + 1;
      const name = typeof fields['name'] === 'string' ? fields['name'] : `Product ${uid}`;
      const now = new Date().toISOString();
      const made = {
        ...common,
        item_code: `NEW-${uid}`,
        is_active: true,
        currency: 'INR',
        sizes: [],
        images: [],
        media: [],
        all_company_ids: [Number(companyId)],
        ...fields,
        name,
        slug: `${slugOf(name)}-${uid}`,
        id: idOf(uid),
        uid,
        company_id: Number(companyId),
        created_on: now,
        modified_on: now,
      };
      all.push(made);
      return made;
    },
    /** Changes what is given and nothing else; the id and the company stay. */
    update(target: Product, fields: Record<string, unknown>): Product {
      const { uid: _uid, company_id: _company, ...changes } = fields;
      return Object.assign(target, changes, { modified_on: new Date().toISOString() });
    },
    remove(companyId: string, target: Product): void {
      const all = productsOf(companyId);
      all.splice(all.indexOf(target), 1);
    },
    reset(): void {
      shelves = new Map();
    },
  };
}

/** The catalog of a running platform. */
export type Catalog = ReturnType<typeof createCatalog>;
