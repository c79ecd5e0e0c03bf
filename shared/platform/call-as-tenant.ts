import { type PlatformCall, platformRequest, sendWithRetry } from '../fynd/platform-request.ts';
import type { Deadline, HttpClient, HttpClientResponse } from '../http/http-client.ts';
import { retryAfterSeconds } from '../http/retry-after.ts';
import { AppError } from '../problems.ts';
import { isSameTenant, type Tenant } from '../tenant.ts';
import type { OfflineTokens } from '../tokens/offline-tokens.ts';

/**
 * Calls the Platform API with a tenant's own offline token, for background work.
 *
 * A 401 to a token that looked fresh makes it be refreshed once and the call be made once more; a 429 is waited out
 * once, for a second at least, where its `Retry-After` fits into the deadline. Nothing is cached: there is no person whose cache it could be.
 * @throws {AppError} `tenant_mismatch`, `installation_required`, `platform_error`, `platform_timeout`.
 */
export async function callAsTenant(
  dependencies: {
    cluster: string;
    tokens: Pick<OfflineTokens, 'get'>;
    httpClient: HttpClient;
    now: () => Date;
    wait: (milliseconds: number) => Promise<void>;
  },
  tenant: Tenant,
  call: PlatformCall,
  deadline: Deadline,
): Promise<HttpClientResponse> {
  const { cluster, tokens, httpClient, now, wait } = dependencies;
  if (call.path.kind !== tenant.kind || !isSameTenant(call.path.tenant ?? tenant, tenant)) {
    throw new AppError('tenant_mismatch', 'The path is about another owner than the one that this work is for.');
  }
  let { accessToken } = await tokens.get(tenant, { deadline });
  const attempt = () => sendWithRetry(httpClient, () => platformRequest(cluster, accessToken, call, now()), deadline);
  let answer = await attempt();
  if (answer.status === 401) {
    accessToken = (await tokens.get(tenant, { rejected: accessToken, deadline })).accessToken;
    answer = await attempt();
  }
  if (answer.status === 429) {
    const pauseMs = Math.max(1, retryAfterSeconds(answer.headers['retry-after'], now()) ?? 1) * 1000;
    if (pauseMs < deadline.remainingMs() / 2) {
      await wait(pauseMs);
      answer = await attempt();
    }
  }
  return answer;
}
