import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { type EventProvider, type Extension, type ExtensionEvent, eventKeyOf } from '../config.ts';
import { paths } from '../contract.ts';
import type { HttpClientResponse } from '../http/http-client.ts';
import { maxApiJsonBytes, parseJsonResponse } from '../http/json.ts';
import { AppError } from '../problems.ts';
import { type Call, listSubscribers, type Subscriber } from './subscribers.ts';

/** Where the platform delivers events to; what follows is the company, which selects the secret. */
const webhookTarget = `${paths.webhookEvents}?company_id=`;

interface Registration {
  readonly extension: Pick<Extension, 'events' | 'webhooks'>;
  readonly baseUrl: string;
  readonly apiKey: string;
  /** What the platform signs deliveries with. */
  readonly secret: string;
  readonly companyId: string;
  /** Where events go that name no destination: a queue and a bus of this stack. */
  readonly received?: Partial<Readonly<Record<EventProvider, string>>>;
}

/**
 * Names what is registered: another configuration, address or installation has another name. Undefined where the
 * extension wants no events, so that there is nothing to register.
 */
export function registrationOf(
  { extension, baseUrl, apiKey }: Pick<Registration, 'extension' | 'baseUrl' | 'apiKey'>,
  generation: number,
): string | undefined {
  if (extension.events.length === 0) return undefined;
  // What is done after a block is nothing that the platform has.
  const { reactivate: _reactivate, ...webhooks } = extension.webhooks;
  const parts = [extension.events, webhooks, `${baseUrl}${webhookTarget}`, apiKey, generation];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);
}

/** What a row notes of a registration that the platform took: what was registered, and under which webhook key. */
export function registeredNote(registration: string, kid: string): string {
  return `${registration} ${kid}`;
}

/** Whether that is what was noted; under whatever key where none is given. */
export function isRegistered(registered: string | undefined, registration: string, kid: string | undefined): boolean {
  return kid === undefined
    ? registered?.split(' ')[0] === registration
    : registered === registeredNote(registration, kid);
}

/**
 * Keeps the company's subscriber in step with the configuration: by one idempotent upsert (v3), where the platform has
 * that; else one subscriber per provider (v2); else the one for `rest` (v1, which knows no other).
 * @throws {AppError} `platform_error`, naming the events that the platform does not know.
 */
export async function registerWebhooks(registration: Registration, call: Call): Promise<'v3' | 'v2' | 'v1'> {
  const { companyId } = registration;
  const v3 = await call('PUT', `platform/webhook/v3.0/company/${companyId}/subscriber`, upsertBody(registration));
  if (v3.status < 300) return 'v3';
  if (v3.status !== 404) throw await refused(registration, v3, call);

  const existing = await listSubscribers(registration, call);
  const wanted = providersOf(registration);
  // A provider that no event names any more: its subscriber would deliver on. The platform deletes none.
  const gone = [...existing.values()].filter(({ provider, status }) => !wanted.has(provider) && status !== 'inactive');
  for (const provider of [...wanted, ...gone.map((subscriber) => subscriber.provider)]) {
    const id = existing.get(provider)?.id;
    const body = subscriberBody(registration, provider, id);
    const method = id === undefined ? 'POST' : 'PUT';
    const v2 = await call(method, `platform/webhook/v2.0/company/${companyId}/subscriber`, body);
    if (v2.status === 404) return await registerFirstVersion(registration, call, existing.get('rest'));
    if (v2.status >= 300) throw await refused(registration, v2, call);
  }
  return 'v2';
}

async function registerFirstVersion(
  registration: Registration,
  call: Call,
  subscriber: Subscriber | undefined,
): Promise<'v1'> {
  const { companyId, extension } = registration;
  const others = extension.events.filter(({ provider }) => provider !== 'rest');
  if (others.length > 0) {
    throw new AppError(
      'platform_error',
      `This platform delivers to rest only, not ${others.map(eventKeyOf).join(', ')}.`,
    );
  }
  const ids = await eventIds(extension.events, call);
  const unknown = extension.events.filter((event) => !ids.has(eventKeyOf(event)));
  if (unknown.length > 0) throw unknownEvents(unknown);
  const { events: _events, provider: _provider, ...body } = subscriberBody(registration, 'rest', subscriber?.id);
  const v1 = await call(
    subscriber === undefined ? 'POST' : 'PUT',
    `platform/webhook/v1.0/company/${companyId}/subscriber`,
    {
      ...body,
      event_id: [...ids.values()],
    },
  );
  if (v1.status >= 300) throw await refused(registration, v1, call);
  return 'v1';
}

function providersOf({ extension }: Registration): Set<string> {
  return new Set(extension.events.map((event) => event.provider));
}

/** What kind of subscriber it is: said for named sales channels alone, which the platform allows no other. */
function typeOf({ extension: { webhooks } }: Registration) {
  return typeof webhooks.salesChannels === 'string' ? {} : { type: webhooks.marketplace ? 'marketplace' : null };
}

function association({ extension, apiKey, companyId }: Registration) {
  const { salesChannels } = extension.webhooks;
  return {
    company_id: companyId,
    extension_id: apiKey,
    application_id: typeof salesChannels === 'string' ? [] : salesChannels,
    criteria: salesChannels === 'all' ? 'ALL' : salesChannels === 'none' ? 'EMPTY' : 'SPECIFIC-EVENTS',
  };
}

function upsertBody(registration: Registration) {
  const { extension, apiKey } = registration;
  const { company_id: _company, ...tenant } = association(registration);
  return {
    webhook_config: {
      notification_email: extension.webhooks.notificationEmail,
      name: apiKey,
      association: tenant,
      status: 'active',
      event_map: Object.fromEntries(
        [...providersOf(registration)].map((provider) => [
          provider,
          {
            ...typeOf(registration),
            ...(provider === 'rest' ? receiver(registration) : {}),
            events: extension.events
              .filter((event) => event.provider === provider)
              .map((event) => upsertEvent(registration, event)),
          },
        ]),
      ),
    },
  };
}

function receiver({ baseUrl, secret, companyId }: Registration) {
  return { webhook_url: `${baseUrl}${webhookTarget}${companyId}`, auth_meta: { type: 'hmac', secret } };
}

function upsertEvent(registration: Registration, event: ExtensionEvent) {
  return {
    event_category: event.category,
    event_name: event.name,
    event_type: event.type,
    version: event.version,
    ...destinationOf(registration, event),
    filters: event.filters,
    reducer: event.reducer,
  };
}

function destinationOf(
  { received }: Registration,
  { provider, destination = received?.[provider], workflowName }: ExtensionEvent,
) {
  const name: Readonly<Record<EventProvider, string | undefined>> = {
    rest: undefined,
    kafka: 'topic',
    pub_sub: 'topic',
    sqs: 'queue',
    temporal: 'queue',
    event_bridge: 'event_bridge_name',
  };
  const field = name[provider];
  return {
    ...(field === undefined ? {} : { [field]: destination }),
    ...(workflowName === undefined ? {} : { workflow_name: workflowName }),
  };
}

/** A subscriber as versions 1 and 2 take it: inactive where no event is its provider's. */
function subscriberBody(registration: Registration, provider: string, id: string | number | undefined) {
  const { extension, apiKey } = registration;
  const { webhook_url, auth_meta } = receiver(registration);
  const events = extension.events.filter((event) => event.provider === provider);
  return {
    ...(id === undefined ? {} : { id }),
    name: apiKey,
    association: association(registration),
    status: events.length === 0 ? 'inactive' : 'active',
    ...typeOf(registration),
    auth_meta,
    provider,
    email_id: extension.webhooks.notificationEmail,
    ...(provider === 'rest' ? { webhook_url } : {}),
    ...(events.length === 0 ? {} : { events: events.map((event) => olderEvent(registration, event)) }),
  };
}

function olderEvent(registration: Registration, event: ExtensionEvent) {
  return {
    slug: eventKeyOf(event),
    ...destinationOf(registration, event),
    filters: event.filters,
    reducer: event.reducer,
  };
}

const eventConfigs = v.looseObject({
  event_configs: v.array(
    v.looseObject({
      id: v.union([v.string(), v.number()]),
      event_category: v.string(),
      event_name: v.string(),
      event_type: v.string(),
      version: v.pipe(v.union([v.string(), v.number()]), v.transform(String)),
    }),
  ),
});

/** What the platform calls the events that it knows, by key. */
async function eventIds(events: readonly ExtensionEvent[], call: Call): Promise<Map<string, string | number>> {
  const body = events.map(({ category, name, type, version }) => ({
    event_category: category,
    event_name: name,
    event_type: type,
    version,
  }));
  const answer = await call('POST', 'common/webhook/v1.0/events/query-event-details', body);
  const parsed = v.safeParse(eventConfigs, parseJsonResponse(answer, { maxBytes: maxApiJsonBytes }));
  if (answer.status >= 400 || !parsed.success) {
    throw new AppError('platform_error', `The platform did not say which events it knows (${answer.status}).`);
  }
  return new Map(
    parsed.output.event_configs.map((known) => [
      eventKeyOf({
        category: known.event_category,
        name: known.event_name,
        type: known.event_type,
        version: known.version,
      }),
      known.id,
    ]),
  );
}

/** Why a registration was refused: an event that the platform does not know is named at once. */
async function refused({ extension }: Registration, { status }: HttpClientResponse, call: Call): Promise<AppError> {
  if (status === 400 || status === 422) {
    const known = await eventIds(extension.events, call).catch(() => undefined);
    const unknown = known === undefined ? [] : extension.events.filter((event) => !known.has(eventKeyOf(event)));
    if (unknown.length > 0) return unknownEvents(unknown);
  }
  return new AppError('platform_error', `The platform refused the registration of webhooks (${status}).`);
}

function unknownEvents(events: readonly ExtensionEvent[]): AppError {
  return new AppError('platform_error', `The platform does not know ${events.map(eventKeyOf).join(', ')}.`);
}
