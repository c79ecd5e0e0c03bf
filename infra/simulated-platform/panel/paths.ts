import type { State } from '../state.ts';
import type { Tenant } from '../world.ts';

/** Where the extension opens for a tenant. */
export const extensionPath = ({ extension }: State, tenant: Tenant, applicationId?: string): string =>
  `/${tenant.kind}/${tenant.id}${applicationId === undefined ? '' : `/application/${applicationId}`}/extensions/${encodeURIComponent(extension.apiKey)}`;

/** A path of this panel, and nowhere else. */
export const localPath = (path: string | null): string =>
  path !== null && /^\/(?!\/)[\w/?=&.:-]*$/.test(path) ? path : '/';
