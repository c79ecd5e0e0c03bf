import type { Extension } from '../config.ts';
import { AppError } from '../errors.ts';
import { type Deadline, deadlineIn, type Exchange } from '../fynd/exchange.ts';
import { type Credentials, redeemCode, redeemOfflineToken, type TokenGrant } from '../fynd/oauth-endpoints.ts';
import { missingScopes } from '../fynd/scopes.ts';
import { type KeyRing, seal } from '../session/sealing.ts';
import type { Session } from '../session/sessions.ts';
import type { Transaction } from '../session/transactions.ts';
import type { Installation, Installations, StoredGrant } from '../store/installations.ts';
import { isGrantAlive } from './is-grant-alive.ts';

export interface CompleteInstallDependencies {
  readonly extension: Extension;
  readonly credentials: Credentials;
  readonly installations: Pick<Installations, 'find' | 'save'>;
  readonly tokenKeys: Pick<KeyRing, 'current'>;
  readonly exchange: Exchange;
  readonly now: () => Date;
}

/** All calls of the platform together. */
const budgetMs = 25_000;

/**
 * Completes a sign-in that came back with a code: redeems it for the person's own token and, where the company's grant
 * is needed, for the offline token; makes the company installed; returns the person's session.
 *
 * A crash after any step leaves the installation as it was or as it will be: there is one write, and it comes last.
 * @throws {AppError} `scopes_missing` on a first installation by somebody who lacks scopes, with nothing stored;
 * `code_refused`, `platform_error`, `platform_timeout`.
 */
export async function completeInstall(
  dependencies: CompleteInstallDependencies,
  transaction: Transaction,
  code: string,
): Promise<Session> {
  const { extension, credentials, exchange, installations } = dependencies;
  const { companyId } = transaction;
  const deadline = deadlineIn(budgetMs);
  const redeem = {
    exchange,
    cluster: extension.cluster,
    companyId,
    credentials,
    code,
    scopes: extension.scopes,
    deadline,
  };
  const online = await redeemCode({ ...redeem, now: dependencies.now() });
  const installation = await installations.find(companyId);

  const need = neededGrant(extension, installation, transaction, online.scopes);
  if (need === 'refused') throw scopesMissing(missingScopes(online.scopes, extension.scopes));
  let generation = installation?.generation;
  if (need === 'offline') {
    const grant = await offlineGrant(extension, installation, () =>
      redeemOfflineToken({ ...redeem, now: dependencies.now() }),
    );
    if (grant !== undefined) generation = await install(dependencies, transaction, installation, grant, deadline);
  } else if (need === 'row') {
    generation = await install(dependencies, transaction, installation, undefined, deadline);
  }
  if (generation === undefined) throw new AppError('internal', 'The company is not installed.');

  const now = dependencies.now();
  return {
    companyId,
    user: online.user,
    generation,
    signedInAtMs: now.getTime(),
    accessToken: online.accessToken,
    scopes: extension.scopes.filter((scope) => missingScopes(online.scopes, [scope]).length === 0),
    expiresAt: Math.floor(now.getTime() / 1000) + online.expiresInSeconds,
  };
}

/**
 * What the company's installation needs from this sign-in; asks nobody.
 * - `nothing`: it works, or somebody else has to mend it: this person gets a session.
 * - `row`: online mode and not installed: a row without a token.
 * - `offline`: not installed, new scopes, a grant that no longer works, or the launch says that it installs.
 * - `refused`: a first installation in offline mode by somebody who lacks scopes.
 */
export function neededGrant(
  { accessMode, scopes }: Pick<Extension, 'accessMode' | 'scopes'>,
  installation: Installation | undefined,
  { installEvent }: Pick<Transaction, 'installEvent'>,
  granted: readonly string[],
): 'nothing' | 'row' | 'offline' | 'refused' {
  const isInstalled = installation !== undefined && installation.status !== 'uninstalled';
  if (accessMode === 'online') return isInstalled ? 'nothing' : 'row';
  const hasGrant = isInstalled && installation.scopes !== undefined;
  const suffices =
    hasGrant && installation.status === 'installed' && missingScopes(installation.scopes ?? [], scopes).length === 0;
  if (suffices && !installEvent) return 'nothing';
  if (missingScopes(granted, scopes).length === 0) return 'offline';
  return hasGrant ? 'nothing' : 'refused';
}

/** Undefined where an installation that exists has to do with the grant it has. */
async function offlineGrant(
  { scopes }: Pick<Extension, 'scopes'>,
  installation: Installation | undefined,
  redeem: () => Promise<TokenGrant>,
): Promise<TokenGrant | undefined> {
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
 * Writes the installation and returns its generation. Where somebody else wrote first, the grant at hand is asked
 * whether it works: if so it is written over the other (authorizing again gives the same grant, and the other may be
 * the older one), else the other one stands.
 */
async function install(
  { installations, extension, exchange, tokenKeys, now }: CompleteInstallDependencies,
  { companyId, installEvent }: Transaction,
  found: Installation | undefined,
  grant: TokenGrant | undefined,
  deadline: Deadline,
): Promise<number> {
  let seen = found;
  for (let attempt = 1; attempt <= maxWriteAttempts; attempt++) {
    const generation = nextGeneration(seen, seen === found && installEvent);
    const stored = grant && (await sealGrant(tokenKeys, companyId, generation, grant, now()));
    if (await installations.save(companyId, seen, { generation, grant: stored, now: now() })) return generation;
    seen = await installations.find(companyId);
    const othersStand =
      grant === undefined || !(await isGrantAlive(extension.cluster, companyId, grant, exchange, now(), deadline));
    if (othersStand && seen !== undefined && seen.status === 'installed') return seen.generation;
  }
  throw new AppError('internal', 'The installation could not be written.');
}

/**
 * A new installation has a new generation, and so has one that was mended or installed over: what was made under the
 * old one is dead. Added scopes leave the generation as it is, and so does losing to an installation of this moment.
 */
function nextGeneration(seen: Installation | undefined, installEvent: boolean): number {
  if (seen === undefined) return 1;
  return seen.status !== 'installed' || installEvent ? seen.generation + 1 : seen.generation;
}

async function sealGrant(
  keys: Pick<KeyRing, 'current'>,
  companyId: string,
  generation: number,
  grant: TokenGrant,
  now: Date,
): Promise<StoredGrant> {
  return {
    sealedToken: await seal(keys, 'offline-token', {
      subject: `company#${companyId}#g${generation}`,
      claims: { tok: grant.accessToken, ref: grant.refreshToken },
    }),
    scopes: grant.scopes,
    accessTokenExpiresAt: Math.floor(now.getTime() / 1000) + grant.expiresInSeconds,
  };
}

function scopesMissing(missing: readonly string[]): AppError {
  return new AppError('scopes_missing', `You do not hold these permissions: ${missing.join(', ')}.`, {
    members: { missing_scopes: missing },
  });
}
