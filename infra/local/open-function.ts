import type { FunctionDefinition } from './function-definition.ts';
import { type FunctionInstance, type Outcome, startInstance } from './function-instance.ts';
import { type LocalEndpoints, lambdaEnvironment } from './lambda-environment.ts';

export interface OpenFunction {
  readonly name: string;
  /** Never rejects: whatever happens to the instance is an outcome. */
  invoke(event: string, traceId: string): Promise<Outcome>;
  close(): Promise<void>;
}

const maximumInstances = 20;
/** Lambda's limits for a synchronous invocation, in bytes of JSON. */
export const maximumEventBytes = 6_291_456;
const maximumResultBytes = 6_291_556;

/**
 * A function as its callers see it: an idle instance takes the event, the most recently used first; where all are busy
 * a new one starts, up to a limit; beyond it the event waits.
 */
export function openFunction(
  definition: FunctionDefinition,
  endpoints: LocalEndpoints,
  log: (line: string) => void,
): OpenFunction {
  const environment = lambdaEnvironment(definition, endpoints);
  const instances = new Set<FunctionInstance>();
  const idle: FunctionInstance[] = [];
  const waiting: ((instance: FunctionInstance) => void)[] = [];
  let closed = false;

  const start = () => {
    const instance = startInstance(definition, environment, log);
    instances.add(instance);
    return instance;
  };
  const take = async () => {
    for (let instance = idle.pop(); instance; instance = idle.pop()) {
      if (instance.alive) return instance;
      instances.delete(instance);
    }
    if (instances.size < maximumInstances) return start();
    return new Promise<FunctionInstance>((resolve) => waiting.push(resolve));
  };
  const giveBack = (instance: FunctionInstance) => {
    if (!instance.alive) instances.delete(instance);
    const next = waiting.shift();
    if (next) next(instance.alive ? instance : start());
    else if (instance.alive) idle.push(instance);
  };

  return {
    name: definition.name,
    async invoke(event, traceId) {
      if (closed) return { kind: 'error', reason: 'the local runtime ends' };
      const instance = await take();
      const outcome = await instance.invoke(event, traceId);
      if (closed) return outcome;
      giveBack(instance);
      if (outcome.kind === 'result' && Buffer.byteLength(outcome.json) > maximumResultBytes) {
        const reason = `Response payload size exceeded maximum allowed payload size (${maximumResultBytes} bytes).`;
        log(reason);
        return { kind: 'error', reason };
      }
      return outcome;
    },
    async close() {
      closed = true;
      await Promise.all([...instances].map((instance) => instance.end()));
    },
  };
}
