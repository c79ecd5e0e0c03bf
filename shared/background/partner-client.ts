import type { Deadline } from '../http/http-client.ts';
import { callAsTenant } from '../platform/call-as-tenant.ts';
import { createServiceClient, type ServiceClient } from '../platform/platform-client.ts';
import type { Tenant } from '../tenant.ts';

/** What background work for an organization is given. */
export interface PartnerContext {
  /** The organization's id. */
  readonly organization: string;
  /** With the organization's own offline token; paths are relative to `/service/partner/`. */
  readonly platform: ServiceClient;
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
    platform: createServiceClient(
      { organization_id: tenant.id },
      (call) => callAsTenant(deps, tenant, call, deadline),
      tenant.kind,
    ),
  };
}
