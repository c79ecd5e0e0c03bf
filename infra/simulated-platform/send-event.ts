import { createHmac, randomUUID } from 'node:crypto';
import type { Delivery } from './deliveries.ts';
import { samplePayload } from './sample-payload.ts';
import { platformNow } from './settings.ts';
import type { State } from './state.ts';
import { wants } from './subscribers.ts';
import { findEvent } from './webhook-events.ts';
import { companies } from './world.ts';

/** What is done to a delivery before it leaves: changed after signing, signed with another secret, or not signed. */
export const tamperings = ['body', 'signature', 'unsigned'] as const;

/** An event as a control call or the platform itself makes it. */
export type EventWish = {
  /** `company/product/update/v1`, or `ping`. */
  event: string;
  application_id?: string | undefined;
  payload?: unknown;
  id?: string | undefined;
  created_at_ms?: number | undefined;
  /** The body's very bytes instead of an envelope. */
  raw?: Buffer | undefined;
  /** The same bytes twice, at the same time. */
  duplicate?: boolean | undefined;
  tamper?: (typeof tamperings)[number] | undefined;
  /** Signs with this instead of what the registration said. */
  secret?: string | undefined;
  /** Sends although nobody subscribed; then to the extension's usual address. */
  force?: boolean | undefined;
  /** It came about while the subscriber was blocked. */
  held?: boolean | undefined;
};

/** `deliveries` is empty where `skipped` says why nobody was told. */
export type Sent = { event_id: string; deliveries: Delivery[]; skipped: string | null };

/** `category/name/type/vN` in its parts; undefined for what is no name of an event. */
export function eventParts(slug: string) {
  if (slug === 'ping') return { category: 'webhook', name: 'ping', type: 'test', version: '1' };
  const [, category, name, type, version] = /^([^/]+)\/([^/]+)\/([^/]+)\/v([^/]+)$/.exec(slug) ?? [];
  return category !== undefined && name !== undefined && type !== undefined && version !== undefined
    ? { category, name, type, version }
    : undefined;
}

/** The storefront that an event is about: the one named, else the company's first where it must be one. */
const storefrontOf = (company: string, { event, application_id }: EventWish): string | undefined =>
  application_id ??
  (eventParts(event)?.category === 'application' ? companies.get(company)?.applications[0]?.id : undefined);

function envelope(state: State, company: string, wish: EventWish, id: string): Buffer {
  const { companyIdAs, applicationIdAs, pingBody } = state.settings.webhooks;
  if (wish.event === 'ping' && pingBody === 'name-only') return Buffer.from('{"event":{"name":"ping"}}');
  const parts = eventParts(wish.event);
  if (!parts) throw new Error(`${wish.event} is no name of an event`);
  const application = storefrontOf(company, wish);
  const payload =
    wish.payload ?? samplePayload(state, company, { event_name: parts.name, event_type: parts.type }, application);
  const body = {
    company_id: companyIdAs === 'number' ? Number(company) : company,
    ...(application === undefined ? {} : { application_id: applicationIdAs === 'array' ? [application] : application }),
    contains: typeof payload === 'object' && payload !== null ? Object.keys(payload) : [],
    event: {
      ...parts,
      id,
      created_timestamp: wish.created_at_ms ?? platformNow(state.settings).getTime(),
      trace_id: [randomUUID()],
    },
    payload,
  };
  return Buffer.from(JSON.stringify(body));
}

/** The same event for another company. */
const forge = (body: Buffer): Buffer => {
  const text = body.toString('utf8');
  const forged = text.replace(
    /("company_id":"?)(\d+)/,
    (_, before: string, id: string) => `${before}${Number(id) + 1}`,
  );
  return Buffer.from(forged === text ? `${text} ` : forged);
};

/** Who hears of it and with which secret, or why nobody does. */
function recipient(state: State, company: string, wish: EventWish): { url: string; secret: string } | string {
  const { extension, subscribers } = state;
  const subscriber = subscribers.find(company, 'rest');
  const registered = subscriber?.webhook_url ?? `${extension.baseUrl}/api/webhook-events`;
  const known = {
    url: state.settings.webhooks.dropsQuery ? registered.replace(/\?.*$/, '') : registered,
    secret: wish.secret ?? subscriber?.auth_meta?.secret ?? extension.apiSecret,
  };
  if (wish.force === true) return known;
  if (!subscriber) return 'this company has no rest subscriber';
  if (wish.event === 'ping') return known;
  if (subscriber.status !== 'active') return `the subscriber is ${subscriber.status}`;
  if (subscriber.disabled.has(wish.event)) return 'the event is disabled';
  return wants(subscriber, wish.event, storefrontOf(company, wish)) ? known : 'nobody subscribed to it';
}

function noteOf({ tamper, raw, secret, force, created_at_ms, held }: EventWish): string | null {
  const notes = [
    tamper && `tampered: ${tamper}`,
    raw && 'raw body',
    secret !== undefined && 'another secret',
    force && 'forced',
    held && 'held back',
    created_at_ms !== undefined && held !== true && 'dated',
  ].filter((one) => typeof one === 'string');
  return notes.length === 0 ? null : notes.join(', ');
}

const mostHeld = 1000;

/** Keeps a genuine event that nobody hears of for the block alone. */
function holdBack({ settings, subscribers, held }: State, company: string, wish: EventWish): void {
  const subscriber = subscribers.find(company, 'rest');
  const isGenuine = [wish.tamper, wish.raw, wish.secret].every((one) => one === undefined);
  if (subscriber?.status !== 'blocked' || settings.webhooks.heldBack === 'lost' || !isGenuine) return;
  if (!wants(subscriber, wish.event, storefrontOf(company, wish))) return;
  const kept = held.get(company) ?? [];
  if (kept.length >= mostHeld) kept.shift();
  held.set(company, [...kept, { created_at_ms: Date.now(), ...wish, held: true }]);
}

/** Sends what was held back while the company's subscriber was blocked. */
export function releaseHeld(state: State, company: string): void {
  const kept = state.held.get(company) ?? [];
  state.held.delete(company);
  for (const wish of kept) sendEvent(state, company, wish);
}

/** Makes an event of a company and starts its delivery. */
export function sendEvent(state: State, company: string, wish: EventWish): Sent {
  const id = wish.id ?? randomUUID();
  const to = recipient(state, company, wish);
  if (typeof to === 'string') {
    holdBack(state, company, { ...wish, id });
    return { event_id: id, deliveries: [], skipped: to };
  }
  const genuine = wish.raw ?? envelope(state, company, wish, id);
  const secret = wish.tamper === 'signature' ? `not ${to.secret}` : to.secret;
  const signature = createHmac('sha256', secret).update(genuine).digest('hex');
  const headers = {
    'content-type': 'application/json',
    'x-fp-event-id': id,
    ...(wish.tamper === 'unsigned' ? {} : { 'x-fp-signature': signature }),
  };
  const once = wish.event === 'ping' || [wish.tamper, wish.raw, wish.secret].some((one) => one !== undefined);
  const posting = {
    company,
    event: wish.event,
    event_id: id,
    url: to.url,
    headers,
    body: wish.tamper === 'body' ? forge(genuine) : genuine,
    once,
    onExhausted: () => {
      if (!once) state.subscribers.block(company, 'rest', wish.event);
    },
  };
  const note = noteOf(wish);
  const first = state.deliveries.post({ ...posting, note });
  if (wish.duplicate !== true) return { event_id: id, deliveries: [first], skipped: null };
  const again = state.deliveries.post({ ...posting, note: [note, 'duplicate'].filter(Boolean).join(', ') });
  return { event_id: id, deliveries: [first, again], skipped: null };
}

/** Tells the company's subscribers what happened, in every version of the event that they registered. */
export function announce(state: State, company: string, path: string, wish: Omit<EventWish, 'event'>): void {
  for (const version of ['1', '2', '3']) {
    const event = `${path}/v${version}`;
    if (findEvent(event)) sendEvent(state, company, { ...wish, event });
  }
}
