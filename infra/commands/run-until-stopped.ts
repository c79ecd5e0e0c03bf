import { ConfigurationError } from '../../shared/config.ts';
import { StartError } from '../local/host/start-error.ts';
import { describeError } from '../local/host/system-error.ts';

/** What is running, and how it ends. */
export interface Running {
  /** Settles when something that was started ends by itself; the sentence says what. Undefined: all is done. */
  readonly ended?: Promise<string | undefined> | undefined;
}

/** Takes what must be closed at the end, the last one first. */
export type Defer = (close: () => unknown) => void;

const patienceMilliseconds = 5000;

/**
 * Runs a command until Ctrl-C, and ends the process: status 0 when it was asked to end, 1 with one sentence on stderr
 * when it could not start or go on. A signal may come twice, from the terminal and from the process that started this
 * one; it counts once. That that process is gone, which a killed one cannot tell, counts as a signal. An error that
 * nobody caught ends it too, in the same order, so that what is open is written to its end.
 */
export async function runUntilStopped(start: (defer: Defer, signal: AbortSignal) => Promise<Running>): Promise<never> {
  const closers: (() => unknown)[] = [];
  const stop = new AbortController();
  const stopped = new Promise<undefined>((resolve) => {
    stop.signal.addEventListener('abort', () => resolve(undefined));
  });
  for (const event of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect']) process.on(event, () => stop.abort());
  const broken = new Promise<never>((_resolve, reject) => {
    for (const event of ['uncaughtException', 'unhandledRejection'] as const) process.on(event, reject);
  });
  broken.catch(() => undefined);
  // Only a process that had a channel has `send`.
  if (process.send && !process.connected) stop.abort();
  // Whoever read the output is gone: nobody is left to serve.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => stop.abort());
  let status = 0;
  try {
    const starting = start((close) => void closers.push(close), stop.signal);
    starting.catch(() => undefined);
    const running = await Promise.race([starting, stopped, broken]);
    const ended = running && (await Promise.race([running.ended ?? stopped, stopped, broken]));
    if (ended !== undefined) throw new StartError(ended);
    // What was still starting is waited for, so that it can be closed.
    await starting;
  } catch (error) {
    if (!stop.signal.aborted) {
      status = 1;
      const isSentence = error instanceof StartError || error instanceof ConfigurationError;
      console.error(isSentence ? error.message : describeError(error));
    }
  }
  setTimeout(() => process.exit(status), patienceMilliseconds).unref();
  for (let close = closers.pop(); close; close = closers.pop()) {
    try {
      await close();
    } catch (error) {
      console.error(error instanceof StartError ? error.message : describeError(error));
      status = 1;
    }
  }
  process.exit(status);
}
