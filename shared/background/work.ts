import type { Deadline } from '../http/http-client.ts';
import { AppError } from '../problems.ts';
import { type AnnounceDependencies, announce } from './announce.ts';
import { type HandleWebhookDependencies, handleWebhook } from './handle-webhook.ts';
import type { WorkMessage } from './messages.ts';
import { type ProcessRegistrationDependencies, processRegistration } from './process-registration.ts';
import { type ProcessSubscriberDependencies, processSubscriber, type SubscriberOutcome } from './process-subscriber.ts';
import { type Postponed, type ProcessUninstallDependencies, processUninstall } from './process-uninstall.ts';
import {
  type FanOutScheduleDependencies,
  fanOutSchedule,
  type RunScheduledDependencies,
  runScheduled,
} from './run-schedule.ts';
import { type ProcessStorefrontPathDependencies, processStorefrontPath } from './storefront-paths.ts';

export type WorkDependencies = HandleWebhookDependencies &
  AnnounceDependencies &
  ProcessRegistrationDependencies &
  ProcessSubscriberDependencies &
  ProcessStorefrontPathDependencies &
  ProcessUninstallDependencies &
  FanOutScheduleDependencies &
  RunScheduledDependencies;

/** What became of a message, for the log. A thrown error means: not yet, try again. */
export type WorkOutcome =
  | 'handled'
  | 'duplicate'
  | 'unhandled'
  | 'not_installed'
  | 'outdated'
  | 'uninstalled'
  | 'unconfirmed'
  | 'postponed'
  | 'registered'
  | SubscriberOutcome
  | 'fanned_out'
  /** A schedule that goes round in circles: ended, and logged as an error. The stack has no alarm; one can look for this. */
  | 'runaway';

/**
 * Does one message's work. `attempt` counts from 1.
 *
 * Where the company's grant does not work, nothing but a launch mends it, and that begins a new installation, to which this
 * message is outdated: after a second look, in case a refresh was on its way, it is done with and no dead letter.
 * @throws what the author's handler throws, or what the platform did.
 */
export async function work(
  deps: WorkDependencies,
  message: WorkMessage,
  attempt: number,
  deadline: Deadline,
): Promise<WorkOutcome | Postponed> {
  try {
    return await workOn(deps, message, attempt, deadline);
  } catch (error) {
    if (attempt > 1 && error instanceof AppError && error.code === 'installation_required') return 'not_installed';
    throw error;
  }
}

async function workOn(
  deps: WorkDependencies,
  message: WorkMessage,
  attempt: number,
  deadline: Deadline,
): Promise<WorkOutcome | Postponed> {
  switch (message.kind) {
    case 'webhook':
      return await handleWebhook(deps, message, deadline);
    case 'lifecycle':
      return await announce(deps, message, deadline);
    case 'register':
      return await processRegistration(deps, message, deadline);
    case 'subscriber':
      return await processSubscriber(deps, message, deadline);
    case 'storefrontPath':
      return await processStorefrontPath(deps, message, deadline);
    case 'uninstall':
      return await processUninstall(deps, message, attempt, deadline);
    case 'schedule':
      return await fanOutSchedule(deps, message);
    case 'scheduled':
      return await runScheduled(deps, message, deadline);
  }
}
