import type { EventProvider, Extension } from '../config.ts';
import { webhookKid, webhookSecret } from '../fynd/webhook-secret.ts';
import type { Deadline } from '../http/http-client.ts';
import { callAsTenant } from '../platform/call-as-tenant.ts';
import { mayWorkFor, type OfflineGrant, type OfflineGrants } from '../store/offline-grants.ts';
import { companyOf, type Tenant } from '../tenant.ts';
import type { BackgroundDependencies } from './background-context.ts';
import type { RegisterMessage } from './messages.ts';
import type { Call } from './subscribers.ts';
import { isRegistered, registeredNote, registerWebhooks, registrationOf } from './webhook-registration.ts';

export interface ProcessRegistrationDependencies extends BackgroundDependencies {
  readonly extension: Extension;
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly webhookKey: string;
  /** As in `registerWebhooks`. */
  readonly received?: Partial<Readonly<Record<EventProvider, string>>>;
  readonly grants: Pick<OfflineGrants, 'find' | 'recordRegistered'>;
}

/**
 * Registers the company's webhooks with its own token, where the platform has not taken this registration yet, under this
 * webhook key.
 * @throws {AppError} as `registerWebhooks` and `callAsTenant` do.
 */
export async function processRegistration(
  deps: ProcessRegistrationDependencies,
  { tenant }: RegisterMessage,
  deadline: Deadline,
): Promise<'registered' | 'not_installed' | 'duplicate'> {
  const grant = await deps.grants.find(tenant);
  if (!mayWorkFor(grant)) return 'not_installed';
  const registration = registrationOf(deps, grant.generation);
  if (registration === undefined || isRegistered(grant.registered, registration, webhookKid(deps.webhookKey))) {
    return 'duplicate';
  }
  await register(deps, grant, registration, platformCall(deps, tenant, deadline));
  return 'registered';
}

/** Registers whatever was registered before, and notes it. @throws {AppError} as `registerWebhooks` does. */
export async function register(
  { extension, baseUrl, apiKey, webhookKey, received = {}, grants }: ProcessRegistrationDependencies,
  grant: OfflineGrant,
  registration: string,
  call: Call,
): Promise<void> {
  const { tenant } = grant;
  const secret = webhookSecret(extension, webhookKey, tenant);
  await registerWebhooks({ extension, baseUrl, apiKey, secret, received, companyId: companyOf(tenant) }, call);
  await grants.recordRegistered(grant, registeredNote(registration, webhookKid(webhookKey)));
}

/** Calls the platform with the company's own token. */
export function platformCall(deps: ProcessRegistrationDependencies, tenant: Tenant, deadline: Deadline): Call {
  return async (method, address, body) => {
    const [path = '', rawQuery = ''] = address.split('?');
    const call = {
      method,
      // Not only the Platform API: what events there are is asked of a service beside it.
      path: { kind: tenant.kind, segments: path.split('/'), target: `/service/${path}`, tenant },
      rawQuery,
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
    };
    return await callAsTenant({ ...deps, cluster: deps.extension.cluster }, tenant, call, deadline);
  };
}
