import { installationsTable, sweepSchedule } from '../contract.ts';
import type { Deadline } from '../http/http-client.ts';
import { mayWorkFor, type OfflineGrants } from '../store/offline-grants.ts';
import type { WorkQueue } from '../store/work-queue.ts';
import { type BackgroundDependencies, backgroundContext } from './background-context.ts';
import type { Handlers } from './handlers.ts';
import {
  type ScheduledMessage,
  type ScheduleMessage,
  scheduledMessage,
  scheduleMessage,
  schedulePosition,
} from './messages.ts';
import { isSweepWanted, overdueWork, type SweepDependencies } from './sweep.ts';

export interface FanOutScheduleDependencies extends SweepDependencies {
  readonly handlers: Pick<Handlers, 'schedules'>;
  readonly grants: Pick<OfflineGrants, 'listInstalled'>;
  readonly queue: Pick<WorkQueue, 'send'>;
}

/** Companies per page of a schedule: one message each, and one for the next page. As many as DynamoDB reads at once. */
const pageSize = 100;

/**
 * One message per installed tenant, a page at a time; of the sweep, only for one that is behind with something. Whatever
 * was sent is sent again without harm.
 *
 * Lambda lets the worker call itself without end, so that a run that goes round in circles ends itself: the last page
 * whose number is a power of two is its mark, and whoever comes by that again has been there (R. P. Brent, 1980). That is
 * seen within three times as many pages as there are, however many those are.
 */
export async function fanOutSchedule(
  deps: FanOutScheduleDependencies,
  message: ScheduleMessage,
): Promise<'fanned_out' | 'unhandled' | 'runaway'> {
  const { name, run, partition, after, page } = message;
  const isSweep = name === sweepSchedule;
  const isWanted = isSweep ? isSweepWanted(deps.extension) : deps.handlers.schedules[name] !== undefined;
  if (!isWanted) return 'unhandled';
  const { tenants, isLast } = await deps.grants.listInstalled(partition, after, pageSize);
  const messages = isSweep
    ? await overdueWork(deps, tenants, run)
    : tenants.map((tenant) => scheduledMessage({ tenant, name, run }));
  const next = isLast ? { partition: partition + 1, after: undefined } : { partition, after: tenants.at(-1) };
  const mark = Number.isInteger(Math.log2(page)) ? schedulePosition(message) : message.mark;
  const isRunaway = schedulePosition(next) === mark;
  if (!isRunaway && next.partition < installationsTable.listing.partitions) {
    messages.push(scheduleMessage({ name, run, ...next, page: page + 1, mark }));
  }
  await deps.queue.send(messages);
  return isRunaway ? 'runaway' : 'fanned_out';
}

export interface RunScheduledDependencies extends BackgroundDependencies {
  readonly handlers: Pick<Handlers, 'schedules'>;
  readonly grants: Pick<OfflineGrants, 'find'>;
}

/**
 * Runs the author's schedule for one company.
 * @throws what the handler throws.
 */
export async function runScheduled(
  deps: RunScheduledDependencies,
  { tenant, name, run }: ScheduledMessage,
  deadline: Deadline,
): Promise<'handled' | 'unhandled' | 'not_installed'> {
  const handler = deps.handlers.schedules[name];
  if (handler === undefined) return 'unhandled';
  const grant = await deps.grants.find(tenant);
  if (!mayWorkFor(grant)) return 'not_installed';
  await handler({ ...backgroundContext(deps, tenant, deadline), schedule: name, run });
  return 'handled';
}
