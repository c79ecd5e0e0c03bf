import { deadlineIn, platformBudgetMs } from '../../shared/http/http-client.ts';
import { callAsTenant } from '../../shared/platform/call-as-tenant.ts';
import { createServiceClient, type ServiceClient } from '../../shared/platform/platform-client.ts';
import { organizationTenant } from '../../shared/tenant.ts';
import { httpClient } from './http-client.ts';
import { count } from './metric.ts';
import { installedTokens, wait } from './offline-tokens.ts';
import { extension, now } from './settings.ts';

/** What background work for an organization is given. */
export interface PartnerContext {
  /** The organization's id. */
  readonly organization: string;
  /** With the organization's own offline token; paths are relative to `/service/partner/`. */
  readonly platform: ServiceClient;
}

/**
 * Acts for an organization in the background, in a handler of an event, a schedule or a hook: with its offline token, which
 * is kept alive. All of its calls end within 25 seconds.
 * @throws {AppError} `installation_required` where it has no working grant; `try_again` where the table cannot be read.
 * @public for extensions
 */
export async function asOrganization(id: string): Promise<PartnerContext> {
  const tenant = organizationTenant(id);
  const deadline = deadlineIn(platformBudgetMs);
  const { cluster } = extension();
  const deps = { cluster, tokens: await installedTokens(tenant, deadline), httpClient: httpClient(), now, wait, count };
  const platform = createServiceClient(
    { organization_id: id },
    (call) => callAsTenant(deps, tenant, call, deadline),
    tenant.kind,
  );
  return { organization: id, platform };
}
