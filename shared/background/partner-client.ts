import type { Deadline } from '../http/http-client.ts';
import { callAsTenant } from '../platform/call-as-tenant.ts';
import { createPlatformClient, type PlatformClient } from '../platform/platform-client.ts';
import type { Tenant } from '../tenant.ts';

/** What background work for an organization is given. */
export interface PartnerContext {
  /** The organization's id. */
  readonly organization: string;
  /** With the organization's own offline token; paths are relative to `/service/partner/`. */
  readonly platform: PlatformClient;
}

/**
 * The partners' API as an organization.
 * @throws {AppError} `installation_required` where it has no working grant.
 */
export async function organizationClient(
  deps: Parameters<typeof callAsTenant>[0],
  tenant: Tenant,
  deadline: Deadline,
): Promise<PartnerContext> {
  await deps.tokens.get(tenant, { deadline });
  return {
    organization: tenant.id,
    platform: createPlatformClient((call) => callAsTenant(deps, tenant, call, deadline), tenant.kind),
  };
}
