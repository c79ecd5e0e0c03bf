import { createCatalog, effectivePrice, type Product } from './catalog.ts';
import { companies } from './world.ts';

/** The states of a parcel that the seller or the carrier can set, and what people call each. */
export const shipmentStatuses: Readonly<Record<string, string>> = {
  placed: 'Placed',
  bag_confirmed: 'Confirmed',
  bag_not_confirmed: 'Not confirmed',
  bag_invoiced: 'Invoiced',
  dp_assigned: 'Carrier assigned',
  bag_packed: 'Packed',
  bag_picked: 'Picked up',
  in_transit: 'In transit',
  out_for_delivery: 'Out for delivery',
  delivery_done: 'Delivered',
  handed_over_to_customer: 'Handed over',
  cancelled_customer: 'Cancelled by the customer',
  cancelled_seller: 'Cancelled by the seller',
  return_initiated: 'Return initiated',
  return_completed: 'Return completed',
};

/** A parcel of an order. */
export type Shipment = {
  /** Counts the parcels of its company from 0. */
  number: number;
  shipmentId: string;
  orderId: string;
  companyId: string;
  applicationId: string;
  status: string;
  placedAt: Date;
  shopper: { first: string; last: string };
  paymentMode: 'PREPAID' | 'COD';
  sold: Product;
  quantity: number;
  price: number;
};

const usual = ['placed', 'bag_confirmed', 'bag_packed', 'bag_picked', 'delivery_done', 'return_initiated'];
const shoppers = ['Ishaan Gupta', 'Rhea Nair', 'Devika Shah', 'Arjun Pillai', 'Sana Khan', 'Rohit Das', 'Leela Joshi'];

/** Every fourth parcel belongs to the order of the one before it. */
function shipment(companyId: string, number: number): Shipment {
  const products = createCatalog(() => '').list(companyId);
  const sold = products[(number * 5) % products.length];
  const order = number % 4 === 3 ? number - 1 : number;
  const application = companies.get(companyId)?.applications[order % 2];
  if (!sold || !application) throw new Error('a company without products has no orders');
  const stamp = (of: number) => `${companyId.padStart(4, '0')}${String(of).padStart(6, '0')}`;
  const [first = '', last = ''] = shoppers[order % shoppers.length]?.split(' ') ?? [];
  return {
    number,
    shipmentId: `17${stamp(number)}`,
    orderId: `FY${stamp(order)}`,
    companyId,
    applicationId: application.id,
    status: usual[number % usual.length] ?? 'placed',
    placedAt: new Date(Date.UTC(2025, 9, 1 + (order % 27), 8 + (order % 10), order % 60)),
    shopper: { first, last },
    paymentMode: order % 2 === 0 ? 'PREPAID' : 'COD',
    sold,
    quantity: 1 + (number % 3),
    price: effectivePrice(sold),
  };
}

/** The orders of every company: made when first looked at, changed by status updates until a reset. */
export function createOrders() {
  let books = new Map<string, Shipment[]>();
  const shipmentsOf = (companyId: string): Shipment[] => {
    const known = books.get(companyId);
    if (known) return known;
    const made = companies.has(companyId) ? Array.from({ length: 24 }, (_, number) => shipment(companyId, number)) : [];
    books.set(companyId, made);
    return made;
  };
  return {
    list: (companyId: string, applicationId?: string): Shipment[] =>
      shipmentsOf(companyId).filter((one) => applicationId === undefined || one.applicationId === applicationId),
    /** Sets the status of a parcel; undefined when the company has no such parcel. */
    setStatus(companyId: string, shipmentId: string, status: string): Shipment | undefined {
      const found = shipmentsOf(companyId).find((one) => one.shipmentId === shipmentId);
      if (found) found.status = status;
      return found;
    },
    reset(): void {
      books = new Map();
    },
  };
}

/** The order book of a running platform. */
export type Orders = ReturnType<typeof createOrders>;
