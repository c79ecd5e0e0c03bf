/** An event that the platform can send, as `query-event-details` shows it. */
export type EventConfig = {
  id: number;
  event_category: string;
  event_name: string;
  event_type: string;
  version: string;
  display_name: string;
  description: string;
  created_on: string;
  updated_on: string;
};

const known: readonly [path: string, types: string, versions: string][] = [
  ['company/product', 'create update delete', '1 2 3'],
  ['company/product-size', 'create update delete', '1'],
  ['company/article', 'create update delete', '1'],
  ['company/brand', 'create update', '1'],
  ['company/location', 'create update', '1'],
  ['company/inventory', 'update', '1'],
  ['company/customobjects', 'create update delete', '1'],
  ['company/extension', 'install uninstall', '1'],
  ['application/shipment', 'create update data_update', '1'],
  ['application/order', 'placed pending payment_failed', '1'],
  ['application/cart', 'create update', '1'],
  ['application/coupon', 'create update', '1'],
  ['application/customer', 'create update', '1'],
  ['application/collection', 'create update delete', '2'],
  ['application/faq', 'create update delete', '1'],
  ['application/courier-partner', 'assign cancel', '1'],
  ['company/location-quantity', 'create update', '1'],
  [
    'company/customfields',
    'inventory-update inventory-delete product-update product-delete selling-location-update',
    '1',
  ],
  ['application/address', 'create update delete', '1'],
  ['application/refund', 'refund_initiated refund_pending refund_done refund_failed', '1'],
];

const list = (text: string) => text.split(' ');
const made = '2021-06-24T06:39:12.575Z';

function eventConfig(slug: string, index: number): EventConfig {
  const [category = '', name = '', type = '', version = ''] = slug.split('/');
  return {
    id: index + 5,
    event_category: category,
    event_name: name,
    event_type: type,
    version: version.slice('v'.length),
    display_name: `${name}-${type}`,
    description: `This event gets triggered on ${name} ${type}`,
    created_on: made,
    updated_on: made,
  };
}

const configs: EventConfig[] = known
  .flatMap(([path, types, versions]) =>
    list(versions).flatMap((version) => list(types).map((type) => `${path}/${type}/v${version}`)),
  )
  .map(eventConfig);

/** Every event there is. */
export const eventConfigs: readonly EventConfig[] = configs;

/** `company/product/update/v1`. */
export const slugOf = (event: Pick<EventConfig, 'event_category' | 'event_name' | 'event_type' | 'version'>): string =>
  `${event.event_category}/${event.event_name}/${event.event_type}/v${event.version}`;

const bySlug = new Map(configs.map((one) => [slugOf(one), one]));

/** Makes this process's platform send events, too, that no document names. What has not the form of one is left out. */
export function addEvents(slugs: readonly string[]): void {
  for (const slug of slugs) {
    if (bySlug.has(slug) || !/^[\w-]+\/[\w-]+\/[\w-]+\/v\d+$/.test(slug)) continue;
    const event = eventConfig(slug, configs.length);
    configs.push(event);
    bySlug.set(slug, event);
  }
}

/** The event of that name; undefined where the platform knows none. */
export const findEvent = (slug: string): EventConfig | undefined => bySlug.get(slug);

/** The event of that id. */
export const findEventById = (id: number): EventConfig | undefined => eventConfigs.find((one) => one.id === id);
