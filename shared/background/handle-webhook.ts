import { eventKeyOf } from '../config.ts';
import type { Deadline } from '../http/http-client.ts';
import type { Deliveries } from '../store/deliveries.ts';
import type { OfflineGrants } from '../store/offline-grants.ts';
import { type BackgroundDependencies, backgroundContext } from './background-context.ts';
import type { Handlers } from './handlers.ts';
import { eventDigest, type WebhookMessage, webhookBody } from './messages.ts';
import { parseEnvelope } from './webhook-envelope.ts';

export interface HandleWebhookDependencies extends BackgroundDependencies {
  readonly handlers: Pick<Handlers, 'events'>;
  readonly grants: Pick<OfflineGrants, 'find'>;
  readonly deliveries: Pick<Deliveries, 'isHandled' | 'recordHandled'>;
}

/**
 * Hands an event to the author's handler, at least once: it counts as handled when the handler has finished.
 * @throws what the handler throws.
 */
export async function handleWebhook(
  deps: HandleWebhookDependencies,
  message: WebhookMessage,
  deadline: Deadline,
): Promise<'handled' | 'duplicate' | 'not_installed' | 'outdated' | 'unhandled'> {
  const { grants, deliveries, now } = deps;
  const { tenant } = message;
  const body = webhookBody(message);
  const { applicationIds: applications, event, payload } = parseEnvelope(body);
  const digest = eventDigest(event.id, body);
  if (await deliveries.isHandled(tenant, digest, now())) return 'duplicate';
  const grant = await grants.find(tenant);
  if (grant === undefined || grant.status === 'uninstalled' || grant.blockedAtMs > 0) return 'not_installed';
  // It waited in the queue while the company uninstalled and installed again. An installation that is yet to come was
  // written by a clock that was set back since: what is compared with it says nothing.
  const isYetToCome = grant.installedAtMs > now().getTime();
  if (message.receivedAtMs < grant.installedAtMs && !isYetToCome) return 'outdated';
  const handler = deps.handlers.events[eventKeyOf(event)];
  if (handler === undefined) return 'unhandled';
  await handler({ ...backgroundContext(deps, tenant, deadline), applications, event, payload });
  await deliveries.recordHandled(tenant, digest, now());
  return 'handled';
}
