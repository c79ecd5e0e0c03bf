import { createHash } from 'node:crypto';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import * as v from 'valibot';
import type { QueuedMessage } from '../store/work-queue.ts';
import { companyId } from '../tenant.ts';

const schema = v.variant('kind', [
  /** A verified webhook; its body is the signed one, packed. */
  v.object({
    kind: v.literal('webhook'),
    company: companyId,
    body: v.string(),
    receivedAtMs: v.number(),
  }),
  /** What the author wants to know of an installation. */
  v.object({
    kind: v.literal('lifecycle'),
    company: companyId,
    hook: v.picklist(['installed', 'scopesChanged', 'uninstalled']),
    generation: v.number(),
    scopes: v.pipe(v.array(v.string()), v.readonly()),
    confirmedBy: v.optional(v.picklist(['platform', 'signature'])),
  }),
  /** Keeps the subscriber at the platform in step with the configuration. */
  v.object({ kind: v.literal('register'), company: companyId, generation: v.number() }),
  /** The platform, or somebody, says that a company uninstalled. */
  v.object({
    kind: v.literal('uninstall'),
    company: companyId,
    receivedAtMs: v.number(),
    signedAtMs: v.optional(v.number()),
  }),
  /** A schedule's moment has come, or goes on with the next companies. */
  v.object({
    kind: v.literal('schedule'),
    name: v.string(),
    run: v.string(),
    partition: v.optional(v.number(), 0),
    after: v.optional(companyId),
    /** Which page of the run it is, from 1. */
    page: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1)), 1),
    /** Where an earlier page of the run was, for one that comes there again. */
    mark: v.optional(v.string()),
  }),
  /** A schedule's work for one company. */
  v.object({ kind: v.literal('scheduled'), company: companyId, name: v.string(), run: v.string() }),
]);

/** What goes through the work queue. */
export type WorkMessage = v.InferOutput<typeof schema>;
type Kind<K extends WorkMessage['kind']> = Extract<WorkMessage, { kind: K }>;
export type WebhookMessage = Kind<'webhook'>;
export type LifecycleMessage = Kind<'lifecycle'>;
export type RegisterMessage = Kind<'register'>;
export type UninstallMessage = Kind<'uninstall'>;
export type ScheduleMessage = Kind<'schedule'>;
export type ScheduledMessage = Kind<'scheduled'>;

/** SQS's limit for a message (1 MiB), less its attributes. */
const maxMessageBytes = 1_000_000;

/** Undefined where the text is no message of ours. */
export function parseMessage(text: string): WorkMessage | undefined {
  try {
    const parsed = v.safeParse(schema, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A company's events and hooks share a group, so that they are handled in order and never two at once. Registration and
 * uninstalling have groups of their own: waiting for the platform there holds up no event.
 */
export function toQueue(message: WorkMessage, deduplicationId: string): QueuedMessage {
  const group = {
    webhook: 'company',
    lifecycle: 'company',
    scheduled: 'company',
    register: 'register',
    uninstall: 'uninstall',
    schedule: 'schedule',
  }[message.kind];
  return {
    body: JSON.stringify(message),
    group: `${group}#${message.kind === 'schedule' ? message.name : message.company}`,
    deduplicationId: createHash('sha256').update(`${message.kind} ${deduplicationId}`).digest('hex'),
  };
}

/**
 * A webhook's message. The body is compressed, which makes most of them fit and keeps every byte as it was signed, since
 * the queue changes characters that XML does not know. The de-duplication id is the digest of the signed body: the event
 * id travels in an unsigned header. Undefined where even the compressed body does not fit.
 */
export function webhookMessage(company: string, body: Buffer, receivedAtMs: number): QueuedMessage | undefined {
  const packed = brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }).toString('base64');
  const message = toQueue({ kind: 'webhook', company, body: packed, receivedAtMs }, bodyDigest(body));
  return Buffer.byteLength(message.body) > maxMessageBytes ? undefined : message;
}

/** The signed bytes again. */
export function webhookBody({ body }: Pick<WebhookMessage, 'body'>): Buffer {
  return brotliDecompressSync(Buffer.from(body, 'base64'));
}

export function bodyDigest(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex');
}
