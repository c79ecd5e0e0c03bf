import * as v from 'valibot';
import { type Call, serviceError } from './call.ts';
import { type Answer, json, jsonObject } from './http.ts';
import { byOrder, listedOrder, listedShipment, orderDetails, wholeShipment } from './order-views.ts';
import { type Shipment, shipmentStatuses } from './orders.ts';
import { named, paged } from './paging.ts';
import { announce } from './send-event.ts';
import type { State } from './state.ts';

/** `UpdateShipmentStatusRequestSchema`, as far as it is looked at. */
const statusChange = v.object({
  statuses: v.pipe(
    v.array(
      v.object({
        status: v.string(),
        shipments: v.pipe(v.array(v.object({ identifier: v.string() })), v.minLength(1)),
      }),
    ),
    v.minLength(1),
  ),
});

function changeStatus(state: State, { tenant, service, httpClient }: Call): Answer {
  const asked = v.safeParse(statusChange, jsonObject(httpClient.body));
  if (!asked.success) {
    const wrong = asked.issues.map((one) => `${v.getDotPath(one) ?? 'body'}: ${one.message}`).join('; ');
    return serviceError(service, 400, `Validation failed: ${wrong}`);
  }
  const one = (status: string, identifier: string) => {
    if (!(status in shipmentStatuses)) {
      return { identifier, status: 400, code: 'invalid_status', message: `There is no status ${status}` };
    }
    const changed = state.orders.setStatus(tenant.id, identifier, status);
    if (!changed) return { identifier, status: 404, code: 'not_found', message: 'No such shipment' };
    announce(state, tenant.id, 'application/shipment/update', {
      application_id: changed.applicationId,
      payload: { shipment: listedShipment(changed) },
    });
    return { identifier, status: 200, message: 'Status changed', final_state: { shipment_status: status }, meta: {} };
  };
  return json(200, {
    statuses: asked.output.statuses.map(({ status, shipments }) => ({
      shipments: shipments.map(({ identifier }) => one(status, identifier)),
    })),
  });
}

/** The parcels that the parameters of `getShipments` and `getOrders` leave over. */
function found(shipments: readonly Shipment[], { httpClient }: Call): Shipment[] {
  const { query } = httpClient;
  const statuses = named(httpClient, 'bag_status');
  const channels = named(httpClient, 'sales_channels');
  const payments = named(httpClient, 'payment_methods');
  const [from, to] = ['start_date', 'end_date'].map((name) => Date.parse(query.get(name) ?? ''));
  const value = query.get('search_value');
  return shipments.filter(
    (one) =>
      (statuses?.has(one.status) ?? true) &&
      (channels?.has(one.applicationId) ?? true) &&
      (payments?.has(one.paymentMode) ?? true) &&
      !(one.placedAt.getTime() < (from ?? Number.NaN)) &&
      !(one.placedAt.getTime() > (to ?? Number.NaN)) &&
      (!value || value === one.shipmentId || value === one.orderId),
  );
}

/** The services `order` and `order-manage`. */
export function answerOrders(state: State, call: Call): Answer | undefined {
  const { httpClient, tenant, applicationId, rest, service } = call;
  const { method, query } = httpClient;
  const path = rest.replace(/\/$/, '');
  if (service === 'order-manage') {
    return method === 'PUT' && path === '/shipment/status-internal' ? changeStatus(state, call) : undefined;
  }
  if (method !== 'GET' && method !== 'HEAD') return undefined;
  const shipments = state.orders.list(tenant.id, applicationId);
  switch (path) {
    case '':
    case '/shipments-listing':
    case '/shipments': {
      const all = found(shipments, call);
      const { items, page } = paged(all, httpClient);
      return json(200, { success: true, total_count: all.length, items: items.map(listedShipment), page });
    }
    case '/orders-listing': {
      const all = byOrder(found(shipments, call));
      const { items, page } = paged(all, httpClient);
      return json(200, { success: true, total_count: all.length, items: items.map(listedOrder), page });
    }
    case '/shipment-details': {
      const one = shipments.find(({ shipmentId }) => shipmentId === query.get('shipment_id'));
      return one
        ? json(200, { success: true, shipments: [wholeShipment(one)] })
        : serviceError(service, 404, 'No such shipment');
    }
    case '/order-details': {
      const [order] = byOrder(shipments.filter(({ orderId }) => orderId === query.get('order_id')));
      return order ? json(200, orderDetails(order)) : serviceError(service, 404, 'No such order');
    }
    default:
      return undefined;
  }
}
