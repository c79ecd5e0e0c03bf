import { createCatalog, effectivePrice } from './catalog.ts';
import { companies } from './world.ts';

/** A parcel of an order, as the order services show it. */
export type Shipment = Record<string, unknown> & { shipment_id: string; order_id: string };

const statuses = ['placed', 'bag_confirmed', 'bag_packed', 'bag_picked', 'delivery_done', 'return_initiated'];
const shoppers = ['Ishaan Gupta', 'Rhea Nair', 'Devika Shah', 'Arjun Pillai', 'Sana Khan', 'Rohit Das', 'Leela Joshi'];

function shipment(companyId: string, index: number): Shipment {
  const products = createCatalog(() => '').list(companyId);
  const sold = products[(index * 5) % products.length];
  if (!sold) throw new Error('a company without products has no orders');
  const placed = new Date(Date.UTC(2025, 9, 1 + (index % 27), 8 + (index % 10), index % 60));
  const stamp = `FY${companyId.padStart(4, '0')}${String(index).padStart(6, '0')}`;
  const quantity = 1 + (index % 3);
  return {
    shipment_id: `17${stamp.slice(2)}`,
    order_id: stamp,
    company_id: Number(companyId),
    application_id: companies.get(companyId)?.applications[index % 2]?.id,
    shipment_status: { status: statuses[index % statuses.length] },
    shipment_created_at: placed.toISOString(),
    user: { name: shoppers[index % shoppers.length] },
    bags: [
      {
        bag_id: 90_000 + index,
        item: { name: sold.name, code: sold.item_code },
        quantity,
        price: effectivePrice(sold),
      },
    ],
    prices: { amount_paid: effectivePrice(sold) * quantity, currency_code: 'INR' },
    payment_mode: index % 2 === 0 ? 'PREPAID' : 'COD',
  };
}

/** The orders of every company: made when first looked at, changed by status updates until a reset. */
export function createOrders() {
  let books = new Map<string, Shipment[]>();
  const shipmentsOf = (companyId: string): Shipment[] => {
    const known = books.get(companyId);
    if (known) return known;
    const made = companies.has(companyId) ? Array.from({ length: 24 }, (_, index) => shipment(companyId, index)) : [];
    books.set(companyId, made);
    return made;
  };
  return {
    list: (companyId: string, applicationId?: string): Shipment[] =>
      shipmentsOf(companyId).filter((one) => applicationId === undefined || one['application_id'] === applicationId),
    /** Sets the status of a shipment; undefined when the company has no such shipment. */
    setStatus(companyId: string, shipmentId: string, status: string): Shipment | undefined {
      const found = shipmentsOf(companyId).find((one) => one.shipment_id === shipmentId);
      if (found) found['shipment_status'] = { status };
      return found;
    },
    reset(): void {
      books = new Map();
    },
  };
}

/** The order book of a running platform. */
export type Orders = ReturnType<typeof createOrders>;
