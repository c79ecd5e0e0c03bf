import { availableParallelism } from 'node:os';

/** A function that wants one more instance. */
export interface Starting {
  /** How many instances it has already. */
  readonly instances: () => number;
  /** Settles when the instance has started or has failed to, or is no longer wanted. */
  readonly start: () => Promise<void>;
}

/** Takes the wish; its turn comes. */
export type StartQueue = (starting: Starting) => void;

/**
 * Lets only so many instances start at the same time, of all functions together: each instance on Lambda has a processor
 * of its own to start on, here all have the same ones, and twenty at once would each take twenty times as long. The
 * function with the fewest instances goes first, so that one with many events does not keep the others waiting.
 * @param limit default: one for each core. At least two: an instance may wait for another function while it starts.
 */
export function startQueue(limit = Math.max(2, availableParallelism())): StartQueue {
  const waiting: Starting[] = [];
  let running = 0;
  const next = () => {
    while (running < limit) {
      const fewest = Math.min(...waiting.map(({ instances }) => instances()));
      const index = waiting.findIndex(({ instances }) => instances() === fewest);
      const [first] = waiting.splice(index, index === -1 ? 0 : 1);
      if (!first) return;
      running += 1;
      void first.start().finally(() => {
        running -= 1;
        next();
      });
    }
  };
  return (starting) => {
    waiting.push(starting);
    next();
  };
}
