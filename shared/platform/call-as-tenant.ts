import { type PlatformCall, platformRequest, sendWithRetry } from '../fynd/platform-request.ts';
import type { Deadline, HttpClient, HttpClientResponse } from '../http/http-client.ts';
import { retryAfterSeconds } from '../http/retry-after.ts';
import type { Count } from '../metrics.ts';
import { AppError } from '../problems.ts';
import type { OfflineGrants } from '../store/offline-grants.ts';
import { isSameTenant, type Tenant } from '../tenant.ts';
import type { OfflineAccess, OfflineTokens } from '../tokens/offline-tokens.ts';

/** Those who waited for the same moment come one by one: whom the platform refuses then tells the rest. */
const spreadMs = 1_000;

interface CallDependencies {
  readonly cluster: string;
  readonly tokens: Pick<OfflineTokens, 'get'>;
  readonly httpClient: HttpClient;
  readonly now: () => Date;
  readonly wait: (milliseconds: number) => Promise<void>;
  /** Where the platform's wish to be left alone is noted for everybody. Absent: nobody else's counts, and none is noted. */
  readonly pauses?: Pick<OfflineGrants, 'pauseCalls'>;
  readonly count?: Count;
}

/**
 * Calls the Platform API with a tenant's own offline token, for background work.
 *
 * A 401 to a token that looked fresh makes it be refreshed once and the call be made once more; a 429 is waited out
 * once, for a second at least, where its `Retry-After` fits into the deadline. With `pauses`, a 429 is noted in the tenant's
 * row, which every call reads anyway for its token: all of its background work waits, and tries again while there is time.
 * Nothing is cached: there is no person whose cache it could be.
 * @throws {AppError} `tenant_mismatch`, `installation_required`, `platform_error`, `platform_timeout`; `rate_limited` where
 * the tenant's work must wait for longer than the deadline leaves time for.
 */
export async function callAsTenant(
  dependencies: CallDependencies,
  tenant: Tenant,
  call: PlatformCall,
  deadline: Deadline,
): Promise<HttpClientResponse> {
  const { cluster, tokens, httpClient, now, wait, pauses, count } = dependencies;
  if (call.path.kind !== tenant.kind || !isSameTenant(call.path.tenant ?? tenant, tenant)) {
    throw new AppError('tenant_mismatch', 'The path is about another owner than the one that this work is for.');
  }
  let access = await inTurn(dependencies, tenant, deadline);
  const attempt = () =>
    sendWithRetry(httpClient, () => platformRequest(cluster, access.accessToken, call, now()), deadline);
  let answer = await attempt();
  if (answer.status === 401) {
    access = await tokens.get(tenant, { rejected: access.accessToken, deadline });
    answer = await attempt();
  }
  for (;;) {
    const pauseMs = pauseAfter(answer, now());
    if (pauseMs === 0) return answer;
    await pauses?.pauseCalls(access, now().getTime() + pauseMs);
    if (answer.status !== 429) return answer;
    if (pauseMs >= deadline.remainingMs() / 2) {
      count?.('BudgetExhausted');
      return answer;
    }
    if (pauses === undefined) {
      count?.('BudgetWaited');
      await wait(pauseMs);
      return await attempt();
    }
    access = await inTurn(dependencies, tenant, deadline);
    answer = await attempt();
  }
}

/** A live token, once nobody has to wait any more. */
async function inTurn(
  { tokens, pauses, now, wait, count }: CallDependencies,
  tenant: Tenant,
  deadline: Deadline,
): Promise<OfflineAccess> {
  for (;;) {
    const access = await tokens.get(tenant, { deadline });
    const pauseMs = access.callsFromMs - now().getTime();
    if (pauses === undefined || pauseMs <= 0) return access;
    if (pauseMs >= deadline.remainingMs() / 2) {
      count?.('BudgetExhausted');
      throw new AppError('rate_limited', 'The platform wants to be left alone by this company’s work for a while.', {
        headers: { 'retry-after': String(Math.ceil(pauseMs / 1000)) },
      });
    }
    count?.('BudgetWaited');
    await wait(pauseMs + Math.random() * spreadMs);
  }
}

/**
 * Milliseconds for which the platform wants no call: after a 429, for a second at least, or where the call took the last of
 * what `RateLimit` fields say is left (draft-ietf-httpapi-ratelimit-headers, its older form too). Otherwise 0.
 */
function pauseAfter({ status, headers }: HttpClientResponse, now: Date): number {
  if (status === 429) return Math.max(1, retryAfterSeconds(headers['retry-after'], now) ?? 1) * 1000;
  const inOne = headers['ratelimit'] ?? '';
  const remaining = headers['ratelimit-remaining'] ?? /\b(?:r|remaining)=(\d+)/.exec(inOne)?.[1];
  const reset = headers['ratelimit-reset'] ?? /\b(?:t|reset)=(\d+)/.exec(inOne)?.[1];
  return remaining === '0' && /^\d{1,5}$/.test(reset ?? '') ? Number(reset) * 1000 : 0;
}
