import { createHash, randomUUID } from 'node:crypto';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import * as v from 'valibot';
import type { QueuedMessage } from '../store/work-queue.ts';
import { companyId, companyOf, companyTenant, type Tenant, tenantKey } from '../tenant.ts';

const company = v.pipe(companyId, v.transform(companyTenant));

const schema = v.variant('kind', [
  /** A verified webhook; its body is the signed one, packed. */
  v.object({
    kind: v.literal('webhook'),
    company,
    body: v.string(),
    receivedAtMs: v.number(),
  }),
  /** What the author wants to know of an installation. */
  v.object({
    kind: v.literal('lifecycle'),
    company,
    hook: v.picklist(['installed', 'scopesChanged', 'uninstalled']),
    generation: v.number(),
    scopes: v.pipe(v.array(v.string()), v.readonly()),
    confirmedBy: v.optional(v.picklist(['platform', 'signature'])),
  }),
  /** Keeps the subscriber at the platform in step with the configuration. */
  v.object({ kind: v.literal('register'), company, generation: v.number() }),
  /** A look at the subscriber that the platform has. */
  v.object({
    kind: v.literal('subscriber'),
    company,
    task: v.picklist(['status', 'activate', 'resync']),
    /** Who asked finds the answer by it; where nobody did, what fails comes again. */
    request: v.optional(v.string()),
  }),
  /** The platform, or somebody, says that a company uninstalled. */
  v.object({
    kind: v.literal('uninstall'),
    company,
    receivedAtMs: v.number(),
    /** With the API secret, so that it comes from the platform. */
    isSigned: v.optional(v.boolean()),
    /** The signature's own date, where it has one. */
    signedAtMs: v.optional(v.number()),
    /** It was not confirmed: it is asked about for the last time, from then on, if this is still the installation. */
    onceMore: v.optional(v.object({ generation: v.number(), fromMs: v.number() })),
  }),
  /** A schedule's moment has come, or goes on with the next companies. */
  v.object({
    kind: v.literal('schedule'),
    name: v.string(),
    run: v.string(),
    partition: v.optional(v.number(), 0),
    after: v.optional(company),
    /** Which page of the run it is, from 1. */
    page: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1)), 1),
    /** Where an earlier page of the run was, for one that comes there again. */
    mark: v.optional(v.string()),
  }),
  /** An operator wants a storefront to forward a path, or no longer. */
  v.object({
    kind: v.literal('storefrontPath'),
    company,
    task: v.picklist(['register', 'remove']),
    application: v.string(),
    path: v.string(),
  }),
  /** A schedule's work for one company. */
  v.object({ kind: v.literal('scheduled'), company, name: v.string(), run: v.string() }),
]);

type Queued = v.InferOutput<typeof schema>;
type OfTenant<Each> = Each extends { company: Tenant } ? Omit<Each, 'company'> & { readonly tenant: Tenant } : Each;

/** What goes through the work queue, whose own field for the tenant is `company`. */
export type WorkMessage = OfTenant<Queued>;
type Kind<K extends WorkMessage['kind']> = Extract<WorkMessage, { kind: K }>;
export type WebhookMessage = Kind<'webhook'>;
export type LifecycleMessage = Kind<'lifecycle'>;
export type RegisterMessage = Kind<'register'>;
export type SubscriberMessage = Kind<'subscriber'>;
export type StorefrontPathMessage = Kind<'storefrontPath'>;
export type UninstallMessage = Kind<'uninstall'>;
export type ScheduleMessage = Kind<'schedule'>;
export type ScheduledMessage = Kind<'scheduled'>;

/** Which request or message caused one: the last member of its text, so that what was written without one is a message too. */
const causeAtEnd = /,"causedBy":"([\w=+/-]{1,128})"\}$/;

/** The same message, saying which request or message it is because of: the id that the log has of that. */
export function withCause(message: QueuedMessage, causedBy: string): QueuedMessage {
  const body = `${message.body.slice(0, -1)},"causedBy":"${causedBy}"}`;
  return causeAtEnd.test(body) ? { ...message, body } : message;
}

/** Because of what a message was sent; undefined where it does not say. */
export function causeOf(text: string): string | undefined {
  return causeAtEnd.exec(text.slice(-200))?.[1];
}

/** SQS's limit for a message (1 MiB), less its attributes. */
const maxMessageBytes = 1_000_000;

/** Undefined where the text is no message of ours. */
export function parseMessage(text: string): WorkMessage | undefined {
  try {
    const parsed = v.safeParse(schema, JSON.parse(text));
    return parsed.success ? fromQueued(parsed.output) : undefined;
  } catch {
    return undefined;
  }
}

function fromQueued(queued: Queued): WorkMessage {
  if (queued.kind === 'schedule') return queued;
  const { company, ...rest } = queued;
  return { ...rest, tenant: company };
}

function toQueued(message: WorkMessage): object {
  if (message.kind === 'schedule') return { ...message, after: message.after && companyOf(message.after) };
  const { tenant, ...rest } = message;
  return { ...rest, company: companyOf(tenant) };
}

/**
 * A tenant's events, hooks and scheduled work share a group, so that they are handled in order and never two at once.
 * Registration and uninstalling have groups of their own: waiting for the platform there holds up no event.
 */
function queued(message: WorkMessage, group: string, identity: string): QueuedMessage {
  return {
    body: JSON.stringify(toQueued(message)),
    group,
    deduplicationId: createHash('sha256').update(`${message.kind} ${identity}`).digest('hex'),
  };
}

/**
 * A webhook's message. The body is compressed, which makes most of them fit and keeps every byte as it was signed, since
 * the queue changes characters that XML does not know. Undefined where even the compressed body does not fit.
 */
export function webhookMessage(event: {
  readonly tenant: Tenant;
  /** As the signed body names it: the header's id is not signed. Undefined where it names none. */
  readonly eventId: string | undefined;
  readonly body: Buffer;
  readonly receivedAtMs: number;
}): QueuedMessage | undefined {
  const { tenant, eventId, receivedAtMs } = event;
  const quality = { [constants.BROTLI_PARAM_QUALITY]: 4 };
  const body = brotliCompressSync(event.body, { params: quality }).toString('base64');
  const identity = `${tenantKey(tenant)} ${eventDigest(eventId, event.body)}`;
  const message = queued({ kind: 'webhook', tenant, body, receivedAtMs }, tenantKey(tenant), identity);
  return Buffer.byteLength(message.body) > maxMessageBytes ? undefined : message;
}

/** The signed bytes again. */
export function webhookBody({ body }: Pick<WebhookMessage, 'body'>): Buffer {
  return brotliDecompressSync(Buffer.from(body, 'base64'));
}

/** Which event of its tenant it is: the one with its signed id, whatever else of it differs; its bytes where it has none. */
export function eventDigest(eventId: string | undefined, body: Uint8Array): string {
  // No body is what an id becomes here: that is no JSON.
  return createHash('sha256')
    .update(eventId === undefined ? body : `id ${eventId}`)
    .digest('hex');
}

/** One message for each installation, scopes and hook: what is announced is announced once. */
export function lifecycleMessage(message: Omit<LifecycleMessage, 'kind'>): QueuedMessage {
  const { tenant, hook, generation, scopes } = message;
  const identity = `${companyOf(tenant)} ${hook} ${announcementOf(generation, scopes)}`;
  return queued({ kind: 'lifecycle', ...message }, tenantKey(tenant), identity);
}

/** Names what the author's hooks are told of: an installation and the scopes that it was granted. */
export function announcementOf(generation: number, scopes: readonly string[]): string {
  return `g${generation} ${scopes.toSorted().join(' ')}`;
}

/** The generation that the author's hooks were last told of; 0 where they were told of none. */
export function announcedGeneration(announced: string | undefined): number {
  return Number(/^g(\d+)(?: |$)/.exec(announced ?? '')?.[1] ?? 0);
}

/** One message for each registration, as `registeredNote` names it. */
export function registerMessage(message: Omit<RegisterMessage, 'kind'>, registration: string): QueuedMessage {
  const company = companyOf(message.tenant);
  return queued({ kind: 'register', ...message }, `register#${company}`, `${company} ${registration}`);
}

/** In the group of registrations: neither sees the other's work half done. One for each request, or run of the sweep. */
export function subscriberMessage(message: Omit<SubscriberMessage, 'kind'>, identity: string): QueuedMessage {
  const company = companyOf(message.tenant);
  return queued({ kind: 'subscriber', ...message }, `register#${company}`, `${company} ${identity}`);
}

/** In the group of registrations: one path after another, as they were asked for. */
export function storefrontPathMessage(message: Omit<StorefrontPathMessage, 'kind'>): QueuedMessage {
  return queued({ kind: 'storefrontPath', ...message }, `register#${companyOf(message.tenant)}`, randomUUID());
}

/**
 * Each call is a message of its own: of two that look the same, one may be forged and the other true, or the company may
 * have installed in between. Those that prove nothing share a group, so that one at a time is asked about and none of
 * them holds up what is signed, or what waits for its last asking.
 */
export function uninstallMessage(message: Omit<UninstallMessage, 'kind'>): QueuedMessage {
  const queue = message.onceMore ? 'uninstall-once-more' : message.isSigned ? 'signed-uninstall' : 'uninstall';
  return queued({ kind: 'uninstall', ...message }, `${queue}#${companyOf(message.tenant)}`, randomUUID());
}

/** One message for each page of a run: a circle is to be found, not to end unheard of because it was seen before. */
export function scheduleMessage(message: Omit<ScheduleMessage, 'kind'>): QueuedMessage {
  const { name, run, page } = message;
  const identity = `${name} ${run} ${page} ${schedulePosition(message)}`;
  return queued({ kind: 'schedule', ...message }, `schedule#${name}`, identity);
}

/** Where in the listing of tenants a page of a schedule begins. */
export function schedulePosition({ partition, after }: Pick<ScheduleMessage, 'partition' | 'after'>): string {
  return `${partition} ${after === undefined ? '' : companyOf(after)}`;
}

/** One message for each company and run. */
export function scheduledMessage(message: Omit<ScheduledMessage, 'kind'>): QueuedMessage {
  const { tenant, name, run } = message;
  return queued({ kind: 'scheduled', ...message }, tenantKey(tenant), `${name} ${run} ${companyOf(tenant)}`);
}
