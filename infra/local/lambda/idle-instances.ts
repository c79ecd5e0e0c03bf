/** One that waits for an event. */
export interface Idle {
  /** It has an event: it is not to be ended. */
  take(): void;
}

/** Notes that an instance is idle; `end` is called when it has been so for too long. */
export type IdleInstances = (end: () => void) => Idle;

/** Lambda keeps them for some minutes; here each holds memory that somebody's editor needs. */
const defaultSeconds = 60;
const defaultMost = 24;

/**
 * Ends instances that nobody needs, of all functions together: those that were idle for a while, and the one that has
 * been idle for longest when there are too many.
 */
export function idleInstances({ seconds = defaultSeconds, most = defaultMost } = {}): IdleInstances {
  /** The longest idle one first. */
  const idle = new Set<() => void>();
  return (end) => {
    const over = () => {
      take();
      end();
    };
    const timer = setTimeout(over, seconds * 1000).unref();
    const take = () => {
      clearTimeout(timer);
      idle.delete(over);
    };
    idle.add(over);
    const [longest] = idle;
    if (idle.size > most) longest?.();
    return { take };
  };
}
