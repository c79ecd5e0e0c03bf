import type { Extension } from '../config.ts';
import { eventKeyOf } from '../event-key.ts';
import { isSignedBody } from '../fynd/body-signature.ts';
import { AppError } from '../problems.ts';
import type { WorkQueue } from '../store/work-queue.ts';
import { webhookMessage } from './messages.ts';
import { parseEnvelope } from './webhook-envelope.ts';

/** What became of a delivery; each is a 200, since a retry would change nothing. */
export type WebhookOutcome = 'queued' | 'ping' | 'unhandled' | 'too_old';

/** The platform retries for 48 hours: what is older was recorded by somebody and is played again. */
const maxAgeMs = 49 * 3_600_000;

/**
 * Takes a delivery: verified over the bytes as they came, then queued. The answer waits for the queue and for nothing
 * else.
 * @throws {AppError} `signature_required`, `signature_mismatch`, `invalid_request` (413 where it cannot be queued).
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
  if (event.createdAtMs !== undefined && nowMs - event.createdAtMs > maxAgeMs) return 'too_old';
  const isHandled = extension.events.some(
    (wanted) => wanted.provider === 'rest' && eventKeyOf(wanted) === eventKeyOf(event),
  );
  if (!isHandled || tenant === undefined) return 'unhandled';
  const message = webhookMessage(tenant, body, nowMs);
  if (message === undefined) {
    throw new AppError('invalid_request', 'The body is too large to be queued, even compressed.', { status: 413 });
  }
  await queue.send([message]);
  return 'queued';
}
