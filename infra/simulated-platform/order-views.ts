import { type Shipment, shipmentStatuses } from './orders.ts';
import { companies } from './world.ts';

type View = Record<string, unknown>;

const currency = { currency_code: 'INR', currency_symbol: '₹' };
const namedCurrency = { ordering_currency: { ...currency, currency_name: 'Indian Rupee', currency_sub_unit: 'Paise' } };
const titleOf = ({ status }: Shipment): string => shipmentStatuses[status] ?? status;
const amountOf = ({ price, quantity }: Shipment): number => price * quantity;
const bagId = ({ number }: Shipment): number => 90_000 + number;
const taxRate = 5;

/** What was paid, in the words of the order services. */
function pricesOf(amount: number): View & { value_of_good: number } {
  return {
    price_marked: amount,
    price_effective: amount,
    amount_paid: amount,
    transfer_price: amount,
    brand_calculated_amount: amount,
    value_of_good: Math.round((amount * 100) / (100 + taxRate)),
    discount: 0,
    delivery_charge: 0,
    cod_charges: 0,
    coupon_value: 0,
    coupon_effective_discount: 0,
    promotion_effective_discount: 0,
    cashback: 0,
    cashback_applied: 0,
    fynd_credits: 0,
    refund_amount: 0,
    refund_credit: 0,
    tax_collected_at_source: 0,
    amount_paid_roundoff: 0,
    gift_price: 0,
  };
}

function taxOf(shipment: Shipment): View {
  const { value_of_good } = pricesOf(amountOf(shipment));
  return {
    value_of_good,
    gst_fee: amountOf(shipment) - value_of_good,
    gst_tax_percentage: taxRate,
    tax_collected_at_source: 0,
    brand_calculated_amount: amountOf(shipment),
    hsn_code: '62034200',
    gst_tag: 'IGST',
    is_default_hsn_code: false,
  };
}

function breakupOf(shipment: Shipment): View {
  const { sold, quantity } = shipment;
  const { gst_fee, gst_tag, hsn_code, gst_tax_percentage } = taxOf(shipment);
  return {
    ...pricesOf(amountOf(shipment)),
    gst_fee,
    gst_tag,
    hsn_code,
    gst_tax_percentage,
    item_name: sold.name,
    size: 'M',
    identifiers: { sku_code: sold.item_code },
    total_units: quantity,
    added_to_fynd_cash: false,
  };
}

function stateOf(shipment: Shipment): View {
  const { status, shipmentId, placedAt } = shipment;
  const at = placedAt.toISOString();
  return {
    status,
    display_name: titleOf(shipment),
    current_status_id: 1 + shipment.number,
    shipment_id: shipmentId,
    bag_id: bagId(shipment),
    created_at: at,
    created_ts: at,
    updated_at: at,
    updated_ts: at,
    state_type: 'operational',
    bag_state_mapper: {
      bs_id: 1,
      id: 1 + Object.keys(shipmentStatuses).indexOf(status),
      name: status,
      display_name: titleOf(shipment),
      state_type: 'operational',
      journey_type: status.startsWith('return') ? 'return' : 'forward',
      is_active: true,
    },
  };
}

function itemOf({ sold }: Shipment): View {
  return {
    id: sold.uid,
    name: sold.name,
    code: sold.item_code,
    slug_key: sold.slug,
    brand: (sold['brand'] as { name?: string } | undefined)?.name ?? null,
    brand_id: sold['brand_uid'],
    size: 'M',
    color: null,
    images: [],
    can_cancel: true,
    can_return: true,
    attributes: {},
  };
}

const articleOf = ({ sold }: Shipment): View => ({
  _id: sold['id'],
  uid: `${sold.uid}_M`,
  seller_identifier: `${sold.item_code}-M`,
  code: sold.item_code,
  size: 'M',
  identifiers: { sku_code: sold.item_code },
  is_set: false,
});

const brandOf = ({ sold }: Shipment): View => ({
  id: sold['brand_uid'],
  brand_name: (sold['brand'] as { name?: string } | undefined)?.name ?? null,
});

const permitted = {
  is_active: true,
  is_returnable: true,
  can_be_cancelled: true,
  enable_tracking: true,
  is_customer_return_allowed: true,
};

function userOf({ number, shopper: { first, last } }: Shipment): View {
  return {
    id: 70_000 + number,
    first_name: first,
    last_name: last,
    name: `${first} ${last}`,
    email: `${first}.${last}@shoppers.example`.toLowerCase(),
    mobile: '9820000000',
    country_phone_code: '+91',
    is_anonymous_user: false,
  };
}

function storeOf({ companyId }: Shipment): View {
  const company = companies.get(companyId);
  return {
    id: 1000 + Number(companyId),
    code: `STORE-${companyId}`,
    name: `${company?.name} Warehouse`,
    store_name: `${company?.name} Warehouse`,
    city: company?.city,
    state: 'India',
    country: 'India',
    pincode: '400001',
    address: 'Industrial Area, Phase 2',
    phone: '9820011111',
    contact_person: 'Store manager',
    fulfillment_channel: 'FULFILLED_BY_SELLER',
    meta: {},
  };
}

const channelOf = ({ applicationId, companyId }: Shipment): View => ({
  id: applicationId,
  name: companies.get(companyId)?.applications.find(({ id }) => id === applicationId)?.name,
  logo: null,
});

/** What every view of a parcel says alike. */
function commonOf(shipment: Shipment): View {
  const at = shipment.placedAt.toISOString();
  return {
    shipment_id: shipment.shipmentId,
    order_id: shipment.orderId,
    company_id: Number(shipment.companyId),
    application_id: shipment.applicationId,
    shipment_created_at: at,
    shipment_created_ts: at,
    total_bags: 1,
    user: userOf(shipment),
    fulfilling_store: storeOf(shipment),
    payment_mode: shipment.paymentMode,
    mode_of_payment: shipment.paymentMode,
    payment_methods: { [shipment.paymentMode]: { mode: shipment.paymentMode, amount: amountOf(shipment) } },
    lock_status: false,
    meta: {},
    currency,
    currency_info: namedCurrency,
    prices: pricesOf(amountOf(shipment)),
    ordering_currency_prices: pricesOf(amountOf(shipment)),
  };
}

/** A parcel in a list (`ShipmentItem` of the official model). */
export function listedShipment(shipment: Shipment): View {
  const at = shipment.placedAt.toISOString();
  return {
    ...commonOf(shipment),
    order_date: at,
    order_created_ts: at,
    is_active: true,
    can_process: true,
    display_name: titleOf(shipment),
    status_created_at: at,
    status_created_ts: at,
    channel: channelOf(shipment),
    shipment_status: {
      title: titleOf(shipment),
      status: shipment.status,
      display_name: titleOf(shipment),
      current_shipment_status: shipment.status,
      shipment_id: shipment.shipmentId,
      bag_list: [String(bagId(shipment))],
      created_at: at,
      status_created_at: at,
    },
    bags: [
      {
        bag_id: bagId(shipment),
        line_number: 1,
        product_quantity: shipment.quantity,
        size: 'M',
        display_name: titleOf(shipment),
        can_cancel: true,
        can_return: true,
        item: itemOf(shipment),
        article: articleOf(shipment),
        brand: brandOf(shipment),
        gst: taxOf(shipment),
        financial_breakup: [breakupOf(shipment)],
        prices: pricesOf(amountOf(shipment)),
        current_status: stateOf(shipment),
        current_operational_status: stateOf(shipment),
        bag_status: [stateOf(shipment)],
        status: permitted,
        meta: {},
      },
    ],
  };
}

/** A parcel by itself, or in an order (`PlatformShipment`). */
export function wholeShipment(shipment: Shipment): View {
  const at = shipment.placedAt.toISOString();
  return {
    ...commonOf(shipment),
    shipment_status: shipment.status,
    operational_status: shipment.status,
    journey_type: shipment.status.startsWith('return') ? 'return' : 'forward',
    shipment_quantity: shipment.quantity,
    total_items: shipment.quantity,
    order: { ...orderOf(shipment), meta: {} },
    status: {
      status: shipment.status,
      display_name: titleOf(shipment),
      current_shipment_status: shipment.status,
      shipment_id: shipment.shipmentId,
      bag_list: [String(bagId(shipment))],
      status_created_at: at,
    },
    tracking_list: [
      { status: titleOf(shipment), text: titleOf(shipment), is_current: true, is_passed: true, time: at },
    ],
    payments: { mode: shipment.paymentMode, source: 'fynd' },
    gst_details: taxOf(shipment),
    bag_status_history: [stateOf(shipment)],
    company_details: { company_id: Number(shipment.companyId), company_name: companies.get(shipment.companyId)?.name },
    bags: [
      {
        bag_id: bagId(shipment),
        line_number: 1,
        quantity: shipment.quantity,
        display_name: titleOf(shipment),
        can_cancel: true,
        can_return: true,
        seller_identifier: `${shipment.sold.item_code}-M`,
        item: itemOf(shipment),
        article: articleOf(shipment),
        brand: brandOf(shipment),
        gst_details: taxOf(shipment),
        financial_breakup: breakupOf(shipment),
        bag_configs: { ...permitted, allow_force_return: false },
        prices: pricesOf(amountOf(shipment)),
        current_status: { id: 1 + shipment.number, ...stateOf(shipment) },
        bag_status: [stateOf(shipment)],
        meta: {},
      },
    ],
    invoice: {},
    delivery_details: {},
    billing_details: {},
    order_platform: 'storefront',
  };
}

const orderOf = ({ orderId, placedAt, applicationId }: Shipment): View => ({
  fynd_order_id: orderId,
  order_date: placedAt.toISOString(),
  created_ts: placedAt.toISOString(),
  ordering_channel: 'ECOMM',
  ordering_source: 'storefront',
  affiliate_id: applicationId,
  affiliate_order_id: orderId,
  source: 'storefront',
});

/** The parcels by the order that they belong to, in order. */
export function byOrder(shipments: readonly Shipment[]): [Shipment, ...Shipment[]][] {
  const orders = new Map<string, [Shipment, ...Shipment[]]>();
  for (const one of shipments) {
    const known = orders.get(one.orderId);
    if (known) known.push(one);
    else orders.set(one.orderId, [one]);
  }
  return [...orders.values()];
}

const amountOfAll = (shipments: readonly Shipment[]): number => shipments.reduce((sum, one) => sum + amountOf(one), 0);

/** An order in a list (`PlatformOrderItems`). */
export function listedOrder(shipments: readonly [Shipment, ...Shipment[]]): View {
  const [first] = shipments;
  const amount = amountOfAll(shipments);
  return {
    order_id: first.orderId,
    order_created_time: first.placedAt.toISOString(),
    order_created_ts: first.placedAt.toISOString(),
    payment_mode: first.paymentMode,
    order_value: amount,
    total_order_value: amount,
    channel: channelOf(first),
    user_info: userOf(first),
    currency,
    currency_info: namedCurrency,
    prices: pricesOf(amount),
    ordering_currency_prices: pricesOf(amount),
    breakup_values: [{ name: 'total', display: 'Total', value: String(amount) }],
    meta: {},
    shipments: shipments.map(wholeShipment),
  };
}

/** An order by itself (`OrderDetailsResponseSchema`). */
export function orderDetails(shipments: readonly [Shipment, ...Shipment[]]): View {
  const [first] = shipments;
  const amount = amountOfAll(shipments);
  return {
    success: true,
    order: {
      ...orderOf(first),
      prices: pricesOf(amount),
      ordering_currency_prices: pricesOf(amount),
      payment_methods: { [first.paymentMode]: { mode: first.paymentMode, amount } },
      currency,
      meta: {},
      tax_details: {},
      charges: [],
    },
    shipments: shipments.map(wholeShipment),
  };
}
