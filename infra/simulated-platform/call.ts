import { type Answer, type HttpClient, json } from './http.ts';
import type { Tenant, User } from './world.ts';

/** A call that was let in: `user` is null for the company's own offline token. */
export type Call = {
  service: string;
  /** `v1.0` */
  version: string;
  tenant: Tenant;
  applicationId: string | undefined;
  rest: string;
  user: User | null;
  httpClient: HttpClient;
};

/** An error in the manner of the service: each has its own. */
export function serviceError(service: string, status: number, message: string): Answer {
  if (service === 'catalog') {
    return json(status, { code: `CAT-${status}`, error: 'error', message, meta: {}, status });
  }
  if (service === 'order' || service === 'order-manage') return json(status, { success: false, status, message });
  return json(status, { message });
}
