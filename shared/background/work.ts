import { type Extension, eventKeyOf } from '../config.ts';
import { installationsTable } from '../contract.ts';
import type { Deadline, HttpClient } from '../http/http-client.ts';
import { confirmUninstall } from '../install/confirm-uninstall.ts';
import { callAsTenant } from '../platform/call-as-tenant.ts';
import { createPlatformClient } from '../platform/platform-client.ts';
import { AppError } from '../problems.ts';
import type { Deliveries } from '../store/deliveries.ts';
import type { OfflineGrants } from '../store/offline-grants.ts';
import type { WorkQueue } from '../store/work-queue.ts';
import { companyOf, type Tenant } from '../tenant.ts';
import type { OfflineTokens } from '../tokens/offline-tokens.ts';
import type { BackgroundContext, EventHandler, HookHandler, ScheduleHandler } from './handlers.ts';
import {
  bodyDigest,
  type LifecycleMessage,
  type RegisterMessage,
  type ScheduledMessage,
  type ScheduleMessage,
  toQueue,
  type UninstallMessage,
  type WebhookMessage,
  type WorkMessage,
  webhookBody,
} from './messages.ts';
import { announcementOf } from './pending-work.ts';
import { parseEnvelope } from './webhook-envelope.ts';
import { registerWebhooks, registrationOf } from './webhook-registration.ts';

/** The author's handlers, by their keys in the configuration. */
export interface Handlers {
  readonly events: Readonly<Record<string, EventHandler>>;
  readonly schedules: Readonly<Record<string, ScheduleHandler>>;
  readonly hooks: Readonly<Partial<Record<LifecycleMessage['hook'], HookHandler>>>;
}

export interface WorkDependencies {
  readonly extension: Extension;
  readonly handlers: Handlers;
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly apiSecret: string;
  readonly grants: OfflineGrants;
  readonly tokens: Pick<OfflineTokens, 'get'>;
  readonly deliveries: Deliveries;
  readonly queue: Pick<WorkQueue, 'send' | 'retryAfter'>;
  readonly httpClient: HttpClient;
  readonly now: () => Date;
  readonly wait: (milliseconds: number) => Promise<void>;
  /** Writes a line to the log, for the author's handlers. */
  readonly writeLog: (fields: Readonly<Record<string, unknown>>) => void;
}

/** What became of a message, for the log. A thrown error means: not yet, try again. */
export type WorkOutcome =
  | 'handled'
  | 'duplicate'
  | 'unhandled'
  | 'not_installed'
  | 'outdated'
  | 'uninstalled'
  | 'unconfirmed'
  | 'registered'
  | 'fanned_out'
  /** A schedule that goes round in circles: ended, and logged as an error. The stack has no alarm; one can look for this. */
  | 'runaway';

/** How often the platform is asked whether a grant still works before an unproven uninstall is dropped. */
const maxUninstallAttempts = 4;
/** Companies per page of a schedule: one message each, and one for the next page. */
const schedulePageSize = 100;

/** Does one message's work. `attempt` counts from 1. @throws what the author's handler throws, or what the platform did. */
export async function work(
  deps: WorkDependencies,
  message: WorkMessage,
  attempt: number,
  deadline: Deadline,
): Promise<WorkOutcome> {
  switch (message.kind) {
    case 'webhook':
      return await handleWebhook(deps, message, deadline);
    case 'lifecycle':
      return await handleLifecycle(deps, message, deadline);
    case 'register':
      return await register(deps, message, deadline);
    case 'uninstall':
      return await uninstall(deps, message, attempt, deadline);
    case 'schedule':
      return await fanOut(deps, message);
    case 'scheduled':
      return await handleScheduled(deps, message, deadline);
  }
}

async function handleWebhook(
  deps: WorkDependencies,
  message: WebhookMessage,
  deadline: Deadline,
): Promise<WorkOutcome> {
  const { grants, deliveries, now } = deps;
  const { tenant } = message;
  const body = webhookBody(message);
  const digest = bodyDigest(body);
  if (await deliveries.isHandled(tenant, digest, now())) return 'duplicate';
  const grant = await grants.find(tenant);
  if (grant === undefined || grant.status === 'uninstalled') return 'not_installed';
  // It waited in the queue while the company uninstalled and installed again.
  if (message.receivedAtMs < grant.installedAtMs) return 'outdated';
  const { applicationIds: applications, event, payload } = parseEnvelope(body);
  const handler = deps.handlers.events[eventKeyOf(event)];
  if (handler === undefined) return 'unhandled';
  await handler({ ...backgroundOf(deps, tenant, deadline), applications, event, payload });
  await deliveries.recordHandled(tenant, digest, now());
  return 'handled';
}

async function handleLifecycle(
  deps: WorkDependencies,
  { tenant, hook, generation, scopes, confirmedBy }: LifecycleMessage,
  deadline: Deadline,
): Promise<WorkOutcome> {
  const handler = deps.handlers.hooks[hook];
  const grant = await deps.grants.find(tenant);
  if (grant === undefined) return 'not_installed';
  const announcement = announcementOf(generation, scopes);
  if (grant.announced === announcement) return 'duplicate';
  const isGone = hook === 'uninstalled';
  // An installation that is over before its hook ran is told of by the hook of what came after it.
  if (!isGone && grant.generation !== generation) return 'outdated';
  const { company, platform, log } = backgroundOf(deps, tenant, deadline);
  await handler?.({ company, log, generation, scopes, confirmedBy, platform: isGone ? undefined : platform });
  // Also where nobody wanted to know: `scopesChanged` is what differs from what was noted last.
  if (grant.generation === generation) await deps.grants.recordAnnounced(grant, announcement);
  return handler === undefined ? 'unhandled' : 'handled';
}

async function register(deps: WorkDependencies, { tenant }: RegisterMessage, deadline: Deadline): Promise<WorkOutcome> {
  const { extension, baseUrl, apiKey, apiSecret: secret } = deps;
  const grant = await deps.grants.find(tenant);
  if (grant === undefined || grant.status !== 'installed') return 'not_installed';
  const registration = registrationOf(deps, grant.generation);
  if (registration === undefined || registration === grant.registered) return 'duplicate';
  await registerWebhooks(
    { extension, baseUrl, apiKey, secret, companyId: companyOf(tenant) },
    async (method, path, body) => {
      const call = {
        method,
        // Not only the Platform API: what events there are is asked of a service beside it.
        path: { segments: path.split('/'), target: `/service/${path}`, tenant },
        rawQuery: '',
        headers: { accept: 'application/json', 'content-type': 'application/json' },
        body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
      };
      return await callAsTenant({ ...deps, cluster: extension.cluster }, tenant, call, deadline);
    },
  );
  await deps.grants.recordRegistered(grant, registration);
  return 'registered';
}

async function uninstall(
  deps: WorkDependencies,
  message: UninstallMessage,
  attempt: number,
  deadline: Deadline,
): Promise<WorkOutcome> {
  const { tenant } = message;
  const result = await confirmUninstall({ ...deps, cluster: deps.extension.cluster }, message, deadline);
  if (result.outcome === 'unconfirmed') {
    // The platform may say so before it revokes the grant: it is asked again, a little later.
    if (attempt < maxUninstallAttempts)
      throw new AppError('platform_error', 'The grant still works: asked again later.');
    return 'unconfirmed';
  }
  if (result.outcome === 'uninstalled' || (await isUninstallUnannounced(deps, tenant))) {
    const grant = await deps.grants.find(tenant);
    const generation = result.outcome === 'uninstalled' ? result.generation : (grant?.generation ?? 0);
    const confirmedBy = result.outcome === 'uninstalled' ? result.confirmedBy : undefined;
    const hook = { kind: 'lifecycle', tenant, hook: 'uninstalled', generation, scopes: [], confirmedBy } as const;
    await deps.queue.send([toQueue(hook, `${companyOf(tenant)} uninstalled ${generation}`)]);
    return 'uninstalled';
  }
  return 'not_installed';
}

/** The installation ended, but a crash came before its hook was queued. */
async function isUninstallUnannounced({ grants, extension }: WorkDependencies, tenant: Tenant): Promise<boolean> {
  if (extension.hooks.uninstalled === undefined) return false;
  const grant = await grants.find(tenant);
  return grant?.status === 'uninstalled' && grant.announced !== announcementOf(grant.generation, []);
}

/**
 * One message per installed tenant, a page at a time: whatever was sent is sent again without harm.
 *
 * Lambda lets the worker call itself without end, so that a run that goes round in circles ends itself: the last page
 * whose number is a power of two is its mark, and whoever comes by that again has been there (R. P. Brent, 1980). That is
 * seen within three times as many pages as there are, however many those are.
 */
async function fanOut(deps: WorkDependencies, message: ScheduleMessage): Promise<WorkOutcome> {
  const { name, run, partition, after, page } = message;
  if (deps.handlers.schedules[name] === undefined) return 'unhandled';
  const { tenants, isLast } = await deps.grants.listInstalled(partition, after, schedulePageSize);
  const messages = tenants.map((tenant) =>
    toQueue({ kind: 'scheduled', tenant, name, run }, `${name} ${run} ${companyOf(tenant)}`),
  );
  const next = isLast ? { partition: partition + 1, after: undefined } : { partition, after: tenants.at(-1) };
  const mark = Number.isInteger(Math.log2(page)) ? positionOf(message) : message.mark;
  const isRunaway = positionOf(next) === mark;
  if (!isRunaway && next.partition < installationsTable.listing.partitions) {
    const goOn = { kind: 'schedule', name, run, ...next, page: page + 1, mark } as const;
    // With the page: a circle is to be found, not to end unheard of because the queue has seen the message before.
    messages.push(toQueue(goOn, `${name} ${run} ${goOn.page} ${positionOf(next)}`));
  }
  await deps.queue.send(messages);
  return isRunaway ? 'runaway' : 'fanned_out';
}

function positionOf({ partition, after }: Pick<ScheduleMessage, 'partition' | 'after'>): string {
  return `${partition} ${after === undefined ? '' : companyOf(after)}`;
}

async function handleScheduled(
  deps: WorkDependencies,
  { tenant, name, run }: ScheduledMessage,
  deadline: Deadline,
): Promise<WorkOutcome> {
  const handler = deps.handlers.schedules[name];
  if (handler === undefined) return 'unhandled';
  const grant = await deps.grants.find(tenant);
  if (grant?.status !== 'installed') return 'not_installed';
  await handler({ ...backgroundOf(deps, tenant, deadline), schedule: name, run });
  return 'handled';
}

/** What every handler of the author's is given. */
function backgroundOf(deps: WorkDependencies, tenant: Tenant, deadline: Deadline): BackgroundContext {
  const company = companyOf(tenant);
  const { cluster } = deps.extension;
  return {
    company,
    platform: createPlatformClient((call) => callAsTenant({ ...deps, cluster }, tenant, call, deadline)),
    log: (message, fields = {}) => deps.writeLog({ level: 'info', company_id: company, message, ...fields }),
  };
}
