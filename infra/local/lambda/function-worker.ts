// Runs in a worker thread: one instance of one function, as Lambda's own Node.js runtime does it. Loads the bundle,
// then takes one event at a time.
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';

/** What the instance is started with. */
export interface WorkerSettings {
  readonly file: string;
  readonly exportName: string;
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
  | { readonly type: 'result'; readonly json: string }
  | { readonly type: 'failed' };

type Handler = (event: unknown, context: unknown) => unknown;

const { file, exportName } = workerData as WorkerSettings;
const { [exportName]: handler } = (await import(pathToFileURL(file).href)) as Record<string, Handler>;
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
  try {
    const result = await handle(JSON.parse(event), { ...context, getRemainingTimeInMillis });
    message = { type: 'result', json: JSON.stringify(result) ?? 'null' };
  } catch (error) {
    console.error('Invoke Error', error);
    message = { type: 'failed' };
  }
  // Lines that were written come before the answer, so that a log is complete when its request is.
  await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))));
  post(message);
}

function post(message: WorkerMessage): void {
  const nothingToTransfer: [] = [];
  parentPort?.postMessage(message, nothingToTransfer);
}
