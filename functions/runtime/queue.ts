import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { maxDeliveries } from '../../shared/contract.ts';
import { type Chain, createChain, type Requirement, type Run } from './chain.ts';
import { describeError, logInvocation } from './log.ts';
import { count } from './metric.ts';
import { secretsSettled } from './secrets.ts';

/** One message as the queue delivers it. */
export interface Delivery {
  readonly record: SQSRecord;
  /** Counts from 1. */
  readonly attempt: number;
  /** Milliseconds until Lambda ends the function. */
  readonly remainingMs: number;
  /** For the log, as soon as it is known. */
  readonly about: Record<string, unknown>;
}

/** What became of a message. */
export interface DeliveryOutcome {
  /** Otherwise it comes again, and whatever stands behind it in its group. */
  readonly isDone: boolean;
  readonly level?: 'info' | 'error';
  /** For the log; undefined where nothing was begun, which is no line. */
  readonly outcome: string | undefined;
  readonly fields?: object;
}

/** What must hold of a message before it is worked on. */
export type QueueRequirement<Needed, Found extends object = object> = Requirement<
  Delivery,
  DeliveryOutcome,
  Needed,
  Found
>;

/** As Lambda calls it. */
export type QueueHandler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;

/**
 * The queue's other end: `queue().use(…).handler(…)`, once for each message. Groups are worked on side by side, the
 * messages of one in order; after the first that is not done with, the rest of its group waits. Whatever the chain
 * responds or throws, each message that was begun has one line in the log, without its body.
 */
export function queue(): Chain<Delivery, DeliveryOutcome, Delivery, QueueHandler> {
  return createChain(working);
}

function working(run: Run<Delivery, DeliveryOutcome>): QueueHandler {
  return async ({ Records }, context) => {
    const groups = Map.groupBy(Records, (record) => record.attributes.MessageGroupId ?? record.messageId);
    const left = await Promise.all([...groups.values()].map((records) => workInOrder(run, records, context)));
    await secretsSettled();
    return { batchItemFailures: left.flat().map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };
}

/** What is left of one group. */
async function workInOrder(
  run: Run<Delivery, DeliveryOutcome>,
  records: readonly SQSRecord[],
  context: Context,
): Promise<SQSRecord[]> {
  for (const [index, record] of records.entries()) {
    if (!(await isDone(run, record, context))) return records.slice(index);
  }
  return [];
}

async function isDone(run: Run<Delivery, DeliveryOutcome>, record: SQSRecord, context: Context): Promise<boolean> {
  const startedAtMs = performance.now();
  const receivedAtMs = Date.now();
  const attempt = Number(record.attributes.ApproximateReceiveCount);
  const about = {};
  const delivery = { record, attempt, remainingMs: context.getRemainingTimeInMillis(), about };
  const { isDone, level, outcome, fields } = await run(delivery, context).catch(failed);
  if (outcome !== undefined) {
    const isFailed = !isDone && level === undefined;
    if (attempt === 1) count('WorkWaitMs', Math.max(0, receivedAtMs - Number(record.attributes.SentTimestamp)));
    if (isFailed) count('WorkFailed');
    if (isFailed && attempt >= maxDeliveries) count('WorkDeadLettered');
    logInvocation(context, {
      level: level ?? (isDone ? 'info' : 'error'),
      message_id: record.messageId,
      ...about,
      attempt,
      outcome,
      ...fields,
      duration_ms: Math.round(performance.now() - startedAtMs),
    });
  }
  return isDone;
}

/** A message that comes again, with what is known of why. */
export function failed(error: unknown): DeliveryOutcome {
  return { isDone: false, outcome: 'failed', fields: describeError(error) };
}
