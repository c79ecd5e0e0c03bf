import * as v from 'valibot';
import { type Extension, type ExtensionEvent, eventKeyOf } from '../config.ts';
import { isSignedBody } from '../fynd/body-signature.ts';
import { isWebhookKey, webhookSecret } from '../fynd/webhook-secret.ts';
import { parseJson } from '../http/json.ts';
import type { Count } from '../metrics.ts';
import { AppError } from '../problems.ts';
import type { WorkQueue } from '../store/work-queue.ts';
import { companyId, companyTenant, isSameTenant, type Tenant } from '../tenant.ts';
import { webhookMessage } from './messages.ts';
import { parseEnvelope, type WebhookEnvelope } from './webhook-envelope.ts';

/** What became of a delivery; each is a 200, since a retry would change nothing. */
export type WebhookOutcome = 'queued' | 'ping' | 'unhandled' | 'too_old';

/**
 * What the platform held back while it was blocked comes days late and is no replay: that is what was handled before. The
 * records of that (`Deliveries`) are kept longer than an event may be old.
 */
const maxAgeMs = 30 * 86_400_000;
/** No event is older than the platform: such a time is none, for instance seconds or a zero. */
const firstPlausibleMs = Date.UTC(2012);
/** A body that nobody has verified is read up to this length. */
const maxUnverifiedBytes = 1_000_000;

/**
 * Takes a delivery: verified over the bytes as they came, then queued. The response waits for the queue and for nothing
 * else. `keys` are those that may have signed it; the company in the address, or else in the body, selects the secret and
 * proves nothing.
 * @throws {AppError} `signature_required`, `signature_mismatch`, `invalid_request`, `content_too_large` where it cannot be
 * queued, or not be read before it is verified.
 */
export async function acceptWebhook(
  deps: {
    extension: Pick<Extension, 'events' | 'webhooks'>;
    keys: readonly string[];
    queue: Pick<WorkQueue, 'send'>;
    now: () => Date;
    count?: Count;
  },
  delivery: { body: Buffer; signature: string | undefined; companyIds: readonly string[] },
): Promise<{ readonly outcome: WebhookOutcome; readonly tenant: Tenant | undefined }> {
  const { extension, keys } = deps;
  const { body, signature } = delivery;
  if (signature === undefined || signature === '') {
    throw new AppError('signature_required', 'The header x-fp-signature is missing.');
  }
  const mismatch = () => new AppError('signature_mismatch', 'x-fp-signature is not the signature of this body.');
  const isShared = extension.webhooks.secret === 'api-secret';
  const addressed = parseCompany(delivery.companyIds);
  const selected = addressed ?? (isShared ? undefined : claimedCompany(body));
  const secrets = isShared
    ? keys
    : selected === undefined
      ? []
      : // A previous key that was too short signed nothing: no secret was ever made of it.
        keys
          .filter((key, index) => index === 0 || isWebhookKey(key))
          .map((key) => webhookSecret(extension, key, selected));
  if (!isSignedBody(body, signature, secrets)) throw mismatch();
  const { tenant: named, event } = parseEnvelope(body);
  if (named !== undefined && selected !== undefined && !isSameTenant(named, selected)) throw mismatch();
  // A secret that is the company's own says whose event it is; an address says nothing.
  const tenant = named ?? (isShared ? undefined : selected);
  return await enqueue(deps, { tenant, event, body }, ({ provider }) => provider === 'rest');
}

/**
 * Takes an event from this stack's own queue, which nobody but the account that the configuration names can send to: that alone
 * is why the company in it is believed. The same event by another way has the same id, and is handled once.
 * @throws {AppError} `invalid_request` and `content_too_large` as above.
 */
export async function acceptReceived(
  deps: AcceptDependencies,
  body: Buffer,
): Promise<{ readonly outcome: WebhookOutcome; readonly tenant: Tenant | undefined }> {
  const { tenant, event } = parseEnvelope(body);
  return await enqueue(deps, { tenant, event, body }, ({ from }) => from !== undefined);
}

interface AcceptDependencies {
  readonly extension: Pick<Extension, 'events'>;
  readonly queue: Pick<WorkQueue, 'send'>;
  readonly now: () => Date;
  readonly count?: Count;
}

async function enqueue(
  deps: AcceptDependencies,
  { tenant, event, body }: Pick<WebhookEnvelope, 'tenant' | 'event'> & { readonly body: Buffer },
  comesThisWay: (wanted: ExtensionEvent) => boolean,
): Promise<{ readonly outcome: WebhookOutcome; readonly tenant: Tenant | undefined }> {
  const { extension, queue, count } = deps;
  if (event.name === 'ping') return { outcome: 'ping', tenant };
  count?.('WebhooksReceived');
  const nowMs = deps.now().getTime();
  if (isTooOld(event.createdAtMs, nowMs)) {
    count?.('WebhooksTooOld');
    return { outcome: 'too_old', tenant };
  }
  const isHandled = extension.events.some((wanted) => comesThisWay(wanted) && eventKeyOf(wanted) === eventKeyOf(event));
  if (!isHandled || tenant === undefined) {
    count?.('WebhooksUnhandled');
    return { outcome: 'unhandled', tenant };
  }
  const message = webhookMessage({ tenant, eventId: event.id, body, receivedAtMs: nowMs });
  if (message === undefined) {
    throw new AppError('content_too_large', 'The body is too large to be queued, even compressed.');
  }
  await queue.send([message]);
  return { outcome: 'queued', tenant };
}

function parseCompany([only, ...others]: readonly unknown[]): Tenant | undefined {
  const parsed = v.safeParse(companyId, typeof only === 'number' ? String(only) : only);
  return parsed.success && others.length === 0 ? companyTenant(parsed.output) : undefined;
}

/** What an unverified body says, where the platform dropped the address's query. @throws {AppError} 413 as above. */
function claimedCompany(body: Buffer): Tenant | undefined {
  if (body.byteLength > maxUnverifiedBytes) {
    throw new AppError('content_too_large', 'The body is too large for an address without company_id.');
  }
  try {
    const parsed = v.safeParse(v.looseObject({ company_id: v.unknown() }), parseJson(body.toString('utf8')));
    return parsed.success ? parseCompany([parsed.output.company_id]) : undefined;
  } catch {
    return undefined;
  }
}

/** What has no plausible time, or one that is to come, counts as sent now. */
function isTooOld(createdAtMs: number | undefined, nowMs: number): boolean {
  return createdAtMs !== undefined && createdAtMs >= firstPlausibleMs && nowMs - createdAtMs > maxAgeMs;
}
