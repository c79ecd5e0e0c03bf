import * as v from 'valibot';
import { type Association, type Provider, providers, type Registration, type Subscription } from './subscribers.ts';
import { findEvent, findEventById, slugOf } from './webhook-events.ts';

const text = v.pipe(v.string(), v.nonEmpty());
const id = v.pipe(
  v.union([text, v.number()]),
  v.transform((value) => String(value)),
);
const anything = v.record(v.string(), v.unknown());
const url = v.pipe(v.string(), v.regex(/^https?:\/\/[^\s/]+/, 'not an address'));
const email = v.pipe(v.string(), v.regex(/^\S+@\S+\.\S+$/, 'not an e-mail address'));
const status = v.picklist(['active', 'inactive']);
const authMeta = v.strictObject({ type: v.literal('hmac'), secret: text });
/** The official model has an empty text where nothing is meant. */
const kind = v.optional(
  v.nullable(
    v.pipe(
      v.picklist(['marketplace', '']),
      v.transform((text) => text || null),
    ),
  ),
  null,
);
const associationEntries = {
  application_id: v.array(v.pipe(v.string(), v.regex(/^[0-9a-f]{24}$/, 'not an application id'))),
  criteria: v.picklist(['ALL', 'SPECIFIC-EVENTS', 'EMPTY']),
};
const event = {
  event_category: text,
  event_name: text,
  event_type: text,
  version: id,
  filters: v.optional(anything),
  reducer: v.optional(anything),
};
const to = <E extends v.ObjectEntries>(entries: E) =>
  v.optional(
    v.strictObject({ events: v.pipe(v.array(v.strictObject({ ...event, ...entries })), v.minLength(1)), type: kind }),
  );

/** The body of the v3 upsert: all providers at once. */
const v3 = v.strictObject({
  webhook_config: v.strictObject({
    notification_email: email,
    name: text,
    association: v.strictObject({ ...associationEntries, extension_id: text, company_id: v.optional(id) }),
    status,
    event_map: v.strictObject({
      rest: v.optional(
        v.strictObject({
          webhook_url: url,
          auth_meta: authMeta,
          events: v.pipe(v.array(v.strictObject(event)), v.minLength(1)),
          type: kind,
        }),
      ),
      kafka: to({ topic: text }),
      sqs: to({ queue: text }),
      event_bridge: to({ event_bridge_name: text }),
      pub_sub: to({ topic: text }),
      temporal: to({ queue: text, workflow_name: text }),
    }),
  }),
});

const older = {
  id: v.optional(v.number()),
  name: text,
  association: v.strictObject({ ...associationEntries, company_id: id, extension_id: v.optional(text) }),
  status,
  email_id: email,
  type: kind,
};

/** The body of v2: one provider, events by name. */
const v2 = v.strictObject({
  ...older,
  provider: v.picklist(providers),
  webhook_url: v.optional(v.nullable(url), null),
  auth_meta: v.optional(v.nullable(authMeta), null),
  events: v.optional(
    v.array(
      v.strictObject({
        slug: text,
        topic: v.optional(text),
        queue: v.optional(text),
        event_bridge_name: v.optional(text),
        workflow_name: v.optional(text),
        filters: v.optional(anything),
        reducer: v.optional(anything),
      }),
    ),
    [],
  ),
});

/** The body of v1: rest only, events by id. */
const v1 = v.strictObject({ ...older, webhook_url: url, auth_meta: authMeta, event_id: v.array(v.number()) });

/** What is wrong with a registration, as its answer says it. */
export class RegistrationError extends Error {}

/** A registration that was understood: what each provider is to send. `id`: which one an update means. */
export type Understood = { id: number | undefined; providers: Map<Provider, Registration> };

const needed: Readonly<Record<Provider, readonly string[]>> = {
  rest: [],
  kafka: ['topic'],
  sqs: ['queue'],
  event_bridge: ['event_bridge_name'],
  pub_sub: ['topic'],
  temporal: ['queue', 'workflow_name'],
};

function subscription(slug: string, fields: Record<string, unknown>, unknown: string[]): Subscription[] {
  const event = findEvent(slug);
  if (!event) unknown.push(slug);
  const { filters, reducer, ...rest } = fields;
  const broadcaster = Object.fromEntries(
    Object.entries(rest).filter((one): one is [string, string] => typeof one[1] === 'string'),
  );
  return event
    ? [
        {
          event,
          broadcaster_config: broadcaster,
          ...(filters === undefined ? {} : { filters }),
          ...(reducer === undefined ? {} : { reducer }),
        },
      ]
    : [];
}

function refuseUnknown(unknown: readonly string[]): void {
  if (unknown.length > 0) throw new RegistrationError(`Webhook events ${unknown.join(', ')} not found`);
}

function understandV3(value: unknown): Understood {
  const { notification_email, name, association, status, event_map } = v.parse(v3, value).webhook_config;
  const unknown: string[] = [];
  const found = providers.flatMap((provider): [Provider, Registration][] => {
    const given = event_map[provider];
    if (!given) return [];
    const subscriptions = given.events.flatMap(({ event_category, event_name, event_type, version, ...fields }) =>
      subscription(slugOf({ event_category, event_name, event_type, version }), fields, unknown),
    );
    const rest = 'webhook_url' in given ? given : { webhook_url: null, auth_meta: null };
    const { webhook_url, auth_meta } = rest;
    const { type } = given;
    return [
      [
        provider,
        { name, association, status, email_id: notification_email, webhook_url, auth_meta, type, subscriptions },
      ],
    ];
  });
  refuseUnknown(unknown);
  return { id: undefined, providers: new Map(found) };
}

function understandV2(value: unknown): Understood {
  const { id, provider, events, ...registration } = v.parse(v2, value);
  const unknown: string[] = [];
  const subscriptions = events.flatMap(({ slug, ...fields }) => {
    const missing = needed[provider].filter((name) => !(name in fields));
    if (missing.length > 0) throw new RegistrationError(`${slug}: ${missing.join(', ')} missing for ${provider}`);
    return subscription(slug, fields, unknown);
  });
  refuseUnknown(unknown);
  if (provider === 'rest' && (registration.webhook_url === null || registration.auth_meta === null)) {
    throw new RegistrationError('webhook_url and auth_meta are required for rest');
  }
  return { id, providers: new Map([[provider, { ...registration, subscriptions }]]) };
}

function understandV1(value: unknown): Understood {
  const { id, event_id, ...registration } = v.parse(v1, value);
  const unknown: string[] = [];
  const subscriptions = event_id.flatMap((one) => {
    const event = findEventById(one);
    if (!event) unknown.push(String(one));
    return event ? [{ event, broadcaster_config: {} }] : [];
  });
  refuseUnknown(unknown);
  return { id, providers: new Map([['rest', { ...registration, subscriptions }]]) };
}

function checkStorefronts(
  { application_id, criteria }: Association,
  known: readonly string[],
  type: string | null,
): void {
  const foreign = application_id.filter((one) => !known.includes(one));
  if (foreign.length > 0) throw new RegistrationError(`No storefronts of this company: ${foreign.join(', ')}`);
  if ((criteria === 'SPECIFIC-EVENTS') !== application_id.length > 0) {
    throw new RegistrationError(`${application_id.length} storefronts do not go with the criteria ${criteria}`);
  }
  if (type === 'marketplace' && criteria !== 'SPECIFIC-EVENTS') {
    throw new RegistrationError('type marketplace is only allowed with the criteria SPECIFIC-EVENTS');
  }
}

/**
 * What a registration of that version asks for, by this company with these storefronts.
 * @throws {RegistrationError} or a ValiError that says what is wrong.
 */
export function understand(
  version: 'v1' | 'v2' | 'v3',
  value: unknown,
  of: { company: string; storefronts: readonly string[]; apiKey: string },
): Understood {
  const understood = { v1: understandV1, v2: understandV2, v3: understandV3 }[version](value);
  for (const { association, type, status, subscriptions } of understood.providers.values()) {
    if (association.company_id !== undefined && association.company_id !== of.company)
      throw new RegistrationError('association.company_id is another company');
    if (association.extension_id !== undefined && association.extension_id !== of.apiKey)
      throw new RegistrationError('association.extension_id is another extension');
    if (status === 'active' && subscriptions.length === 0)
      throw new RegistrationError('An active subscriber needs at least one event');
    checkStorefronts(association, of.storefronts, type);
  }
  return understood;
}
