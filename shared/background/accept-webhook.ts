import { type Extension, eventKeyOf } from '../config.ts';
import { isSignedBody } from '../fynd/body-signature.ts';
import { AppError } from '../problems.ts';
import type { WorkQueue } from '../store/work-queue.ts';
import { webhookMessage } from './messages.ts';
import { parseEnvelope } from './webhook-envelope.ts';

/** What became of a delivery; each is a 200, since a retry would change nothing. */
export type WebhookOutcome = 'queued' | 'ping' | 'unhandled' | 'too_old';

/**
 * What the platform held back while it was blocked comes days late and is no replay: that is what was handled before. The
 * records of that (`Deliveries`) are kept longer than an event may be old.
 */
const maxAgeMs = 30 * 86_400_000;
/** No event is older than the platform: such a time is none, for instance seconds or a zero. */
const firstPlausibleMs = Date.UTC(2012);

/**
 * Takes a delivery: verified over the bytes as they came, then queued. The answer waits for the queue and for nothing
 * else.
 * @throws {AppError} `signature_required`, `signature_mismatch`, `invalid_request`, `content_too_large` where it cannot be queued.
 */
export async function acceptWebhook(
  deps: {
    extension: Pick<Extension, 'events'>;
    secrets: readonly string[];
    queue: Pick<WorkQueue, 'send'>;
    now: () => Date;
  },
  delivery: { body: Buffer; signature: string | undefined },
): Promise<WebhookOutcome> {
  const { extension, secrets, queue } = deps;
  const { body, signature } = delivery;
  if (signature === undefined || signature === '') {
    throw new AppError('signature_required', 'The header x-fp-signature is missing.');
  }
  if (!isSignedBody(body, signature, secrets)) {
    throw new AppError('signature_mismatch', 'x-fp-signature is not the signature of this body.');
  }
  const { tenant, event } = parseEnvelope(body);
  if (event.name === 'ping') return 'ping';
  const nowMs = deps.now().getTime();
  if (isTooOld(event.createdAtMs, nowMs)) return 'too_old';
  const isHandled = extension.events.some(
    (wanted) => wanted.provider === 'rest' && eventKeyOf(wanted) === eventKeyOf(event),
  );
  if (!isHandled || tenant === undefined) return 'unhandled';
  const message = webhookMessage({ tenant, eventId: event.id, body, receivedAtMs: nowMs });
  if (message === undefined) {
    throw new AppError('content_too_large', 'The body is too large to be queued, even compressed.');
  }
  await queue.send([message]);
  return 'queued';
}

/** What has no plausible time, or one that is to come, counts as sent now. */
function isTooOld(createdAtMs: number | undefined, nowMs: number): boolean {
  return createdAtMs !== undefined && createdAtMs >= firstPlausibleMs && nowMs - createdAtMs > maxAgeMs;
}
