import { organizationClient, type PartnerContext } from '../../shared/background/partner-client.ts';
import { deadlineIn, platformBudgetMs } from '../../shared/http/http-client.ts';
import { organizationTenant } from '../../shared/tenant.ts';
import { httpClient } from './http-client.ts';
import { offlineTokens, wait } from './offline-tokens.ts';
import { extension, now } from './settings.ts';

/**
 * Acts for an organization in the background, in a handler of an event, a schedule or a hook: with its offline token, which
 * is kept alive. All of its calls end within 25 seconds.
 * @throws {AppError} `installation_required` where it has no working grant; `platform_error` or `platform_timeout` where the
 * platform gives no token in time.
 * @public for extensions
 */
export async function asOrganization(id: string): Promise<PartnerContext> {
  return await organizationClient(
    { cluster: extension().cluster, tokens: await offlineTokens(), httpClient: httpClient(), now, wait },
    organizationTenant(id),
    deadlineIn(platformBudgetMs),
  );
}
