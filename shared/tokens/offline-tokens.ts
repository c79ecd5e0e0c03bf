import { type Credentials, refreshTokenGrant } from '../fynd/token-requests.ts';
import { type RefreshOutcome } from '../fynd/token-response.ts';
import { type Deadline, deadlineIn, type HttpClient } from '../http/http-client.ts';
import type { Count } from '../metrics.ts';
import { AppError } from '../problems.ts';
import type { KeyRing } from '../sealing.ts';
import type { OfflineGrant, OfflineGrants } from '../store/offline-grants.ts';
import { type Tenant, tenantKey } from '../tenant.ts';
import { type OfflineToken, openTokenSet, sealTokenSet } from './offline-token.ts';

/** A live token of a tenant's offline grant. For background work only: no response to a browser may rest on it. */
export interface OfflineAccess {
  readonly tenant: Tenant;
  readonly accessToken: string;
  readonly generation: number;
  readonly scopes: readonly string[];
  /** Whether the platform gave a refresh token with it: without one, the grant ends with the token. */
  readonly isRefreshable: boolean;
  /** As in `OfflineGrant`. */
  readonly callsFromMs: number;
}

export interface OfflineTokensDependencies {
  readonly cluster: string;
  readonly credentials: Credentials;
  readonly grants: Pick<
    OfflineGrants,
    'find' | 'takeLease' | 'giveLeaseBack' | 'renew' | 'markReauthorize' | 'dropToken'
  >;
  readonly tokenKeys: KeyRing;
  readonly httpClient: HttpClient;
  readonly now: () => Date;
  /** Milliseconds on this process's own clock, which no other process's clock is ever compared with. */
  readonly monotonicMs: () => number;
  readonly wait: (milliseconds: number) => Promise<void>;
  readonly count?: Count;
  readonly timing?: Partial<RefreshTiming>;
}

/** All in milliseconds. Starting, calling and writing fit into a lease: the write has what the other two leave of it. */
export interface RefreshTiming {
  readonly leaseMs: number;
  /** A holder that was slower than this to begin its call leaves it: others may soon take the lease over. */
  readonly startWithinMs: number;
  readonly callMs: number;
  readonly pollMs: number;
  /** How long an asker waits for a live token at most. */
  readonly patienceMs: number;
}

const usualTiming: RefreshTiming = {
  leaseMs: 15_000,
  startWithinMs: 2_000,
  callMs: 8_000,
  pollMs: 200,
  patienceMs: 40_000,
};

/**
 * A token that ends within this is not handed out: the call that it is for takes time, and clocks differ. One that was
 * given for so short that this would be most of its life is handed out until its refresh margin begins.
 */
const minLifeSeconds = 10;
/** How long the platform is left alone after a refusal: a second, doubled at each until it is a call a minute. */
const maxPauseSeconds = 60;
/** A longer `Retry-After` is taken for a mistake: nothing but time would end it. */
const maxRetryAfterSeconds = 3_600;
/** An asker waits for the platform no longer than this; a longer pause is the caller's to deal with. */
const maxRetryWaitSeconds = 15;

/** An attempt as this process first saw it, on its own clock. */
type Watch = Pick<OfflineGrant, 'version' | 'attempt'> & { readonly sinceMs: number };

interface Asking {
  /** A token that the platform just answered 401 to: it is not handed out again, however fresh it looks. */
  readonly rejected?: string;
  /** When this process may be ended, as a Lambda function is. With less than a lease left it begins no refresh. */
  readonly deadline?: Deadline;
  /** Also of a tenant that an operator keeps out: only to learn whether its grant is dead. */
  readonly evenBlocked?: boolean;
}

/**
 * Live offline tokens, with one refresh however many processes ask at once.
 *
 * Whoever finds a token due takes a lease by one conditional write, asks the platform, and writes its response on
 * condition that nobody wrote since. A lease is taken over only after the very same attempt was watched for a lease's
 * length on one's own monotonic clock: comparing wall clocks would let skew start a second refresh, which revokes the
 * whole grant where refresh tokens are single-use.
 */
export class OfflineTokens {
  readonly #deps: OfflineTokensDependencies;
  readonly #timing: RefreshTiming;
  readonly #asking = new Map<string, Promise<OfflineAccess>>();
  /** By tenant, and beyond one question: while the old token lives, everybody is answered before a lease is over. */
  readonly #watches = new Map<string, Watch>();

  constructor(deps: OfflineTokensDependencies) {
    this.#deps = deps;
    this.#timing = { ...usualTiming, ...deps.timing };
  }

  /**
   * A token that lives for ten more seconds, where the platform gives tokens of more than forty.
   * @throws {AppError} `installation_required` where the tenant is not installed or its grant no longer works;
   * `rate_limited`, `platform_error` or `platform_timeout` where the platform gives no token in time.
   */
  async get(tenant: Tenant, options: Asking = {}): Promise<OfflineAccess> {
    const key = `${tenantKey(tenant)} ${options.rejected ?? ''} ${options.evenBlocked ?? ''}`;
    const asking = this.#asking.get(key) ?? this.#obtain(tenant, options).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return await asking;
  }

  async #obtain(tenant: Tenant, { rejected, deadline, evenBlocked }: Asking): Promise<OfflineAccess> {
    const { grants, tokenKeys, now, monotonicMs, wait } = this.#deps;
    const { leaseMs, pollMs, patienceMs } = this.#timing;
    const startedAtMs = monotonicMs();
    const jitter = Math.random();
    while (monotonicMs() - startedAtMs < patienceMs && deadline?.remainingMs() !== 0) {
      const grant = await grants.find(tenant);
      if (grant !== undefined && grant.blockedAtMs > 0 && !evenBlocked) {
        throw new AppError('installation_required', 'The extension is closed for this company.');
      }
      if (grant === undefined || grant.status !== 'installed' || grant.sealedToken === undefined) {
        throw installationRequired(grant);
      }
      const token = await openTokenSet(tokenKeys, grant, grant.sealedToken, now());
      if (token === undefined) {
        if (await grants.dropToken(grant, now())) this.#deps.count?.('TokensUnreadable');
        continue;
      }
      const nowSeconds = now().getTime() / 1000;
      const isLive = token.accessToken !== rejected && grant.accessTokenExpiresAt - nowSeconds > minLife(grant);
      const isRefreshable = token.refreshToken !== undefined;
      const isDue = isRefreshable && nowSeconds >= refreshMoment(grant, jitter);
      const { generation, scopes, callsFromMs } = grant;
      const access = { tenant, accessToken: token.accessToken, generation, scopes, isRefreshable, callsFromMs };
      const pauseSeconds = Math.max(0, grant.retryFrom - nowSeconds);
      const hasTime = deadline === undefined || deadline.remainingMs() >= leaseMs;
      const mayTake = this.#isFree(grant) && pauseSeconds === 0 && hasTime;
      if (isLive && !(isDue && mayTake)) return access;
      if (pauseSeconds > maxRetryWaitSeconds) throw leftAlone(pauseSeconds);
      if (!mayTake) {
        await wait(Math.max(pollMs, pauseSeconds * 1000));
        continue;
      }
      const sinceAsked = this.#stopwatch();
      if (!(await grants.takeLease(grant, now()))) continue;
      const refreshed = await this.#refresh(grant, token, sinceAsked);
      if (refreshed !== undefined) return refreshed;
    }
    throw new AppError('platform_timeout', 'The platform gave no token in time.');
  }

  /** Whether nobody has the lease, or whoever has it was watched for its length without a sign of life. */
  #isFree({ tenant, version, attempt, isLeased }: OfflineGrant): boolean {
    if (!isLeased) return true;
    const nowMs = this.#deps.monotonicMs();
    const key = tenantKey(tenant);
    const watch = this.#watches.get(key);
    if (watch?.version === version && watch.attempt === attempt) return nowMs - watch.sinceMs >= this.#timing.leaseMs;
    this.#watches.set(key, { version, attempt, sinceMs: nowMs });
    return false;
  }

  /** Milliseconds from now on. The monotonic clock of a frozen machine may stand still, its wall clock is set again. */
  #stopwatch(): () => number {
    const { monotonicMs, now } = this.#deps;
    const [startedAtMs, wallMs] = [monotonicMs(), now().getTime()];
    return () => Math.max(monotonicMs() - startedAtMs, now().getTime() - wallMs);
  }

  /** Holds the lease. Undefined where no token came of it; the row then says how to go on. */
  async #refresh(
    grant: OfflineGrant,
    { refreshToken }: OfflineToken,
    sinceAsked: () => number,
  ): Promise<OfflineAccess | undefined> {
    const { cluster, credentials, grants, tokenKeys, httpClient, now, count } = this.#deps;
    const { startWithinMs, callMs } = this.#timing;
    const { tenant, generation, callsFromMs } = grant;
    const attempt = grant.attempt + 1;
    // Nothing that can wait stands between the platform's response and the write.
    const key = await tokenKeys.current();
    if (sinceAsked() > startWithinMs) {
      await grants.giveLeaseBack(grant, attempt, 0);
      return undefined;
    }
    const askedAt = now();
    const asked = { httpClient, cluster, tenant, credentials, scopes: grant.scopes, now: askedAt };
    const result: RefreshOutcome =
      refreshToken === undefined
        ? { outcome: 'invalid_grant' }
        : await refreshTokenGrant({ ...asked, refreshToken, deadline: deadlineIn(callMs) });
    switch (result.outcome) {
      case 'granted': {
        count?.('RefreshesGranted');
        // The token's life began some time between the request and the response.
        const stored = await sealTokenSet(key, grant, result.tokens, askedAt);
        if (!(await this.#insist(() => grants.renew(grant, stored, now())))) break;
        const { accessToken, scopes } = result.tokens;
        const isRefreshable = result.tokens.refreshToken !== undefined;
        return { tenant, accessToken, generation, scopes, isRefreshable, callsFromMs };
      }
      case 'refused': {
        count?.('RefreshesRefused');
        const failedAtMs = now().getTime();
        const retryFrom = failedAtMs / 1000 + pauseAfter(attempt, result.retryAfterSeconds);
        await grants.giveLeaseBack(grant, attempt, Math.ceil(retryFrom), failedAtMs);
        break;
      }
      case 'invalid_grant':
        // Perhaps the echo of a refresh that somebody else won: a row that has moved on is not marked.
        if (await grants.markReauthorize(grant, now())) count?.('GrantsLost');
        break;
      case 'unknown':
        count?.('RefreshesUnknown');
        // The platform may still be at it: the lease stays taken until others have watched it for its length.
        break;
    }
    return undefined;
  }

  /** What the platform gave is nowhere else: a table that fails is asked again. The write's condition makes that safe. */
  async #insist(write: () => Promise<boolean>): Promise<boolean> {
    const { monotonicMs, wait } = this.#deps;
    const startedAtMs = monotonicMs();
    for (;;) {
      try {
        return await write();
      } catch (error) {
        if (monotonicMs() - startedAtMs >= this.#timing.patienceMs) throw error;
        await wait(this.#timing.pollMs);
      }
    }
  }
}

/** Seconds that a token must have left to be handed out. */
function minLife({ refreshFrom, accessTokenExpiresAt }: OfflineGrant): number {
  return Math.min(minLifeSeconds, Math.max(0, accessTokenExpiresAt - refreshFrom));
}

/** Seconds for which the platform is left alone after the `attempt`th take of the lease for this token was refused. */
function pauseAfter(attempt: number, retryAfterSeconds = 0): number {
  const ownSeconds = Math.min(maxPauseSeconds, 2 ** (attempt - 1));
  return Math.max(ownSeconds, Math.min(retryAfterSeconds, maxRetryAfterSeconds));
}

/** Epoch seconds. Early, and not at the same moment everywhere: `jitter` in [0, 1) spreads over a third of the margin. */
function refreshMoment({ refreshFrom, accessTokenExpiresAt }: OfflineGrant, jitter: number): number {
  return refreshFrom + (jitter * Math.max(0, accessTokenExpiresAt - refreshFrom)) / 3;
}

function installationRequired(grant: OfflineGrant | undefined): AppError {
  return new AppError(
    'installation_required',
    grant?.status === 'reauthorize'
      ? 'The platform no longer accepts the company’s grant; it is renewed when somebody opens the extension.'
      : 'The extension holds no offline grant of this company.',
  );
}

function leftAlone(pauseSeconds: number): AppError {
  return new AppError('rate_limited', 'The platform could not refresh the token and is left alone for a while.', {
    headers: { 'retry-after': String(Math.ceil(pauseSeconds)) },
  });
}
