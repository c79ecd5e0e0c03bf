import type { FunctionDefinition } from './function-definition.ts';
import { type FunctionInstance, type FunctionLog, type Outcome, startInstance } from './function-instance.ts';
import type { Idle, IdleInstances } from './idle-instances.ts';
import { type LocalEndpoints, lambdaEnvironment } from './lambda-environment.ts';
import type { StartQueue } from './start-queue.ts';

export interface OpenFunction {
  readonly name: string;
  /** What its author calls it. */
  readonly label: string;
  /** Never rejects: whatever happens to the instance is an outcome. */
  invoke(event: string, traceId: string): Promise<Outcome>;
  /** Kills an instance that has an event, and answers that event; undefined where none has. `random` in [0, 1). */
  killInstance(random: number): string | undefined;
  /** Starts an instance ahead of its event. Answers why it does not start; undefined where it does. */
  warm(): Promise<string | undefined>;
  /** Finishes what it has, takes nothing more, and ends. */
  retire(): Promise<void>;
  close(): Promise<void>;
}

const maximumInstances = 20;
/** Lambda's limits for a synchronous invocation, in bytes of JSON. */
export const maximumEventBytes = 6_291_456;
const maximumResultBytes = 6_291_556;

function withWait(outcome: Outcome, coldMilliseconds: number | undefined): Outcome {
  const { report } = outcome;
  return report === undefined || coldMilliseconds === undefined
    ? outcome
    : { ...outcome, report: { ...report, coldMilliseconds } };
}

type Failure = Outcome & { readonly kind: 'error' };

/**
 * A function as its callers see it: an idle instance takes the event, the most recently used first; where all are busy
 * a new one starts, up to a limit, and the event goes to whichever is free first. One that cannot start fails one event.
 * @param enqueueStart shared by all functions of the run, as is `waitIdle`, which ends those that are idle for too long.
 */
export function openFunction(
  definition: FunctionDefinition,
  endpoints: LocalEndpoints,
  enqueueStart: StartQueue,
  waitIdle: IdleInstances,
  log: FunctionLog,
): OpenFunction {
  const environment = lambdaEnvironment(definition, endpoints);
  /** Those that are starting included. */
  const instances = new Set<FunctionInstance>();
  const busy = new Map<FunctionInstance, string>();
  const idle = new Map<FunctionInstance, Idle>();
  /** An event may also wait for one of these. */
  const used = new WeakSet<FunctionInstance>();
  const waiting: ((taken: FunctionInstance | Failure) => void)[] = [];
  const ended: Failure = { kind: 'error', reason: 'the local runtime ends' };
  let enqueued = 0;
  let starting = 0;
  let closed = false;
  let retired: (() => void) | undefined;

  const tellRetired = () => {
    if (instances.size === 0 && waiting.length === 0) retired?.();
  };
  const endFor = (instance: FunctionInstance) => {
    instances.delete(instance);
    void instance.end().then(tellRetired);
  };
  const free = (instance: FunctionInstance) => {
    const next = waiting.shift();
    if (next) return next(instance);
    if (retired) return endFor(instance);
    idle.set(
      instance,
      waitIdle(() => {
        idle.delete(instance);
        instances.delete(instance);
        void instance.end();
      }),
    );
  };
  const takeIdle = (): FunctionInstance | undefined => {
    for (const [instance, waits] of [...idle].toReversed()) {
      waits.take();
      idle.delete(instance);
      if (instance.alive) return instance;
      instances.delete(instance);
    }
    return undefined;
  };
  const start = async () => {
    enqueued -= 1;
    // Those that it was for have been taken meanwhile.
    if (closed || starting >= waiting.length) return;
    starting += 1;
    const instance = startInstance(definition, environment, log);
    instances.add(instance);
    const reason = await instance.started;
    starting -= 1;
    if (closed) return;
    if (reason === undefined) {
      free(instance);
    } else {
      instances.delete(instance);
      waiting.shift()?.({ kind: 'error', reason });
    }
    startAsNeeded();
  };
  const startAsNeeded = () => {
    while (enqueued + starting < waiting.length && instances.size + enqueued < maximumInstances) {
      enqueued += 1;
      enqueueStart({ instances: () => instances.size, start });
    }
  };
  const take = (): Promise<FunctionInstance | Failure> => {
    const taken = new Promise<FunctionInstance | Failure>((resolve) => waiting.push(resolve));
    startAsNeeded();
    return taken;
  };
  const giveBack = (instance: FunctionInstance) => {
    if (instance.alive) return free(instance);
    instances.delete(instance);
    startAsNeeded();
    tellRetired();
  };

  return {
    name: definition.name,
    label: definition.label,
    async invoke(event, traceId) {
      if (closed) return ended;
      const askedAt = performance.now();
      const taken = takeIdle();
      const instance = taken ?? (await take());
      if ('kind' in instance) return instance;
      const coldMilliseconds = used.has(instance) || taken ? undefined : performance.now() - askedAt;
      used.add(instance);
      busy.set(instance, event);
      const outcome = withWait(await instance.invoke(event, traceId), coldMilliseconds);
      busy.delete(instance);
      if (closed) return outcome;
      giveBack(instance);
      if (outcome.kind === 'result' && Buffer.byteLength(outcome.json) > maximumResultBytes) {
        const reason = `Response payload size exceeded maximum allowed payload size (${maximumResultBytes} bytes).`;
        log.line(reason);
        return { ...outcome, kind: 'error', reason };
      }
      return outcome;
    },
    killInstance(random) {
      const [instance, event] = [...busy][Math.floor(random * busy.size)] ?? [];
      instance?.kill();
      return event;
    },
    async warm() {
      const { promise, resolve } = Promise.withResolvers<string | undefined>();
      enqueueStart({
        instances: () => instances.size,
        async start() {
          const instance = startInstance(definition, environment, log);
          instances.add(instance);
          const reason = await instance.started;
          if (reason !== undefined) instances.delete(instance);
          else if (!closed) free(instance);
          resolve(reason);
        },
      });
      return promise;
    },
    async retire() {
      const ended = new Promise<void>((resolve) => (retired = resolve));
      for (const [instance, waits] of idle) {
        waits.take();
        idle.delete(instance);
        endFor(instance);
      }
      tellRetired();
      await ended;
    },
    async close() {
      closed = true;
      retired?.();
      for (const waits of idle.values()) waits.take();
      for (const give of waiting.splice(0)) give(ended);
      await Promise.all([...instances].map((instance) => instance.end()));
    },
  };
}
