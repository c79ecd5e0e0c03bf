import type { Extension } from '../config.ts';
import { webhookKid } from '../fynd/webhook-secret.ts';
import type { Count } from '../metrics.ts';
import type { Installations } from '../store/installations.ts';
import type { QueuedMessage } from '../store/work-queue.ts';
import type { Tenant } from '../tenant.ts';
import { brokenSinceMs } from '../tokens/grant-health.ts';
import { subscriberMessage } from './messages.ts';
import { pendingWork } from './pending-work.ts';

export interface SweepDependencies {
  readonly extension: Extension;
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly webhookKey: string;
  readonly installations: Pick<Installations, 'findAll'>;
  readonly now: () => Date;
  readonly count?: Count;
}

/** Whether there is anything that an installation could be behind with. */
export function isSweepWanted({ events, hooks }: Pick<Extension, 'events' | 'hooks'>): boolean {
  return events.length > 0 || hooks.installed !== undefined || hooks.scopesChanged !== undefined;
}

/**
 * What these tenants are behind with, as far as they are installed: hooks that were never told, webhooks that were never
 * registered, or otherwise or under another webhook key than now. Whether the platform blocked a subscriber, only a look at
 * it tells: one for each of them and run. Reads all of them together, and counts those
 * without a working grant.
 */
export async function overdueWork(
  deps: SweepDependencies,
  tenants: readonly Tenant[],
  run: string,
): Promise<QueuedMessage[]> {
  const webhookKeyId = webhookKid(deps.webhookKey);
  const { events, webhooks } = deps.extension;
  const task = webhooks.reactivate ? 'activate' : 'status';
  const installations = await deps.installations.findAll(tenants);
  const broken = installations.filter((each) => brokenSinceMs(each, deps.now()) !== undefined).length;
  if (broken > 0) deps.count?.('GrantsBroken', broken);
  // One whose grant no longer works can register nothing; the launch that mends it sends what is pending.
  return installations
    .filter(({ status }) => status === 'installed')
    .flatMap((installation) => [
      ...pendingWork({ ...deps, webhookKid: webhookKeyId }, installation),
      ...(events.length === 0 ? [] : [subscriberMessage({ tenant: installation.tenant, task }, run)]),
    ]);
}
