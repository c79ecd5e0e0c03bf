import { companyOf, type Tenant } from '../tenant.ts';

/** The page of a company or of one of its applications, under which the extension's front end lives. */
function pagePath(tenant: Tenant, applicationId: string | undefined): string {
  return `/company/${companyOf(tenant)}${applicationId === undefined ? '' : `/application/${applicationId}`}`;
}

/** Where a person lands after sign-in: the configured launch path with its placeholders filled in, or the page. */
export function launchPath(configured: string | undefined, tenant: Tenant, applicationId: string | undefined): string {
  if (configured === undefined) return pagePath(tenant, applicationId);
  return configured.replaceAll('{company_id}', companyOf(tenant)).replaceAll('{application_id}', applicationId ?? '');
}

/** Where a browser begins to sign in: `/fp/install` for a place in the extension. */
export function installPath(clientId: string, tenant: Tenant, applicationId?: string, redirectPath?: string): string {
  const query = new URLSearchParams({ company_id: companyOf(tenant), client_id: clientId });
  if (applicationId !== undefined) query.set('application_id', applicationId);
  if (redirectPath !== undefined) query.set('redirect_path', redirectPath);
  return `/fp/install?${query.toString()}`;
}
