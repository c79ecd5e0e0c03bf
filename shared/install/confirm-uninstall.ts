import type { Deadline, HttpClient } from '../http/http-client.ts';
import { AppError } from '../problems.ts';
import type { OfflineGrants } from '../store/offline-grants.ts';
import type { Tenant } from '../tenant.ts';
import type { OfflineTokens } from '../tokens/offline-tokens.ts';
import { probeGrant } from '../tokens/probe-grant.ts';

export interface ConfirmUninstallDependencies {
  readonly cluster: string;
  readonly grants: Pick<OfflineGrants, 'find' | 'uninstall'>;
  readonly tokens: Pick<OfflineTokens, 'get'>;
  readonly httpClient: HttpClient;
  readonly now: () => Date;
}

/** What became of the message that a company uninstalled. */
export type UninstallOutcome =
  | { readonly outcome: 'uninstalled'; readonly generation: number; readonly confirmedBy: 'platform' | 'signature' }
  /** There is nothing to uninstall, or the company installed again since. */
  | { readonly outcome: 'not_installed' }
  /** The grant works: the message was forged, early, or about an earlier installation. */
  | { readonly outcome: 'unconfirmed' };

/**
 * Ends an installation once it is certain: nobody proves who says that a tenant uninstalled, so the platform is asked
 * whether the grant still works. A signature counts by itself only if its own date is later than the installation.
 * @throws {AppError} where the platform cannot be asked now, or the grant was renewed meanwhile: ask again later.
 */
export async function confirmUninstall(
  dependencies: ConfirmUninstallDependencies,
  message: { tenant: Tenant; receivedAtMs: number; signedAtMs?: number | undefined },
  deadline: Deadline,
): Promise<UninstallOutcome> {
  const { grants, now } = dependencies;
  const grant = await grants.find(message.tenant);
  if (grant === undefined || grant.status === 'uninstalled') return { outcome: 'not_installed' };
  const isSigned = message.signedAtMs !== undefined && message.signedAtMs > grant.installedAtMs;
  // Without a grant (online mode) there is nothing to ask with: only a signature counts.
  const canAsk = grant.sealedToken !== undefined;
  const confirmedBy = isSigned
    ? 'signature'
    : canAsk && (await isGrantDead(dependencies, message.tenant, deadline))
      ? 'platform'
      : undefined;
  if (confirmedBy === undefined) return { outcome: 'unconfirmed' };
  // On condition that the row is as it was asked about: a company that installs again at this moment is unharmed.
  if (!(await grants.uninstall(grant, now()))) {
    const current = await grants.find(message.tenant);
    if (current?.generation !== grant.generation) return { outcome: 'not_installed' };
    throw new AppError('platform_error', 'The grant was renewed at this moment: asked again later.');
  }
  return { outcome: 'uninstalled', generation: grant.generation + 1, confirmedBy };
}

async function isGrantDead(
  dependencies: ConfirmUninstallDependencies,
  tenant: Tenant,
  deadline: Deadline,
): Promise<boolean> {
  const isDead = async (accessToken: string) => {
    const answer = await probeGrant(dependencies, tenant, accessToken, deadline);
    if (answer === 'unknown') throw new AppError('platform_error', 'The platform cannot be asked now.');
    return answer === 'dead';
  };
  try {
    const { accessToken } = await dependencies.tokens.get(tenant, { deadline });
    if (!(await isDead(accessToken))) return false;
    // A dead access token says little: the grant is dead when it gives no other one.
    const renewed = await dependencies.tokens.get(tenant, { rejected: accessToken, deadline });
    return await isDead(renewed.accessToken);
  } catch (error) {
    if (error instanceof AppError && error.code === 'installation_required') return true;
    throw error;
  }
}
