import type { Extension } from '../config.ts';
import { paths } from '../contract.ts';
import type { Tenant } from '../tenant.ts';
import { parseRedirectPath } from './redirect-path.ts';

/** Where a person lands after sign-in: the configured launch path with its placeholders filled in, or the page. */
export function launchPath(configured: string | undefined, tenant: Tenant, applicationId: string | undefined): string {
  const companyPage = applicationId === undefined ? paths.companyPage : paths.applicationPage;
  return (configured ?? (tenant.kind === 'company' ? companyPage : paths.organizationPage))
    .replaceAll(`{${tenant.kind}_id}`, tenant.id)
    .replaceAll('{application_id}', applicationId ?? '');
}

/** Where a sign-in leads: to the path that was asked for, as a browser resolves it, else to the launch page. */
export function landingPath(
  { extension, baseUrl }: { extension: Pick<Extension, 'launchPath'>; baseUrl: string },
  tenant: Tenant,
  { applicationId, redirectPath }: { applicationId: string | undefined; redirectPath: string | undefined },
): string {
  return redirectPath === undefined
    ? launchPath(extension.launchPath, tenant, applicationId)
    : parseRedirectPath(redirectPath, baseUrl);
}

/** Where a browser begins to sign in: the route that installs, for a place in the extension. */
export function installPath(clientId: string, tenant: Tenant, applicationId?: string, redirectPath?: string): string {
  const query = new URLSearchParams({ [`${tenant.kind}_id`]: tenant.id, client_id: clientId });
  if (applicationId !== undefined) query.set('application_id', applicationId);
  if (redirectPath !== undefined) query.set('redirect_path', redirectPath);
  return `${tenant.kind === 'company' ? paths.install : paths.partnerInstall}?${query.toString()}`;
}
