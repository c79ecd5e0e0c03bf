import { type Log, shortName } from '../host/log-entry.ts';
import type { OpenFunction } from '../lambda/open-function.ts';
import type { Stack } from '../template/read-stack.ts';
import { pollQueue } from './poll-queue.ts';
import type { Sqs } from './sqs.ts';

/** How many messages there are; `waiting` and `inFlight` are of the queues that a function reads. */
export interface MessageCounts {
  readonly waiting: number;
  readonly inFlight: number;
  readonly dead: number;
}

export interface ServedQueues {
  count(): MessageCounts;
  /** Settles when nothing waits for a function and no function has anything. */
  idle(): Promise<void>;
  /** Hands nothing to functions any more. */
  stopPolling(): Promise<void>;
}

/** Makes the queues of the stack, with what the last run left in them, and hands their messages to the functions. */
export async function serveQueues(options: {
  readonly stack: Stack;
  readonly sqs: Sqs;
  readonly functions: ReadonlyMap<string, OpenFunction>;
  readonly log: Log;
  readonly longestRetrySeconds: number;
}): Promise<ServedQueues> {
  const { stack, sqs, functions, log, longestRetrySeconds } = options;
  const { queues, mappings } = stack;
  for (const queue of queues) {
    const count = await sqs.create(queue);
    if (count > 0) log({ kind: 'note', text: `${shortName(queue.logicalId)} holds ${count} of the last run.` });
  }

  const waitingForIdle = new Set<() => void>();
  const pollers: ReturnType<typeof pollQueue>[] = [];
  const deadLetterArns = new Set(queues.map(({ deadLetters }) => deadLetters?.arn));
  const read = queues.filter(({ arn }) => mappings.some(({ queueArn }) => queueArn === arn));
  const count = (): MessageCounts => {
    const counts = sqs.counts();
    const sum = (names: readonly string[], of: 'waiting' | 'inFlight') =>
      names.reduce((total, name) => total + (counts.get(name)?.[of] ?? 0), 0);
    const readNames = read.map(({ name }) => name);
    const deadNames = queues.filter(({ arn }) => deadLetterArns.has(arn)).map(({ name }) => name);
    return {
      waiting: sum(readNames, 'waiting'),
      inFlight: sum(readNames, 'inFlight'),
      dead: sum(deadNames, 'waiting') + sum(deadNames, 'inFlight'),
    };
  };
  const tellIdle = () => {
    if (waitingForIdle.size === 0) return;
    const { waiting, inFlight } = count();
    if (waiting + inFlight > 0 || pollers.some(({ busy }) => busy)) return;
    for (const resolve of waitingForIdle) resolve();
    waitingForIdle.clear();
  };
  sqs.onAnswered((operation) => {
    // A receive moves what was received too often to the dead letters.
    if (/^(Send|Receive|Delete|Purge)/.test(operation)) tellIdle();
  });

  for (const mapping of mappings) {
    const queue = queues.find(({ arn }) => arn === mapping.queueArn);
    const called = functions.get(mapping.functionId);
    if (!queue || !called) continue;
    pollers.push(pollQueue({ mapping, queue, called, sqs, log, longestRetrySeconds, onSettled: tellIdle }));
  }
  return {
    count,
    async idle() {
      const { promise, resolve } = Promise.withResolvers<void>();
      waitingForIdle.add(resolve);
      tellIdle();
      return promise;
    },
    stopPolling: async () => void (await Promise.all(pollers.map((poller) => poller.stop()))),
  };
}
