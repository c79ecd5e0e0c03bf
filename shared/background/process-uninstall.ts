import type { Extension } from '../config.ts';
import type { Deadline } from '../http/http-client.ts';
import { type ConfirmUninstallDependencies, confirmUninstall } from '../install/confirm-uninstall.ts';
import { AppError } from '../problems.ts';
import type { WorkQueue } from '../store/work-queue.ts';
import type { Tenant } from '../tenant.ts';
import { announcementOf, lifecycleMessage, type UninstallMessage } from './messages.ts';

export interface ProcessUninstallDependencies extends Omit<ConfirmUninstallDependencies, 'cluster'> {
  readonly extension: Pick<Extension, 'cluster' | 'hooks'>;
  readonly queue: Pick<WorkQueue, 'send'>;
}

/** How often the platform is asked whether a grant still works before an unproven uninstall is dropped. */
const maxAttempts = 4;

/**
 * Ends an installation once that is confirmed, and has the author's hook told. `attempt` counts from 1.
 * @throws {AppError} `platform_error` where it is to be asked again later.
 */
export async function processUninstall(
  deps: ProcessUninstallDependencies,
  message: UninstallMessage,
  attempt: number,
  deadline: Deadline,
): Promise<'uninstalled' | 'unconfirmed' | 'not_installed'> {
  const { tenant } = message;
  const result = await confirmUninstall({ ...deps, cluster: deps.extension.cluster }, message, deadline);
  if (result.outcome === 'unconfirmed') {
    // The platform may say so before it revokes the grant: it is asked again, a little later.
    if (attempt < maxAttempts) throw new AppError('platform_error', 'The grant still works: asked again later.');
    return 'unconfirmed';
  }
  if (result.outcome === 'uninstalled' || (await isUnannounced(deps, tenant))) {
    const grant = await deps.grants.find(tenant);
    const generation = result.outcome === 'uninstalled' ? result.generation : (grant?.generation ?? 0);
    const confirmedBy = result.outcome === 'uninstalled' ? result.confirmedBy : undefined;
    await deps.queue.send([lifecycleMessage({ tenant, hook: 'uninstalled', generation, scopes: [], confirmedBy })]);
    return 'uninstalled';
  }
  return 'not_installed';
}

/** The installation ended, but a crash came before its hook was queued. */
async function isUnannounced({ grants, extension }: ProcessUninstallDependencies, tenant: Tenant): Promise<boolean> {
  if (extension.hooks.uninstalled === undefined) return false;
  const grant = await grants.find(tenant);
  return grant?.status === 'uninstalled' && grant.announced !== announcementOf(grant.generation, []);
}
