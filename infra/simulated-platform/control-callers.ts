import * as v from 'valibot';
import { bodyOf, type Control, ControlError, companyOf } from './control-call.ts';
import { json } from './http.ts';
import { callPaymentExtension } from './payments.ts';
import { callTamperings, forward } from './storefront/forward.ts';
import { shoppers } from './storefront/shoppers.ts';

const shopperCall = v.strictObject({
  /** As the storefront is asked: `/ext/wishlist/7?sort=name`. */
  path: v.string(),
  method: v.optional(v.pipe(v.string(), v.regex(/^[A-Z]+$/, 'not a method')), 'GET'),
  headers: v.optional(v.record(v.string(), v.string()), {}),
  body: v.optional(v.string()),
  body_base64: v.optional(v.string()),
  /** A shopper's key; none: nobody is signed in. */
  shopper: v.optional(v.picklist(Object.keys(shoppers))),
  tamper: v.optional(v.picklist(callTamperings)),
  date_offset_seconds: v.optional(v.pipe(v.number(), v.integer())),
});

/** A shopper's call through a storefront, or a forged one; answers what the extension answered. */
export const controlShopperCall: Control = async (state, httpClient, name) => {
  const { path, body, body_base64, shopper, date_offset_seconds, headers, ...call } = bodyOf(httpClient, shopperCall);
  const [, attached = '', rest = ''] = /^\/ext\/([\w-]+)([/?].*)?$/.exec(path) ?? [];
  const found = state.proxyPaths.find(name, attached);
  if (!found) throw new ControlError('path', 'Nothing is attached to this storefront there');
  const answer = await forward(state, found, {
    ...call,
    rest,
    headers: Object.fromEntries(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value])),
    body: body_base64 === undefined ? Buffer.from(body ?? '') : Buffer.from(body_base64, 'base64'),
    shopper: shopper === undefined ? undefined : shoppers[shopper],
    dateOffsetSeconds: date_offset_seconds,
  });
  const bytes = Buffer.from(answer.body);
  return json(200, { ...answer, body: bytes.toString('utf8'), body_base64: bytes.toString('base64') });
};

const paymentCall = v.strictObject({
  path: v.pipe(v.string(), v.regex(/^\/\S*$/, 'not a path')),
  method: v.optional(v.picklist(['GET', 'POST', 'PUT']), 'POST'),
  /** JSON, sent as it is written when it is a text. */
  body: v.optional(v.unknown()),
  gid: v.optional(v.string()),
  checksum: v.optional(v.picklist(['right', 'wrong', 'none']), 'right'),
});

/** A call of the payment service to the extension; answers what the extension answered. */
export const controlPaymentCall: Control = async (state, httpClient, name) => {
  const { id } = companyOf(name);
  const { body, gid, ...call } = bodyOf(httpClient, paymentCall);
  if (call.method === 'GET' && gid === undefined) throw new ControlError('gid', 'a call without a body needs a gid');
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const sent = call.method === 'GET' ? undefined : (text ?? '{}');
  return json(200, await callPaymentExtension(state, id, { ...call, body: sent, gid }));
};
