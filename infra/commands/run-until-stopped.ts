import { StartError } from '../local/host/start-error.ts';

/** What is running, and how it ends. */
export interface Running {
  /** Settles when something that was started ends by itself; the sentence says what. */
  readonly ended?: Promise<string> | undefined;
}

/** Takes what must be closed at the end, the last one first. */
export type Defer = (close: () => unknown) => void;

const patienceMilliseconds = 5000;

/**
 * Runs a command until Ctrl-C, and ends the process: status 0 when it was asked to end, 1 with one sentence on stderr
 * when it could not start or go on. A signal may come twice, from the terminal and from the process that started this
 * one; it counts once. That that process is gone, which a killed one cannot tell, counts as a signal.
 */
export async function runUntilStopped(start: (defer: Defer, signal: AbortSignal) => Promise<Running>): Promise<never> {
  const closers: (() => unknown)[] = [];
  const stop = new AbortController();
  const stopped = new Promise<undefined>((resolve) => {
    stop.signal.addEventListener('abort', () => resolve(undefined));
  });
  for (const event of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect']) process.on(event, () => stop.abort());
  // Only a process that had a channel has `send`.
  if (process.send && !process.connected) stop.abort();
  // Whoever read the output is gone: nobody is left to serve.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => stop.abort());
  let status = 0;
  try {
    const starting = start((close) => void closers.push(close), stop.signal);
    starting.catch(() => undefined);
    const running = await Promise.race([starting, stopped]);
    const ended = running && (await Promise.race([running.ended ?? stopped, stopped]));
    if (ended !== undefined) throw new StartError(ended);
    // What was still starting is waited for, so that it can be closed.
    await starting;
  } catch (error) {
    if (!stop.signal.aborted) {
      status = 1;
      console.error(error instanceof StartError ? error.message : error);
    }
  }
  setTimeout(() => process.exit(status), patienceMilliseconds).unref();
  for (let close = closers.pop(); close; close = closers.pop()) {
    try {
      await close();
    } catch (error) {
      console.error(error);
      status = 1;
    }
  }
  process.exit(status);
}
