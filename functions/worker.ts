import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { events, hooks, schedules } from '#handlers';
import { parseMessage } from '../shared/background/messages.ts';
import { type WorkDependencies, work } from '../shared/background/work.ts';
import type { Credentials } from '../shared/fynd/token-requests.ts';
import { createHttpClient, deadlineIn } from '../shared/http/http-client.ts';
import { OfflineTokens } from '../shared/tokens/offline-tokens.ts';
import { describeError, writeLog } from './runtime/log.ts';
import { apiKey, apiSecret, secretsSettled, tokenKeys, webhookKey } from './runtime/secrets.ts';
import { baseUrl, extension, now, once } from './runtime/settings.ts';
import { deliveries, installations, offlineGrants } from './runtime/tables.ts';
import { workQueue } from './runtime/work-queue.ts';

/**
 * What remains must do for writing the result down; a message that could not begin in time is left for the next batch.
 * The most is enough to see a dead holder's lease run out (15 s) and to begin a refresh after that (15 s before the end).
 */
const reserveMs = 5_000;
const minMs = 10_000;
const maxMs = 45_000;

/** How long a message that failed waits for its next attempt. After the last one it is dead-lettered. */
const backOffSeconds = [5, 30, 120, 300];
/** SQS allows twelve hours, counted from when it handed the message out. */
const maxVisibilitySeconds = 43_000;

const wait = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
const httpClient = once(createHttpClient);
let held: { readonly apiSecret: string; readonly tokens: OfflineTokens } | undefined;

/** The queue's other end: events, hooks, registration, uninstalls and schedules. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const credentials = { apiKey: await apiKey(), apiSecret: await apiSecret() };
  const deps: WorkDependencies = {
    extension: extension(),
    handlers: { events, hooks, schedules },
    baseUrl: baseUrl(),
    apiKey: credentials.apiKey,
    webhookKey: await webhookKey(),
    installations: installations(),
    grants: offlineGrants(),
    tokens: offlineTokens(credentials),
    deliveries: deliveries(),
    queue: workQueue(),
    httpClient: httpClient(),
    now,
    wait,
    writeLog,
  };
  const groups = Map.groupBy(event.Records, (record) => record.attributes.MessageGroupId ?? record.messageId);
  const failed = await Promise.all([...groups.values()].map((records) => workInOrder(deps, records, context)));
  await secretsSettled();
  return { batchItemFailures: failed.flat().map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

/** Kept while this instance lives, with what it has seen of other instances' refreshes; new where the secret is. */
function offlineTokens(credentials: Credentials): OfflineTokens {
  if (held?.apiSecret !== credentials.apiSecret) {
    const tokens = new OfflineTokens({
      cluster: extension().cluster,
      credentials,
      grants: offlineGrants(),
      tokenKeys: tokenKeys(),
      httpClient: httpClient(),
      now,
      monotonicMs: () => performance.now(),
      wait,
    });
    held = { apiSecret: credentials.apiSecret, tokens };
  }
  return held.tokens;
}

/** One group's messages, one after the other. After the first failure the rest of the group waits for its retry. */
async function workInOrder(
  deps: WorkDependencies,
  records: readonly SQSRecord[],
  context: Context,
): Promise<SQSRecord[]> {
  for (const [index, record] of records.entries()) {
    if (!(await workOne(deps, record, context))) return records.slice(index);
  }
  return [];
}

/** Whether the message is done with. One line of JSON tells what became of it. */
async function workOne(deps: WorkDependencies, record: SQSRecord, context: Context): Promise<boolean> {
  const startedAtMs = performance.now();
  const message = parseMessage(record.body);
  const attempt = Number(record.attributes.ApproximateReceiveCount);
  const tell = (level: 'info' | 'error', fields: object) => {
    writeLog({
      level,
      message_id: record.messageId,
      kind: message?.kind,
      schedule: message !== undefined && 'name' in message ? message.name : undefined,
      company_id: message !== undefined && 'tenant' in message ? message.tenant.id : undefined,
      attempt,
      ...fields,
      duration_ms: Math.round(performance.now() - startedAtMs),
    });
  };
  const remainingMs = context.getRemainingTimeInMillis() - reserveMs;
  if (remainingMs < minMs) return false;
  if (message === undefined) {
    // Nothing that this extension sent: to be looked at where dead letters are.
    tell('error', { outcome: 'malformed' });
    return false;
  }
  try {
    const outcome = await work(deps, message, attempt, deadlineIn(Math.min(remainingMs, maxMs)));
    if (typeof outcome === 'object') {
      tell('info', { outcome: 'postponed', retry_after_s: outcome.againInSeconds });
      await comeAgain(record, outcome.againInSeconds);
      return false;
    }
    tell(outcome === 'runaway' ? 'error' : 'info', { outcome });
    return true;
  } catch (error) {
    const retrySeconds = backOffSeconds[attempt - 1] ?? backOffSeconds.at(-1) ?? 0;
    tell('error', { outcome: 'failed', ...describeError(error), retry_after_s: retrySeconds });
    await comeAgain(record, retrySeconds);
    return false;
  }
}

/** Where that fails, the queue's own visibility timeout makes it come again, only at another time. */
async function comeAgain({ receiptHandle }: SQSRecord, seconds: number): Promise<void> {
  await workQueue()
    .retryAfter(receiptHandle, Math.min(seconds, maxVisibilitySeconds))
    .catch(() => undefined);
}
