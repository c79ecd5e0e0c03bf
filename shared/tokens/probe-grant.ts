import { platformPath } from '../fynd/platform-path.ts';
import { platformRequest } from '../fynd/platform-request.ts';
import type { Deadline, HttpClient } from '../http/http-client.ts';
import { AppError } from '../problems.ts';
import type { Tenant } from '../tenant.ts';

/**
 * Asks the platform whether a tenant's token works. A 401 says no; any other response below 500 says yes, since a 403 or
 * a 404 is about the resource; a platform that cannot be asked now says nothing.
 */
export async function probeGrant(
  { cluster, httpClient, now }: { cluster: string; httpClient: HttpClient; now: () => Date },
  tenant: Tenant,
  accessToken: string,
  deadline: Deadline,
): Promise<'alive' | 'dead' | 'unknown'> {
  const service = tenant.kind === 'company' ? 'company-profile' : 'theme';
  const path = platformPath([service, 'v1.0', tenant.kind, tenant.id], tenant.kind);
  const call = { method: 'GET', path, rawQuery: '', headers: { accept: 'application/json' }, body: undefined };
  try {
    const { status } = await httpClient(platformRequest(cluster, accessToken, call, now()), deadline);
    if (status === 401) return 'dead';
    return status >= 500 || status === 429 ? 'unknown' : 'alive';
  } catch (error) {
    if (error instanceof AppError) return 'unknown';
    throw error;
  }
}
