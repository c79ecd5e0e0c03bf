import { type Log, shortName } from '../host/log-entry.ts';
import type { OpenFunction } from '../lambda/open-function.ts';
import type { Stack } from '../template/read-stack.ts';
import { type Poller, pollQueue } from './poll-queue.ts';
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
  /**
   * Makes the queues of a stack that was synthesized again, and hands messages to the functions that it names. What is in a
   * queue stays there.
   */
  serve(stack: Pick<Stack, 'queues' | 'mappings'>): Promise<void>;
  /** Hands nothing to functions any more. */
  stopPolling(): Promise<void>;
}

/** Makes the queues of the stack, with what the last run left in them, and hands their messages to the functions. */
export async function serveQueues(options: {
  readonly stack: Stack;
  readonly sqs: Sqs;
  readonly functions: { get(logicalId: string): OpenFunction | undefined };
  readonly log: Log;
  readonly longestRetrySeconds: number;
}): Promise<ServedQueues> {
  const { sqs, functions, log, longestRetrySeconds } = options;
  const made = new Set<string>();
  const waitingForIdle = new Set<() => void>();
  const pollers = new Map<string, Poller>();
  let served: Pick<Stack, 'queues' | 'mappings'> = { queues: [], mappings: [] };
  const count = (): MessageCounts => {
    const { queues, mappings } = served;
    const deadLetterArns = new Set(queues.map(({ deadLetters }) => deadLetters?.arn));
    const read = queues.filter(({ arn }) => mappings.some(({ queueArn }) => queueArn === arn));
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
    if (waiting + inFlight > 0 || [...pollers.values()].some(({ busy }) => busy)) return;
    for (const resolve of waitingForIdle) resolve();
    waitingForIdle.clear();
  };
  sqs.onAnswered((operation) => {
    // A receive moves what was received too often to the dead letters.
    if (/^(Send|Receive|Delete|Purge)/.test(operation)) tellIdle();
  });

  const serve: ServedQueues['serve'] = async ({ queues, mappings }) => {
    for (const queue of queues.filter(({ name }) => !made.has(name))) {
      const count = await sqs.create(queue);
      made.add(queue.name);
      if (count > 0) log({ kind: 'note', text: `${shortName(queue.logicalId)} holds ${count} of the last run.` });
    }
    served = { queues, mappings };
    const wanted = new Map(mappings.map((mapping) => [JSON.stringify(mapping), mapping]));
    for (const [key, poller] of pollers) {
      if (wanted.has(key)) continue;
      pollers.delete(key);
      await poller.stop();
    }
    for (const [key, mapping] of wanted) {
      const queue = queues.find(({ arn }) => arn === mapping.queueArn);
      const called = functions.get(mapping.functionId);
      if (!queue || !called || pollers.has(key)) continue;
      pollers.set(key, pollQueue({ mapping, queue, called, sqs, log, longestRetrySeconds, onSettled: tellIdle }));
    }
  };
  await serve(options.stack);
  return {
    count,
    serve,
    async idle() {
      const { promise, resolve } = Promise.withResolvers<void>();
      waitingForIdle.add(resolve);
      tellIdle();
      return promise;
    },
    stopPolling: async () => void (await Promise.all([...pollers.values()].map((poller) => poller.stop()))),
  };
}
