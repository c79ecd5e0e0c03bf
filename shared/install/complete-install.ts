import { type Extension, extensionFor } from '../config.ts';
import { missingScopes } from '../fynd/scopes.ts';
import { authorizationCodeGrant, type Credentials, offlineTokenGrant } from '../fynd/token-requests.ts';
import { type TokenSet } from '../fynd/token-response.ts';
import { type Deadline, deadlineIn, type HttpClient, platformBudgetMs } from '../http/http-client.ts';
import type { Count } from '../metrics.ts';
import { AppError } from '../problems.ts';
import type { KeyRing } from '../sealing.ts';
import { requireUnblocked } from '../session/live-session.ts';
import type { Session } from '../session/sessions.ts';
import type { Transaction } from '../session/transactions.ts';
import { settleAll } from '../settle-all.ts';
import type { Installation, Installations } from '../store/installations.ts';
import type { Tenant } from '../tenant.ts';
import { sealTokenSet } from '../tokens/offline-token.ts';
import { probeGrant } from '../tokens/probe-grant.ts';

export interface CompleteInstallDependencies {
  readonly extension: Extension;
  readonly credentials: Credentials;
  readonly installations: Pick<Installations, 'find' | 'save'>;
  readonly tokenKeys: Pick<KeyRing, 'current'>;
  readonly httpClient: HttpClient;
  readonly now: () => Date;
  readonly count?: Count;
}

/** A tenant's installation after a sign-in: what its hooks and webhooks are brought in step with. */
export type Installed = Pick<Installation, 'tenant' | 'generation' | 'scopes' | 'announced' | 'registered'>;

export interface Completed {
  readonly session: Session;
  readonly installed: Installed;
}

/**
 * Completes a sign-in that came back with a code: redeems it for the person's own token and, where the company's grant
 * is needed, for the offline token; makes the company installed; returns the person's session and the installation.
 *
 * A crash after any step leaves the installation as it was or as it will be: there is one write, and it comes last.
 * @throws {AppError} `scopes_missing` on a first installation by somebody who lacks scopes, with nothing stored;
 * `access_denied` where an operator keeps the tenant out; `code_refused`, `platform_error`, `platform_timeout`.
 */
export async function completeInstall(
  dependencies: CompleteInstallDependencies,
  transaction: Transaction,
  code: string,
): Promise<Completed> {
  const { credentials, httpClient, installations } = dependencies;
  const { tenant } = transaction;
  const extension = extensionFor(dependencies.extension, tenant);
  const deadline = deadlineIn(platformBudgetMs);
  const redeem = {
    httpClient,
    cluster: extension.cluster,
    tenant,
    credentials,
    code,
    codeVerifier: transaction.codeVerifier,
    scopes: extension.scopes,
    deadline,
  };
  // Side by side: whatever is written rests on the row as it was seen, and is not written over another.
  const [online, installation] = await settleAll([
    authorizationCodeGrant({ ...redeem, now: dependencies.now() }),
    installations.find(tenant),
  ]);

  requireUnblocked(installation);
  const need = neededGrant(extension, installation, transaction, online.scopes);
  if (need === 'refused') throw scopesMissing(missingScopes(online.scopes, extension.scopes));
  let installed: Installed | undefined = installation;
  if (need === 'offline') {
    const grant = await offlineGrant(extension, installation, () =>
      offlineTokenGrant({ ...redeem, now: dependencies.now() }),
    );
    if (grant !== undefined) installed = await install(dependencies, transaction, installation, grant, deadline);
  } else if (need === 'row') {
    installed = await install(dependencies, transaction, installation, undefined, deadline);
  }
  if (installed === undefined) throw new AppError('internal', 'The extension is not installed.');

  const now = dependencies.now();
  const lifeSeconds = Math.min(online.expiresInSeconds, Math.ceil(extension.session.maxHours * 3_600));
  const session = {
    tenant,
    user: online.user,
    generation: installed.generation,
    signedInAtMs: now.getTime(),
    accessToken: online.accessToken,
    scopes: extension.scopes.filter((scope) => missingScopes(online.scopes, [scope]).length === 0),
    expiresAt: Math.floor(now.getTime() / 1000) + lifeSeconds,
  };
  return { session, installed };
}

/**
 * Installs a company that the platform installed without a person: the code must redeem, and nothing else is trusted.
 * As with `install_event=true`, it is a new installation also where the row says that there is one. Undefined in online
 * mode, where the first sign-in installs.
 * @throws {AppError} as `completeInstall`.
 */
export async function autoInstall(
  dependencies: CompleteInstallDependencies,
  tenant: Tenant,
  code: string,
): Promise<Installed | undefined> {
  const { extension, credentials, httpClient, installations } = dependencies;
  const { accessMode, cluster, scopes } = extension;
  if (accessMode === 'online') return undefined;
  const deadline = deadlineIn(platformBudgetMs);
  const now = dependencies.now();
  const grant = await offlineTokenGrant({ httpClient, cluster, tenant, credentials, code, scopes, deadline, now });
  const missing = missingScopes(grant.scopes, scopes);
  if (missing.length > 0) throw scopesMissing(missing);
  const installation = await installations.find(tenant);
  requireUnblocked(installation);
  // It may have uninstalled before without our hearing of it: the grant of the row, which cannot be asked here, is dead then.
  const launch = { tenant, installEvent: true, startedAtMs: now.getTime() };
  return await install(dependencies, launch, installation, grant, deadline);
}

/** A grant that no refresh has renewed for so long is asked for again, although nobody said that it is dead. */
const maxRefreshingMs = 24 * 3_600_000;

type Launch = Pick<Transaction, 'installEvent' | 'startedAtMs'>;

/**
 * What the company's installation needs from this sign-in; asks nobody.
 * - `nothing`: it works, or somebody else has to mend it: this person gets a session.
 * - `row`: online mode and not installed: a row without a token.
 * - `offline`: not installed, new scopes, a grant that no longer works or could not be refreshed for a day, or the launch
 *   says that it installs.
 * - `refused`: a first installation in offline mode by somebody who lacks scopes.
 */
export function neededGrant(
  { accessMode, scopes }: Pick<Extension, 'accessMode' | 'scopes'>,
  installation: Installation | undefined,
  launch: Launch,
  granted: readonly string[],
): 'nothing' | 'row' | 'offline' | 'refused' {
  const isInstalled = installation !== undefined && installation.status !== 'uninstalled';
  if (accessMode === 'online') return isInstalled ? 'nothing' : 'row';
  const hasGrant = isInstalled && installation.scopes !== undefined;
  const suffices =
    hasGrant &&
    installation.status === 'installed' &&
    missingScopes(installation.scopes ?? [], scopes).length === 0 &&
    launch.startedAtMs - (installation.refreshingSinceMs ?? launch.startedAtMs) <= maxRefreshingMs;
  if (suffices && !installsAgain(installation, launch)) return 'nothing';
  if (missingScopes(granted, scopes).length === 0) return 'offline';
  return hasGrant ? 'nothing' : 'refused';
}

/** Undefined where an installation that exists has to do with the grant it has. */
async function offlineGrant(
  { scopes }: Pick<Extension, 'scopes'>,
  installation: Installation | undefined,
  redeem: () => Promise<TokenSet>,
): Promise<TokenSet | undefined> {
  const isFirst =
    installation === undefined || installation.status === 'uninstalled' || installation.scopes === undefined;
  try {
    const grant = await redeem();
    const missing = missingScopes(grant.scopes, scopes);
    if (missing.length > 0) throw scopesMissing(missing);
    return grant;
  } catch (error) {
    if (!isFirst && error instanceof AppError && error.code === 'scopes_missing') return undefined;
    throw error;
  }
}

const maxWriteAttempts = 4;

/**
 * Writes the installation and returns it. Where somebody else wrote first, the grant at hand is asked
 * whether it works: if so it is written over the other (authorizing again gives the same grant, and the other may be
 * the older one), else the other one stands.
 * @throws {AppError} `platform_error` where neither works.
 */
async function install(
  { installations, extension, httpClient, tokenKeys, now, count }: CompleteInstallDependencies,
  launch: Launch & Pick<Transaction, 'tenant'>,
  found: Installation | undefined,
  grant: TokenSet | undefined,
  deadline: Deadline,
): Promise<Installed> {
  const { tenant } = launch;
  let seen = found;
  for (let attempt = 1; attempt <= maxWriteAttempts; attempt++) {
    const generation = nextGeneration(seen, launch);
    const stored = grant && (await sealTokenSet(await tokenKeys.current(), { tenant, generation }, grant, now()));
    if (await installations.save(tenant, seen, { generation, grant: stored, now: now() })) {
      if (generation !== seen?.generation) count?.(generation === 1 ? 'InstallsFirst' : 'InstallsAgain');
      return { tenant, generation, scopes: grant?.scopes, announced: seen?.announced, registered: seen?.registered };
    }
    seen = await installations.find(tenant);
    // A platform that cannot be asked counts as «no»: nothing is overwritten on a guess.
    const platform = { cluster: extension.cluster, httpClient, now };
    const works = grant && (await probeGrant(platform, tenant, grant.accessToken, deadline)) === 'alive';
    if (seen?.status === 'installed' && (!works || attempt === maxWriteAttempts)) return seen;
    if (works) {
      await new Promise((resolve) => setTimeout(resolve, 2 ** attempt * 20 * Math.random()));
      continue;
    }
    // The extension was uninstalled meanwhile: a grant that died with it must not look like an installation.
    if (grant !== undefined) throw new AppError('platform_error', 'The platform gave a grant that does not work.');
  }
  throw new AppError('internal', 'The installation could not be written.');
}

/**
 * A new installation has a new generation, and so has one that was mended or installed over: what was made under the
 * old one is dead. Added scopes leave the generation as it is.
 */
function nextGeneration(seen: Installation | undefined, launch: Launch): number {
  if (seen === undefined) return 1;
  return seen.status !== 'installed' || installsAgain(seen, launch) ? seen.generation + 1 : seen.generation;
}

/** The launch says that it installs, and no installation was made since it began: of several at once, one counts. */
function installsAgain(seen: Installation | undefined, { installEvent, startedAtMs }: Launch): boolean {
  return installEvent && (seen === undefined || seen.installedAtMs < startedAtMs);
}

function scopesMissing(missing: readonly string[]): AppError {
  return new AppError('scopes_missing', `You do not hold these permissions: ${missing.join(', ')}.`, {
    members: { missing_scopes: missing },
  });
}
