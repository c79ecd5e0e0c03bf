import type { Attempt, Delivery } from './deliveries.ts';
import { maskBody, maskHeaders } from './mask.ts';
import type { State } from './state.ts';

/** What the signature of a delivery is worth to whoever checks it. */
function signatureOf({ headers, note }: Delivery): 'valid' | 'invalid' | 'absent' {
  if (headers['x-fp-signature'] === undefined) return 'absent';
  return /tampered|another secret/.test(note ?? '') ? 'invalid' : 'valid';
}

/** The line of an attempt to deliver an event. */
export function logAttempt(state: State, delivery: Delivery, { at, status, error, took_ms }: Attempt): void {
  const { company, event, url, note, headers, body_base64, attempts } = delivery;
  const outcome = error === 'timeout' ? ': no answer in time' : error === null ? '' : ': nobody answered';
  state.log.add({
    at,
    from: 'platform',
    to: 'extension',
    kind: 'webhook',
    what: `Webhook ${event}${attempts.length > 0 ? `, attempt ${attempts.length + 1}` : ''}${outcome}`,
    method: 'POST',
    url,
    status: status ?? 0,
    took_ms,
    company,
    signature: signatureOf(delivery),
    notes: note === null ? [] : [note],
    request: {
      headers: maskHeaders(state, headers),
      body: maskBody(state, Buffer.from(body_base64, 'base64'), headers['content-type']),
    },
  });
}

/** What somebody did by a control call or by a button of the panel. */
export function logSwitch(
  state: State,
  what: string,
  of: { at?: string; company?: string; request?: unknown } = {},
): void {
  state.log.add({
    ...(of.at === undefined ? {} : { at: of.at }),
    from: 'you',
    to: 'platform',
    kind: 'switch',
    what,
    status: null,
    took_ms: null,
    company: of.company,
    ...(of.request === undefined
      ? {}
      : { request: { headers: {}, body: maskBody(state, JSON.stringify(of.request)) } }),
  });
}
