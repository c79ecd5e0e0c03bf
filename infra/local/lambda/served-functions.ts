import { isDeepStrictEqual } from 'node:util';
import { StartError } from '../host/start-error.ts';
import type { FunctionDefinition } from './function-definition.ts';
import type { OpenFunction } from './open-function.ts';

/** The functions of a run, by logical id. What they are made of may be replaced while they are called. */
export interface ServedFunctions {
  /** What callers may hold for good: it goes on to whatever the function is made of at that time. */
  get(logicalId: string): OpenFunction | undefined;
  all(): readonly OpenFunction[];
  /**
   * Serves these and no others from now on. Where code that `mustStart` does not start, all stays as it was. What the old
   * instances are doing and what waits for them is finished.
   * @throws {StartError} naming the functions that do not start; why is in their logs.
   */
  replace(
    definitions: readonly FunctionDefinition[],
    mustStart: (definition: FunctionDefinition) => boolean,
  ): Promise<void>;
  /** New instances from now on, of all functions or of those with these labels: what the old ones do is finished. */
  startAnew(labels?: readonly string[]): void;
  close(): Promise<void>;
}

interface Served {
  readonly definition: FunctionDefinition;
  readonly made: OpenFunction;
}

export function serveFunctions(
  definitions: readonly FunctionDefinition[],
  open: (definition: FunctionDefinition) => OpenFunction,
): ServedFunctions {
  let served = new Map(definitions.map((definition) => [definition.logicalId, { definition, made: open(definition) }]));
  const retiring = new Set<OpenFunction>();
  const handles = new Map<string, OpenFunction>();
  const retire = (made: OpenFunction) => {
    retiring.add(made);
    void made.retire().finally(() => retiring.delete(made));
  };
  const all = () => [...served.values()].map(({ made }) => made);

  return {
    get(logicalId) {
      if (!served.has(logicalId)) return undefined;
      const handle = handles.get(logicalId) ?? handleOf(() => served.get(logicalId)?.made);
      handles.set(logicalId, handle);
      return handle;
    },
    all,
    async replace(next, mustStart) {
      const entries = next.map((definition): readonly [string, Served] => {
        const now = served.get(definition.logicalId);
        const isSame = now !== undefined && isDeepStrictEqual(now.definition, definition);
        return [definition.logicalId, isSame ? now : { definition, made: open(definition) }];
      });
      const fresh = entries.map(([, each]) => each).filter(({ made }) => !all().includes(made));
      const started = await Promise.all(
        fresh
          .filter(({ definition }) => mustStart(definition))
          .map(async ({ definition, made }) => ({ label: definition.label, reason: await made.warm() })),
      );
      const failed = started.filter(({ reason }) => reason !== undefined);
      if (failed.length > 0) {
        await Promise.all(fresh.map(({ made }) => made.close()));
        throw new StartError(failed.map(({ label, reason }) => `${label} cannot be loaded: ${reason}.`).join('\n'));
      }
      const old = [...served.values()];
      served = new Map(entries);
      for (const { made } of old) if (!all().includes(made)) retire(made);
    },
    startAnew(labels) {
      for (const [id, { definition, made }] of served) {
        if (labels !== undefined && !labels.includes(definition.label)) continue;
        served.set(id, { definition, made: open(definition) });
        retire(made);
      }
    },
    close: async () => void (await Promise.all([...all(), ...retiring].map((made) => made.close()))),
  };
}

/** Where the function is no longer in the stack, its caller's event fails. */
function handleOf(current: () => OpenFunction | undefined): OpenFunction {
  const made = (): OpenFunction => {
    const now = current();
    if (now === undefined) throw new StartError('The function is no longer in the stack.');
    return now;
  };
  return {
    get name() {
      return made().name;
    },
    get label() {
      return made().label;
    },
    invoke: (event, traceId) =>
      current()?.invoke(event, traceId) ??
      Promise.resolve({ kind: 'error', reason: 'the function is no longer in the stack' }),
    killInstance: (random) => current()?.killInstance(random),
    warm: () => made().warm(),
    retire: () => made().retire(),
    close: () => made().close(),
  };
}
