import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import type { FunctionDefinition } from './function-definition.ts';
import type { Invocation, WorkerMessage, WorkerRequest, WorkerSettings } from './function-worker.ts';

/** What became of an invocation; all but `result` are errors to whoever called. */
export type Outcome =
  | { readonly kind: 'result'; readonly json: string }
  | { readonly kind: 'error'; readonly reason: string };

export interface FunctionInstance {
  /** Settles when it can take events; with the reason where it ended before. Never rejects. */
  readonly started: Promise<string | undefined>;
  /** Takes one event once it has started; the next only after the outcome. Never rejects. */
  invoke(event: string, traceId: string): Promise<Outcome>;
  readonly alive: boolean;
  /** Ends it at once, in the middle of what it does, as a machine that fails. */
  kill(): void;
  end(): Promise<void>;
}

/** Lambda gives 10, on a processor of its own; here it shares those of this machine with all else that runs. */
const initSeconds = 30;
/** A thread that is blocked for longer is ended from outside. */
const exitMilliseconds = 250;
const nothingToTransfer: [] = [];

/**
 * Starts an instance in a thread of its own, with only the given environment. It is killed when it takes too
 * long to load, or longer than the function's timeout to answer.
 */
export function startInstance(
  definition: FunctionDefinition,
  environment: Readonly<Record<string, string>>,
  log: (line: string) => void,
): FunctionInstance {
  const dot = definition.handler.lastIndexOf('.');
  const settings: WorkerSettings = {
    file: entryFile(definition.directory, definition.handler.slice(0, dot)),
    exportName: definition.handler.slice(dot + 1),
  };
  const worker = new Worker(new URL('./function-worker.ts', import.meta.url), {
    name: definition.name,
    workerData: settings,
    env: { ...environment },
    argv: [],
    execArgv: [],
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: definition.memoryMegabytes },
  });
  for (const stream of [worker.stdout, worker.stderr]) createInterface({ input: stream }).on('line', log);

  let alive = true;
  let endReason = 'the local runtime ends';
  let settle: ((outcome: Outcome) => void) | undefined;
  const finish = (outcome: Outcome) => {
    settle?.(outcome);
    settle = undefined;
  };
  const kill = (reason: string) => {
    alive = false;
    endReason = reason;
    log(reason);
    finish({ kind: 'error', reason });
    void stop();
  };
  // By itself: `terminate` makes Node abort the whole process where it meets the end of a WebCrypto job, which a function
  // may well have under way (Assertion failed: try_catch.CanContinue()).
  const stop = async () => {
    worker.postMessage('exit' satisfies WorkerRequest, nothingToTransfer);
    const timer = setTimeout(() => void worker.terminate(), exitMilliseconds);
    await exited;
    clearTimeout(timer);
  };
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const initTimer = setTimeout(() => kill(`Init took more than ${initSeconds} seconds`), initSeconds * 1000);
  const ready = new Promise<void>((resolve) => worker.once('message', () => resolve()));
  const started = Promise.race([ready, exited]).then(() => {
    clearTimeout(initTimer);
    return alive ? undefined : endReason;
  });
  worker.on('message', (message: WorkerMessage) => {
    if (message.type === 'result') finish({ kind: 'result', json: message.json });
    if (message.type === 'failed') finish({ kind: 'error', reason: 'the handler threw' });
  });
  worker.on('error', (error) => kill(error.stack ?? String(error)));
  worker.on('exit', (code) => {
    if (alive) kill(`Runtime exited with status ${code}`);
  });

  return {
    started,
    get alive() {
      return alive;
    },
    async invoke(event, traceId) {
      const outcome = new Promise<Outcome>((resolve) => (settle = resolve));
      if (!alive) return { kind: 'error', reason: 'the instance has ended' };
      const timeout = definition.timeoutSeconds * 1000;
      const timer = setTimeout(() => kill(`Task timed out after ${definition.timeoutSeconds} seconds`), timeout);
      worker.postMessage(invocation(definition, event, traceId, Date.now() + timeout), nothingToTransfer);
      return outcome.finally(() => clearTimeout(timer));
    },
    kill: () => kill('Killed'),
    async end() {
      alive = false;
      finish({ kind: 'error', reason: 'the local runtime ends' });
      await stop();
    },
  };
}

function entryFile(directory: string, name: string): string {
  const candidates = ['.mjs', '.js', '.cjs'].map((extension) => join(directory, `${name}${extension}`));
  return candidates.find((file) => existsSync(file)) ?? join(directory, `${name}.mjs`);
}

function invocation(definition: FunctionDefinition, event: string, traceId: string, deadline: number): Invocation {
  return {
    event,
    traceId,
    deadline,
    context: {
      callbackWaitsForEmptyEventLoop: true,
      functionName: definition.name,
      functionVersion: '$LATEST',
      invokedFunctionArn: definition.arn,
      memoryLimitInMB: String(definition.memoryMegabytes),
      awsRequestId: randomUUID(),
      logGroupName: `/aws/lambda/${definition.name}`,
      logStreamName: 'local',
    },
  };
}
