import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

const running = new Set<ChildProcess>();

export interface Finished {
  /** 128 and the signal's number where a signal ended it, as shells say it. */
  readonly status: number;
  /** What it said, on both channels. */
  readonly output: string;
}

export interface RunOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Also let the person at the terminal read along. */
  readonly echo?: boolean;
  /** Asked all the time, with all that was said so far; true presses Ctrl-C, once. */
  readonly interruptWhen?: (output: string) => boolean;
  /** Ends it, and all that it started. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs a program to its end. It leads a process group, so that `stopAll` and Ctrl-C reach what it starts, too. */
export async function run(
  command: string,
  programArguments: readonly string[],
  options: RunOptions,
): Promise<Finished> {
  const child = start(command, programArguments, options.env);
  let output = '';
  for (const channel of [child.stdout, child.stderr]) {
    channel?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (options.echo) process.stdout.write(text);
    });
  }
  const end = () => void stop(child);
  options.signal?.addEventListener('abort', end);
  if (options.signal?.aborted) end();
  const watching = setInterval(() => {
    if (!options.interruptWhen?.(output)) return;
    clearInterval(watching);
    signalGroup(child, 'SIGINT');
  }, 5);
  child.on('close', () => {
    clearInterval(watching);
    options.signal?.removeEventListener('abort', end);
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { status: signal ? 128 + constants.signals[signal] : (code ?? 1), output };
}

/** @param stdin `pipe`: it can see by its standard input that this process is gone. */
export function start(
  command: string,
  programArguments: readonly string[],
  env: NodeJS.ProcessEnv,
  stdin: 'ignore' | 'pipe' = 'ignore',
): ChildProcess {
  const child = spawn(command, programArguments, { env, detached: true, stdio: [stdin, 'pipe', 'pipe'] });
  running.add(child);
  child.on('exit', () => running.delete(child));
  return child;
}

/** Ends a program and all that it started; the last means after five seconds. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit');
    signalGroup(child, 'SIGTERM');
    const patience = setTimeout(() => signalGroup(child, 'SIGKILL'), 5_000);
    await ended;
    clearTimeout(patience);
  }
  // What outlives the leader of its group.
  signalGroup(child, 'SIGKILL');
}

/** Ends whatever is still running. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map(stop));
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Nobody is left in the group.
  }
}
