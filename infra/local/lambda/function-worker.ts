// Runs in a worker thread: one instance of one function, as Lambda's own Node.js runtime does it. Loads the bundle,
// then takes one event at a time.
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { errorChannel } from '../../../shared/contract.ts';
import { describeThrown, type ThrownError } from './describe-thrown.ts';

/** What the instance is started with. */
export interface WorkerSettings {
  readonly file: string;
  readonly exportName: string;
  /** For a debugger; undefined where none is expected. */
  readonly shownSourceMap: string | undefined;
}

/** One event, with what its `context` says. */
export interface Invocation {
  readonly event: string;
  readonly traceId: string;
  readonly deadline: number;
  readonly context: Readonly<Record<string, unknown>>;
}

/** `exit`: end at once, whatever is under way. */
export type WorkerRequest = Invocation | 'exit';

export type WorkerMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'result'; readonly json: string; readonly dynamoDbCalls: number }
  /** The handler threw at Lambda's runtime. */
  | { readonly type: 'failed'; readonly dynamoDbCalls: number }
  /** What a function's log has no message of, while an event is handled or beside that. */
  | { readonly type: 'error'; readonly error: ThrownError };

type Handler = (event: unknown, context: unknown) => unknown;

const { file, exportName, shownSourceMap } = workerData as WorkerSettings;
const { href } = pathToFileURL(file);
if (shownSourceMap !== undefined) (await import('./inspected-source.ts')).showSources(href, shownSourceMap);
// The functions publish it for whoever listens: they do not know that somebody does.
subscribe(errorChannel, (error) => post({ type: 'error', error: describeThrown(error) }));
let dynamoDbCalls = 0;
subscribe('http.client.request.start', (message) => {
  const { request } = message as { request: ClientRequest };
  const endpoint = process.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '';
  if (request.method === 'POST' && endpoint.endsWith(String(request.getHeader('host')))) dynamoDbCalls += 1;
});
const { [exportName]: handler } = (await import(href)) as Record<string, Handler>;
if (typeof handler !== 'function') throw new TypeError(`${exportName} is not a function that the bundle exports`);

parentPort?.on('message', (request: WorkerRequest) => {
  if (request === 'exit') process.exit();
  void answer(handler, request);
});
post({ type: 'ready' });

async function answer(handle: Handler, { event, context, deadline, traceId }: Invocation): Promise<void> {
  process.env['_X_AMZN_TRACE_ID'] = traceId;
  const getRemainingTimeInMillis = () => Math.max(0, deadline - Date.now());
  let message: WorkerMessage;
  dynamoDbCalls = 0;
  try {
    const result = await handle(JSON.parse(event), { ...context, getRemainingTimeInMillis });
    message = { type: 'result', json: JSON.stringify(result) ?? 'null', dynamoDbCalls };
  } catch (error) {
    post({ type: 'error', error: describeThrown(error) });
    message = { type: 'failed', dynamoDbCalls };
  }
  // Lines that were written come before the answer, so that a log is complete when its request is.
  await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))));
  post(message);
}

function post(message: WorkerMessage): void {
  const nothingToTransfer: [] = [];
  parentPort?.postMessage(message, nothingToTransfer);
}
