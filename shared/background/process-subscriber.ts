import type { Extension } from '../config.ts';
import type { Deadline } from '../http/http-client.ts';
import { AppError } from '../problems.ts';
import { mayWorkFor, type OfflineGrants } from '../store/offline-grants.ts';
import { companyOf } from '../tenant.ts';
import type { SubscriberMessage } from './messages.ts';
import { type ProcessRegistrationDependencies, platformCall, register } from './process-registration.ts';
import { listSubscribers, type Subscriber } from './subscribers.ts';
import { registrationOf } from './webhook-registration.ts';

export interface ProcessSubscriberDependencies extends ProcessRegistrationDependencies {
  readonly grants: Pick<OfflineGrants, 'find' | 'recordRegistered' | 'recordSubscriber'>;
}

/** What a look at a company's subscriber came to; `problem`: nobody knows, because the platform did not say. */
export type SubscriberOutcome = 'active' | 'blocked' | 'missing' | 'reactivated' | 'problem';

/**
 * Looks at the company's subscriber, registers it again where the message says so (`activate`: where it is not active;
 * `resync`: in any case), and notes what it saw in the company's row. What the platform refuses is an answer to whoever
 * asked, and a reason to try again where nobody did.
 * @throws {AppError} as `registerWebhooks` and `callAsTenant` do, where nobody waits for the answer.
 */
export async function processSubscriber(
  deps: ProcessSubscriberDependencies,
  { tenant, task, request }: SubscriberMessage,
  deadline: Deadline,
): Promise<SubscriberOutcome | 'not_installed' | 'unhandled'> {
  const { extension, apiKey, grants } = deps;
  const grant = await grants.find(tenant);
  if (!mayWorkFor(grant)) return 'not_installed';
  const registration = registrationOf(deps, grant.generation);
  if (registration === undefined) return 'unhandled';
  const note = (state: string, problem?: string) =>
    grants.recordSubscriber(grant, { state, problem, request, seenAtMs: deps.now().getTime() });
  const call = platformCall(deps, tenant, deadline);
  const look = async () => stateOf(extension, await listSubscribers({ companyId: companyOf(tenant), apiKey }, call));
  try {
    const found = await look();
    const isRegistering = task === 'resync' || (task === 'activate' && found !== 'active');
    if (isRegistering) await register(deps, grant, registration, call);
    const state = isRegistering ? await look() : found;
    await note(state);
    return state === 'active' && found !== 'active' ? 'reactivated' : state;
  } catch (error) {
    if (request === undefined || !(error instanceof AppError)) throw error;
    await note('problem', error.message);
    return 'problem';
  }
}

/**
 * `active` where each provider that events name has a subscriber that delivers all of them. We register none that does not: the
 * official models know `inactive` for what the platform blocked, and no other word.
 */
function stateOf({ events }: Pick<Extension, 'events'>, found: ReadonlyMap<string, Subscriber>) {
  const wanted = [...new Set(events.map(({ provider }) => provider))].map((provider) => found.get(provider));
  if (wanted.includes(undefined)) return 'missing';
  return wanted.every((each) => each !== undefined && isDelivering(each)) ? 'active' : 'blocked';
}

function isDelivering({ status, event_configs }: Subscriber): boolean {
  const statuses = [status, ...event_configs.map((event) => event.subscriber_event_mapping.status)];
  // A platform that says nothing of it blocked nothing.
  return statuses.every((each) => (each ?? 'active') === 'active');
}
