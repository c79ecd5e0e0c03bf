import { events, hooks, schedules } from '#handlers';
import { causeOf, parseMessage, type WorkMessage } from '../shared/background/messages.ts';
import { type WorkDependencies, work } from '../shared/background/work.ts';
import { sweepSchedule, workBackOffSeconds } from '../shared/contract.ts';
import { readScopeCeiling } from '../shared/fynd/extension-details.ts';
import { type Deadline, deadlineIn } from '../shared/http/http-client.ts';
import { retryAfterSeconds } from '../shared/http/retry-after.ts';
import type { MetricName } from '../shared/metrics.ts';
import { PlatformResponseError } from '../shared/platform/platform-client.ts';
import { AppError } from '../shared/problems.ts';
import { scopesBeyond } from '../shared/scope-ceiling.ts';
import { httpClient } from './runtime/http-client.ts';
import { writeLog } from './runtime/log.ts';
import { count } from './runtime/metric.ts';
import { offlineTokens, wait } from './runtime/offline-tokens.ts';
import { type Delivery, failed, type QueueRequirement, queue } from './runtime/queue.ts';
import { apiKey, apiSecret, webhookKey } from './runtime/secrets.ts';
import { baseUrl, extension, isHanded, now, setting } from './runtime/settings.ts';
import { deliveries, installations, offlineGrants } from './runtime/tables.ts';
import { workQueue, workQueueOf } from './runtime/work-queue.ts';

/**
 * What remains must do for writing the result down; a message that could not begin in time is left for the next batch.
 * The most is enough to see a dead holder's lease run out (15 s) and to begin a refresh after that (15 s before the end).
 */
const reserveMs = 5_000;
const minMs = 10_000;
const maxMs = 45_000;

/** SQS allows twelve hours, counted from when it handed the message out. */
const maxVisibilitySeconds = 43_000;

/** The queue's other end: events, hooks, registration, uninstalls and schedules. */
export const handler = queue()
  .use(inTime())
  .use(ourMessage())
  .use(backOff())
  .handler(async ({ record, message, attempt, deadline }) => {
    const outcome = await work(await dependencies(record), message, attempt, deadline);
    const beyond = isSweepBeginning(message) ? await scopesBeyondPanel(deadline) : [];
    if (typeof outcome === 'object') {
      const fields = { retry_after_s: await comeAgain(record, outcome.againInSeconds) };
      return { isDone: false, level: 'info', outcome: 'postponed', fields };
    }
    const isBlocked = outcome === 'blocked' || outcome === 'missing';
    // The sweep's looks alone: who asks by hand asks as often as they like.
    const isCounted = (isBlocked || outcome === 'reactivated') && !('request' in message);
    if (message.kind === 'webhook') count(webhookMetrics[outcome] ?? 'WebhooksSkipped');
    if (outcome === 'runaway') count('SchedulesRunaway');
    if (isCounted) count('BlockedSubscribers');
    if (beyond.length > 0) count('ScopesBeyondPanel', beyond.length);
    return {
      isDone: true,
      outcome,
      level: outcome === 'runaway' || isBlocked || beyond.length > 0 ? 'error' : 'info',
      fields: { ...(beyond.length > 0 && { scopes_beyond: beyond }) },
    };
  });

const webhookMetrics: Readonly<Record<string, MetricName>> = {
  handled: 'WebhooksHandled',
  duplicate: 'WebhooksDuplicate',
};

function isSweepBeginning(message: WorkMessage): boolean {
  return message.kind === 'schedule' && message.name === sweepSchedule && message.page === 1;
}

/** Scopes that the partner panel does not allow: nobody can install any more. None where the platform does not say. */
async function scopesBeyondPanel(deadline: Deadline): Promise<readonly string[]> {
  const { cluster, scopes } = extension();
  const credentials = { apiKey: await apiKey(), apiSecret: await apiSecret() };
  const ceiling = await readScopeCeiling({ cluster, credentials, httpClient: httpClient(), now }, deadline).catch(
    () => undefined,
  );
  return ceiling === undefined ? [] : scopesBeyond(ceiling, scopes);
}

/** `delivery.deadline`: nothing is begun that might not be finished. */
function inTime(): QueueRequirement<Delivery, { readonly deadline: Deadline }> {
  return {
    before({ event }) {
      const budgetMs = event.remainingMs - reserveMs;
      if (budgetMs < minMs) return Promise.resolve({ isDone: false, outcome: undefined });
      Object.assign(event, { deadline: deadlineIn(Math.min(budgetMs, maxMs)) });
      return Promise.resolve(undefined);
    },
  };
}

/** `delivery.message`: what this extension sent. Anything else is to be looked at where dead letters are. */
function ourMessage(): QueueRequirement<Delivery, { readonly message: WorkMessage }> {
  return {
    before({ event }) {
      const message = parseMessage(event.record.body);
      if (message === undefined) return Promise.resolve({ isDone: false, outcome: 'malformed' });
      Object.assign(event, { message });
      Object.assign(event.about, {
        kind: message.kind,
        schedule: 'name' in message ? message.name : undefined,
        company_id: 'tenant' in message ? message.tenant.id : undefined,
        caused_by: causeOf(event.record.body),
      });
      return Promise.resolve(undefined);
    },
  };
}

/**
 * What fails comes again a little later, each time a little more so, or later where the platform says so. After the last
 * attempt it is dead-lettered.
 */
function backOff(): QueueRequirement<Delivery> {
  return {
    async onError(chained) {
      const { record, attempt } = chained.event;
      const ownSeconds = workBackOffSeconds[attempt - 1] ?? workBackOffSeconds.at(-1) ?? 0;
      const retrySeconds = await comeAgain(record, Math.max(ownSeconds, platformSeconds(chained.error)));
      const outcome = failed(chained.error);
      chained.response = { ...outcome, fields: { ...outcome.fields, retry_after_s: retrySeconds } };
    },
  };
}

/** How long the platform wants to be left alone; 0 where the error says nothing of that. */
function platformSeconds(error: unknown): number {
  const headers =
    error instanceof AppError ? error.headers : error instanceof PlatformResponseError ? error.response.headers : {};
  return retryAfterSeconds(headers['retry-after'], now()) ?? 0;
}

/** The seconds after which it comes. Where the queue cannot be told, its own visibility timeout makes it come again. */
async function comeAgain({ receiptHandle }: Delivery['record'], wishedSeconds: number): Promise<number> {
  const seconds = Math.min(wishedSeconds, maxVisibilitySeconds);
  await workQueue()
    .retryAfter(receiptHandle, seconds)
    .catch(() => undefined);
  return seconds;
}

/** Where the platform sends what does not come by HTTP, where the stack has such places. */
function received(): NonNullable<WorkDependencies['received']> {
  return {
    ...(isHanded('receivedQueueUrl') && { sqs: setting('receivedQueueUrl') }),
    ...(isHanded('receivedBusArn') && { event_bridge: setting('receivedBusArn') }),
  };
}

async function dependencies({ messageId, body }: Delivery['record']): Promise<WorkDependencies> {
  return {
    extension: extension(),
    handlers: { events, hooks, schedules },
    baseUrl: baseUrl(),
    apiKey: await apiKey(),
    webhookKey: await webhookKey(),
    received: received(),
    installations: installations(),
    grants: offlineGrants(),
    pauses: offlineGrants(),
    tokens: await offlineTokens(),
    deliveries: deliveries(),
    queue: workQueueOf(causeOf(body) ?? messageId),
    httpClient: httpClient(),
    now,
    wait,
    count,
    writeLog: (fields) => writeLog({ message_id: messageId, ...fields }),
  };
}
