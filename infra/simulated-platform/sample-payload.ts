import { effectivePrice } from './catalog.ts';
import { listedOrder, listedShipment } from './order-views.ts';
import type { State } from './state.ts';
import type { EventConfig } from './webhook-events.ts';
import { companies } from './world.ts';

/** What an event of this kind could say about a company; what it is about is the payload's only key. */
export function samplePayload(
  { catalog, orders }: State,
  company: string,
  event: Pick<EventConfig, 'event_name' | 'event_type'>,
  applicationId: string | undefined,
): Record<string, unknown> {
  const [product] = catalog.list(company);
  const [first] = orders.list(company, applicationId);
  const shipment = first && listedShipment(first);
  switch (event.event_name) {
    case 'product':
      return { product };
    case 'article':
    case 'inventory':
      return {
        articles: [
          { uid: `${product?.item_code}_1`, size: 'M', price: product && effectivePrice(product), is_set: false },
        ],
      };
    case 'shipment':
      return { shipment: { ...shipment, status: event.event_type } };
    case 'order':
      return { order: { application_id: applicationId, ...(first && listedOrder([first])) } };
    case 'ping':
      return {};
    default:
      return { [event.event_name]: { id: `${event.event_name}-1`, name: companies.get(company)?.name } };
  }
}
