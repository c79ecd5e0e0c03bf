import type { Extension } from '../config.ts';
import type { Deadline, HttpClient } from '../http/http-client.ts';
import type { Count } from '../metrics.ts';
import { callAsTenant } from '../platform/call-as-tenant.ts';
import { createPlatformClient } from '../platform/platform-client.ts';
import type { OfflineGrants } from '../store/offline-grants.ts';
import { companyOf, type Tenant } from '../tenant.ts';
import type { OfflineTokens } from '../tokens/offline-tokens.ts';
import type { BackgroundContext } from './handlers.ts';

/** What it takes to act for a tenant in the background. */
export interface BackgroundDependencies {
  readonly extension: Pick<Extension, 'cluster'>;
  readonly tokens: Pick<OfflineTokens, 'get'>;
  /** Absent where somebody waits for the answer: then nobody else's pause is waited for. */
  readonly pauses?: Pick<OfflineGrants, 'pauseCalls'>;
  readonly httpClient: HttpClient;
  readonly now: () => Date;
  readonly wait: (milliseconds: number) => Promise<void>;
  readonly count?: Count;
  /** Writes a line to the log, for the author's handlers. */
  readonly writeLog: (fields: Readonly<Record<string, unknown>>) => void;
}

/** What every handler of the author's is given; its calls of the platform end with `deadline`. */
export function backgroundContext(deps: BackgroundDependencies, tenant: Tenant, deadline: Deadline): BackgroundContext {
  const company = companyOf(tenant);
  const { cluster } = deps.extension;
  return {
    company,
    platform: createPlatformClient(company, (call) => callAsTenant({ ...deps, cluster }, tenant, call, deadline)),
    log: (message, fields = {}) => deps.writeLog({ level: 'info', company_id: company, message, ...fields }),
  };
}
