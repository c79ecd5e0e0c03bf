import { setTimeout as wait } from 'node:timers/promises';
import { workBackOffSeconds } from '../../../shared/contract.ts';
import { type Log, shortName } from '../host/log-entry.ts';
import { maximumEventBytes, type OpenFunction } from '../lambda/open-function.ts';
import { traceId } from '../lambda/trace-id.ts';
import { buildSqsEvent } from './build-sqs-event.ts';
import { processBatchOutcome } from './process-batch-outcome.ts';
import type { MappingDefinition, QueueDefinition } from './queue-definition.ts';
import type { ReceivedMessage, Sqs } from './sqs.ts';

export interface Polling {
  readonly mapping: MappingDefinition;
  readonly queue: QueueDefinition;
  readonly called: OpenFunction;
  readonly sqs: Sqs;
  readonly log: Log;
  readonly longestRetrySeconds: number;
  /** Told whenever a batch is done with. */
  onSettled(): void;
}

export interface Poller {
  /** Whether a function has a batch. */
  readonly busy: boolean;
  /** Takes no more messages, and gives those that a function has a moment: what is unfinished then stays in the queue. */
  stop(): Promise<void>;
}

const maximumBatchSize = 10;
const defaultConcurrency = 5;
const longPollSeconds = 20;
const patienceMilliseconds = 2000;

/**
 * Does what an event source mapping does: hands the queue's messages to the function batch by batch, deletes what
 * succeeded and leaves the rest to the queue. Several batches are out at once; that none has a message of a group that
 * another has is the queue's doing.
 */
export function pollQueue(polling: Polling): Poller {
  const { mapping, queue, sqs, log } = polling;
  const concurrency = Math.min(mapping.maximumConcurrency ?? defaultConcurrency, defaultConcurrency);
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve()));
  let ended = false;

  const receive = async (): Promise<readonly ReceivedMessage[]> => {
    const { Messages: messages = [] } = await sqs.call<{ Messages?: readonly ReceivedMessage[] }>('ReceiveMessage', {
      QueueUrl: queue.url,
      MaxNumberOfMessages: Math.min(mapping.batchSize, maximumBatchSize),
      WaitTimeSeconds: longPollSeconds,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    });
    return messages;
  };
  const poll = async () => {
    while (!stopping.signal.aborted) {
      if (running.size >= concurrency) {
        await Promise.race([...running, stopped]);
        continue;
      }
      // What comes after the end stays with the queue, in flight.
      const messages = await Promise.race([receive(), stopped]);
      if (!messages || messages.length === 0 || stopping.signal.aborted) continue;
      const batch = handOver(polling, messages, () => ended)
        .catch((error: unknown) => {
          if (!ended)
            log({ kind: 'note', text: `A batch from ${shortName(queue.logicalId)} broke off: ${String(error)}` });
        })
        .finally(() => {
          running.delete(batch);
          polling.onSettled();
        });
      running.add(batch);
    }
  };
  const polled = poll().catch((error: unknown) => {
    log({ kind: 'note', text: `Nothing reads ${shortName(queue.logicalId)} any more: ${String(error)}` });
  });

  return {
    get busy() {
      return running.size > 0;
    },
    async stop() {
      stopping.abort();
      await polled;
      await Promise.race([Promise.all(running), wait(patienceMilliseconds, undefined, { ref: false })]);
      ended = true;
    },
  };
}

async function handOver(
  polling: Polling,
  messages: readonly ReceivedMessage[],
  hasEnded: () => boolean,
): Promise<void> {
  const { mapping, queue, called, sqs, log } = polling;
  const event = JSON.stringify(buildSqsEvent(messages, queue.arn));
  if (messages.length > 1 && Buffer.byteLength(event) > maximumEventBytes) {
    const half = Math.ceil(messages.length / 2);
    await handOver(polling, messages.slice(0, half), hasEnded);
    return handOver(polling, messages.slice(half), hasEnded);
  }
  const startedAt = performance.now();
  const deadlines = deadlinesOf(polling);
  const outcome = await called.invoke(event, traceId(new Date()));
  // Nobody waits for it any more: a function that was ended has not failed.
  if (hasEnded()) return;
  const ids = messages.map(({ MessageId }) => MessageId);
  const { failed, malformed } = processBatchOutcome(outcome, ids, mapping.reportsFailures);
  if (malformed !== undefined) {
    log({ kind: 'output', source: called.label, text: `Malformed result: ${malformed}.` });
  }
  for (const { MessageId, ReceiptHandle } of messages) {
    if (!failed.has(MessageId)) await sqs.call('DeleteMessage', { QueueUrl: queue.url, ReceiptHandle });
  }
  const left = messages.filter(({ MessageId }) => failed.has(MessageId));
  const maximumReceives = queue.deadLetters?.maximumReceives ?? Number.POSITIVE_INFINITY;
  log({
    kind: 'batch',
    functionName: called.label,
    messages: messages.length,
    failed: left.length,
    givenUp: left.filter(({ Attributes }) => Number(Attributes['ApproximateReceiveCount']) >= maximumReceives).length,
    milliseconds: performance.now() - startedAt,
  });
  await retrySooner(polling, left, deadlines);
}

/** When each message comes back whose function chooses no time, by its receipt. */
function deadlinesOf({ queue, sqs }: Polling): ReadonlyMap<string, number> {
  return new Map(sqs.held(queue).map(({ receiptHandle, visibilityDeadline }) => [receiptHandle, visibilityDeadline]));
}

/**
 * On AWS a failed message comes back when its visibility timeout is over, which is six times the function's timeout or
 * more, or after the worker's usual back-off: whoever tries a handler at their desk will not wait for minutes. The
 * timeout itself stays as the template says it, so that no message comes back while a function still has it. A time that
 * the function chose for a reason, as when the platform says when it may be asked again, is left as it is.
 */
async function retrySooner(
  { queue, sqs, longestRetrySeconds }: Polling,
  failed: readonly ReceivedMessage[],
  deadlines: ReadonlyMap<string, number>,
): Promise<void> {
  if (failed.length === 0 || longestRetrySeconds === Number.POSITIVE_INFINITY) return;
  const messages = sqs.held(queue);
  const latest = Date.now() + longestRetrySeconds * 1000;
  for (const { ReceiptHandle } of failed) {
    const held = messages.find(({ receiptHandle }) => receiptHandle === ReceiptHandle);
    if (!held || held.visibilityDeadline <= latest) continue;
    const isChosen = held.visibilityDeadline !== deadlines.get(ReceiptHandle);
    if (isChosen && !isUsual(held.visibilityDeadline - Date.now())) continue;
    await sqs.call('ChangeMessageVisibility', {
      QueueUrl: queue.url,
      ReceiptHandle,
      VisibilityTimeout: longestRetrySeconds,
    });
  }
}

/** Whether what is left of a wait is what the worker's usual back-off leaves, chosen a moment ago. */
function isUsual(leftMs: number): boolean {
  return workBackOffSeconds.some((seconds) => leftMs <= seconds * 1000 && leftMs > seconds * 1000 - 900);
}
