import type { Deadline } from '../http/http-client.ts';
import type { OfflineGrants } from '../store/offline-grants.ts';
import { type BackgroundDependencies, backgroundContext } from './background-context.ts';
import type { Handlers } from './handlers.ts';
import { announcedGeneration, announcementOf, type LifecycleMessage } from './messages.ts';

export interface AnnounceDependencies extends BackgroundDependencies {
  readonly handlers: Pick<Handlers, 'hooks'>;
  readonly grants: Pick<OfflineGrants, 'find' | 'recordAnnounced'>;
}

/**
 * Tells the author's hook of an installation, of changed scopes or of an uninstallation, and notes that it was told.
 * @throws what the hook throws.
 */
export async function announce(
  deps: AnnounceDependencies,
  { tenant, hook, generation, scopes, confirmedBy }: LifecycleMessage,
  deadline: Deadline,
): Promise<'handled' | 'unhandled' | 'not_installed' | 'duplicate' | 'outdated'> {
  const handler = deps.handlers.hooks[hook];
  const grant = await deps.grants.find(tenant);
  if (grant === undefined) return 'not_installed';
  const announcement = announcementOf(generation, scopes);
  if (grant.announced === announcement) return 'duplicate';
  const isGone = hook === 'uninstalled';
  if (!isGone && grant.blockedAtMs > 0) return 'not_installed';
  // An installation that is over before its hook ran is told of by the hook of what came after it.
  if (!isGone && grant.generation !== generation) return 'outdated';
  // Told too late, as a dead letter that was sent again: what the hook would delete is a newer installation's by now.
  if (announcedGeneration(grant.announced) > generation) return 'outdated';
  const { company, platform, log } = backgroundContext(deps, tenant, deadline);
  await handler?.({ company, log, generation, scopes, confirmedBy, platform: isGone ? undefined : platform });
  // Also where nobody wanted to know: `scopesChanged` is what differs from what was noted last.
  if (grant.generation === generation) await deps.grants.recordAnnounced(grant, announcement);
  return handler === undefined ? 'unhandled' : 'handled';
}
