import type { Deadline, HttpClient } from '../http/http-client.ts';
import { AppError } from '../problems.ts';
import type { OfflineGrant, OfflineGrants } from '../store/offline-grants.ts';
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
  /** The grant works, or there is none to ask with: the message was forged, early, or about an earlier installation. */
  | { readonly outcome: 'unconfirmed' };

/**
 * Ends an installation once it is certain. Where there is a grant, the platform is asked whether it works, and a grant
 * that works outweighs every signature: a signed request may have been signed for somebody else. Where there is none to
 * ask with (online mode), a signature counts whose own date is later than the installation.
 *
 * An access token may outlive its grant. `triesRefresh` has the grant give another token before it counts as working.
 * @throws {AppError} where the platform cannot be asked now, or the grant was renewed meanwhile: ask again later.
 */
export async function confirmUninstall(
  deps: ConfirmUninstallDependencies,
  grant: OfflineGrant | undefined,
  { signedAtMs, triesRefresh }: { readonly signedAtMs: number | undefined; readonly triesRefresh: boolean },
  deadline: Deadline,
): Promise<UninstallOutcome> {
  if (grant === undefined || grant.status === 'uninstalled') return { outcome: 'not_installed' };
  const confirmedBy = grant.sealedToken === undefined ? 'signature' : 'platform';
  const isConfirmed =
    confirmedBy === 'signature'
      ? signedAtMs !== undefined && signedAtMs > grant.installedAtMs
      : await isGrantDead(deps, grant.tenant, triesRefresh, deadline);
  if (!isConfirmed) return { outcome: 'unconfirmed' };
  // On condition that the row is as it was asked about: a company that installs again at this moment is unharmed.
  if (!(await deps.grants.uninstall(grant, deps.now()))) {
    const current = await deps.grants.find(grant.tenant);
    if (current?.generation !== grant.generation) return { outcome: 'not_installed' };
    throw new AppError('platform_error', 'The grant was renewed at this moment: asked again later.');
  }
  return { outcome: 'uninstalled', generation: grant.generation + 1, confirmedBy };
}

async function isGrantDead(
  deps: ConfirmUninstallDependencies,
  tenant: Tenant,
  triesRefresh: boolean,
  deadline: Deadline,
): Promise<boolean> {
  const isDead = async (accessToken: string) => {
    const answer = await probeGrant(deps, tenant, accessToken, deadline);
    if (answer === 'unknown') throw new AppError('platform_error', 'The platform cannot be asked now.');
    return answer === 'dead';
  };
  try {
    const { accessToken, isRefreshable } = await deps.tokens.get(tenant, { deadline, evenBlocked: true });
    if (!(await isDead(accessToken)) && !(triesRefresh && isRefreshable)) return false;
    // A dead access token says little, and so may a live one: the grant is dead when it gives no other one.
    const renewed = await deps.tokens.get(tenant, { rejected: accessToken, deadline, evenBlocked: true });
    return await isDead(renewed.accessToken);
  } catch (error) {
    if (error instanceof AppError && error.code === 'installation_required') return true;
    throw error;
  }
}
