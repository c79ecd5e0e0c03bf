import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { type AuthorError, openSources } from './author-error.ts';
import { describeThrown, type ThrownError } from './describe-thrown.ts';
import type { FunctionDefinition } from './function-definition.ts';
import type { Invocation, WorkerMessage, WorkerRequest, WorkerSettings } from './function-worker.ts';

/** What became of an invocation; all but `result` are errors to whoever called. */
export type Outcome = (
  | { readonly kind: 'result'; readonly json: string }
  | { readonly kind: 'error'; readonly reason: string }
) & { readonly report?: InvocationReport };

/** What a person at the terminal wants to know of an invocation, beside what came of it. */
export interface InvocationReport {
  readonly errors: readonly AuthorError[];
  readonly dynamoDbCalls: number;
  /** For how long the event waited for an instance to start; undefined where one was there. */
  readonly coldMilliseconds?: number;
  /** What the function logged of its own accord: the objects of its JSON lines. */
  readonly logged: readonly Readonly<Record<string, unknown>>[];
}

/** Where an instance's lines and errors go. */
export interface FunctionLog {
  line(text: string): void;
  error(error: AuthorError): void;
}

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
  log: FunctionLog,
): FunctionInstance {
  const dot = definition.handler.lastIndexOf('.');
  const settings: WorkerSettings = {
    file: entryFile(definition.directory, definition.handler.slice(0, dot)),
    exportName: definition.handler.slice(dot + 1),
    shownSourceMap: definition.isInspected ? definition.sourceMap : undefined,
  };
  const sources = openSources(settings.file, definition.sourceMap);
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
  let errors: AuthorError[] = [];
  let logged: Readonly<Record<string, unknown>>[] = [];
  for (const stream of [worker.stdout, worker.stderr]) {
    createInterface({ input: stream }).on('line', (text) => {
      const fields = parseLogLine(text);
      if (fields !== undefined) logged.push(fields);
      log.line(sources.resolve(text));
    });
  }
  const noteError = (thrown: ThrownError) => {
    const error = sources.describe(thrown);
    errors.push(error);
    log.error(error);
  };

  let alive = true;
  let endReason = 'the local runtime ends';
  let settle: ((outcome: Outcome) => void) | undefined;
  const finish = (outcome: Outcome, dynamoDbCalls = 0) => {
    settle?.({ ...outcome, report: { errors, dynamoDbCalls, logged } });
    settle = undefined;
  };
  const kill = (reason: string) => {
    alive = false;
    endReason = reason;
    log.line(reason);
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
    if (message.type === 'result') finish({ kind: 'result', json: message.json }, message.dynamoDbCalls);
    if (message.type === 'failed') finish({ kind: 'error', reason: 'the handler threw' }, message.dynamoDbCalls);
    if (message.type === 'error') noteError(message.error);
  });
  worker.on('error', (error: unknown) => {
    noteError(describeThrown(error));
    kill(errors.at(-1)?.text.split('\n')[0] ?? 'The instance has ended');
  });
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
      [errors, logged] = [[], []];
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

/** The object of a line of JSON; undefined of any other line. */
function parseLogLine(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
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
