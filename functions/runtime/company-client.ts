import { backgroundContext } from '../../shared/background/background-context.ts';
import type { BackgroundContext } from '../../shared/background/handlers.ts';
import type { Deadline } from '../../shared/http/http-client.ts';
import type { Tenant } from '../../shared/tenant.ts';
import { httpClient } from './http-client.ts';
import { writeLog } from './log.ts';
import { count } from './metric.ts';
import { installedTokens, wait } from './offline-tokens.ts';
import { extension, now } from './settings.ts';

/**
 * What it takes to act for a company that is installed, found by one read of its row; until the request's deadline, and with
 * its id in what is logged.
 * @throws {AppError} as `installedTokens` does.
 */
export async function companyClient(
  tenant: Tenant,
  { deadline, requestId }: { readonly deadline: Deadline; readonly requestId: string },
): Promise<BackgroundContext> {
  const tokens = await installedTokens(tenant, deadline);
  const log = (fields: object) => writeLog({ request_id: requestId, ...fields });
  return backgroundContext(
    { extension: extension(), tokens, httpClient: httpClient(), now, wait, count, writeLog: log },
    tenant,
    deadline,
  );
}
