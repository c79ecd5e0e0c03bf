import type { Credentials } from '../../shared/fynd/token-requests.ts';
import type { Deadline } from '../../shared/http/http-client.ts';
import { AppError } from '../../shared/problems.ts';
import type { Tenant } from '../../shared/tenant.ts';
import { OfflineTokens } from '../../shared/tokens/offline-tokens.ts';
import { httpClient } from './http-client.ts';
import { count } from './metric.ts';
import { apiKey, apiSecret, tokenKeys } from './secrets.ts';
import { extension, now } from './settings.ts';
import { offlineGrants } from './tables.ts';

let held: (Credentials & { readonly tokens: OfflineTokens }) | undefined;

export const wait = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Kept while this instance lives, with what it has seen of other instances' refreshes; new where the secret is. */
export async function offlineTokens(): Promise<OfflineTokens> {
  const credentials = { apiKey: await apiKey(), apiSecret: await apiSecret() };
  if (held?.apiKey !== credentials.apiKey || held.apiSecret !== credentials.apiSecret) {
    const tokens = new OfflineTokens({
      cluster: extension().cluster,
      credentials,
      grants: offlineGrants(),
      tokenKeys: tokenKeys(),
      httpClient: httpClient(),
      now,
      monotonicMs: () => performance.now(),
      wait,
      count,
    });
    held = { ...credentials, tokens };
  }
  return held.tokens;
}

/**
 * The tokens of a tenant that is installed, of which the first is there: one read of its row serves the check and the
 * calls that follow. Where the platform refuses to refresh it, only those calls fail.
 * @throws {AppError} `installation_required`; `try_again` where the table cannot be read.
 */
export async function installedTokens(tenant: Tenant, deadline: Deadline): Promise<Pick<OfflineTokens, 'get'>> {
  const tokens = await offlineTokens();
  const first = tokens.get(tenant, { deadline });
  await first.catch((error: unknown) => {
    const isAboutPlatform =
      error instanceof AppError && ['rate_limited', 'platform_error', 'platform_timeout'].includes(error.code);
    if (!isAboutPlatform) throw error;
  });
  return {
    get: (asked, options) => (options?.rejected === undefined ? first : tokens.get(asked, options)),
  };
}
