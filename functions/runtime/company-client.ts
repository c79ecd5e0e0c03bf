import { backgroundContext } from '../../shared/background/background-context.ts';
import type { BackgroundContext } from '../../shared/background/handlers.ts';
import type { Deadline } from '../../shared/http/http-client.ts';
import { AppError } from '../../shared/problems.ts';
import type { Tenant } from '../../shared/tenant.ts';
import { httpClient } from './http-client.ts';
import { writeLog } from './log.ts';
import { offlineTokens, wait } from './offline-tokens.ts';
import { extension, now } from './settings.ts';

/**
 * What it takes to act for a company that is installed, found by one read of its row: the first token is kept for the
 * calls that follow. Where the platform refuses to refresh it, only those calls fail.
 * @throws {AppError} `installation_required`; `try_again` where the table cannot be read.
 */
export async function companyClient(tenant: Tenant, deadline: Deadline): Promise<BackgroundContext> {
  const tokens = await offlineTokens();
  const first = tokens.get(tenant, { deadline });
  await first.catch((error: unknown) => {
    const isAboutPlatform =
      error instanceof AppError && ['rate_limited', 'platform_error', 'platform_timeout'].includes(error.code);
    if (!isAboutPlatform) throw error;
  });
  const kept: typeof tokens.get = (asked, options) =>
    options?.rejected === undefined ? first : tokens.get(asked, options);
  return backgroundContext(
    { extension: extension(), tokens: { get: kept }, httpClient: httpClient(), now, wait, writeLog },
    tenant,
    deadline,
  );
}
