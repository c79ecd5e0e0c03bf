/**
 * Scopes and events that public sources name, read on 2026-11-25: the access scopes and webhook events of
 * https://docs.fynd.com/partners/ (company and application level), and the examples and fixtures of Fynd's own
 * fdk-extension-javascript, fdk-extension-python and example extensions, where the older short forms stand.
 *
 * No source is complete: the platform knows more. A name that is missing here is a question to its author, never an
 * error. Functions know nothing of this file; the configuration takes its types alone.
 */
const resources = {
  company: [
    'applications',
    'brands',
    'inventory',
    'legal',
    'locations',
    'orders',
    'price_rules',
    'products',
    'properties',
  ],
  application: [
    'communications',
    'content',
    'customer_support',
    'customers',
    'price_rules',
    'products',
    'protected_customer_data',
    'rewards',
  ],
} as const;

const olderScopes = [
  'company/*',
  'company/order',
  'company/product',
  'company/profile',
  'company/saleschannel',
  'company/settings',
  'company/application/analytics',
  'company/application/catalogue',
  'company/application/communication',
  'company/application/customer',
  'company/application/marketing',
  'company/application/order',
  'company/application/settings',
  'company/application/storage',
  'company/application/support',
] as const;

const eventNames = {
  company: {
    article: { v1: 'create update delete' },
    brand: { v1: 'create update' },
    customfields: { v1: 'inventory-update inventory-delete product-update product-delete selling-location-update' },
    customobjects: { v1: 'create update delete' },
    extension: { v1: 'install uninstall' },
    inventory: { v1: 'update' },
    location: { v1: 'create update' },
    'location-quantity': { v1: 'create update' },
    product: { v1: 'create update delete', v2: 'create update delete', v3: 'create update delete' },
    'product-size': { v1: 'create update delete' },
  },
  application: {
    address: { v1: 'create update delete' },
    cart: { v1: 'create update' },
    collection: { v2: 'create update delete' },
    coupon: { v1: 'create update' },
    'courier-partner': { v1: 'assign cancel' },
    customer: { v1: 'create update' },
    faq: { v1: 'create update delete' },
    order: { v1: 'placed pending payment_failed' },
    refund: { v1: 'refund_initiated refund_pending refund_done refund_failed' },
    shipment: { v1: 'create update data_update' },
  },
} as const;

type Words<Text extends string> = Text extends `${infer Word} ${infer Rest}` ? Word | Words<Rest> : Text;
type ScopesOf<Level extends keyof typeof resources> =
  `${Level}/${(typeof resources)[Level][number]}${'' | '/read' | '/write'}`;
type Events = typeof eventNames;

/** A scope that public sources name. */
export type KnownScope = ScopesOf<'company'> | ScopesOf<'application'> | (typeof olderScopes)[number];

/** An event that public sources name: `category/name/type/vN`. */
export type KnownEvent = {
  [Category in keyof Events]: {
    [Name in keyof Events[Category] & string]: {
      [Version in keyof Events[Category][Name] &
        string]: `${Category}/${Name}/${Words<Events[Category][Name][Version] & string>}/${Version}`;
    }[keyof Events[Category][Name] & string];
  }[keyof Events[Category] & string];
}[keyof Events];

/** Every known scope; a resource by itself, and its `/read` and `/write`. */
export const knownScopes: readonly string[] = [
  ...Object.entries(resources).flatMap(([level, names]) =>
    names.flatMap((name) => ['', '/read', '/write'].map((access) => `${level}/${name}${access}`)),
  ),
  ...olderScopes,
];

/** Every known event, by its key in the configuration. */
export const knownEvents: readonly string[] = Object.entries(eventNames).flatMap(([category, names]) =>
  Object.entries(names).flatMap(([name, versions]) =>
    Object.entries<string>(versions).flatMap(([version, types]) =>
      types.split(' ').map((type) => `${category}/${name}/${type}/${version}`),
    ),
  ),
);
