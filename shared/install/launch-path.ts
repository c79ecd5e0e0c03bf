import { paths } from '../contract.ts';
import { companyOf, type Tenant } from '../tenant.ts';

/** Where a person lands after sign-in: the configured launch path with its placeholders filled in, or the page. */
export function launchPath(configured: string | undefined, tenant: Tenant, applicationId: string | undefined): string {
  const page = applicationId === undefined ? paths.companyPage : paths.applicationPage;
  return (configured ?? page)
    .replaceAll('{company_id}', companyOf(tenant))
    .replaceAll('{application_id}', applicationId ?? '');
}

/** Where a browser begins to sign in: the route that installs, for a place in the extension. */
export function installPath(clientId: string, tenant: Tenant, applicationId?: string, redirectPath?: string): string {
  const query = new URLSearchParams({ company_id: companyOf(tenant), client_id: clientId });
  if (applicationId !== undefined) query.set('application_id', applicationId);
  if (redirectPath !== undefined) query.set('redirect_path', redirectPath);
  return `${paths.install}?${query.toString()}`;
}
