import { answerParent } from './child.ts';

/**
 * Something whose cost is measured, in a process of its own: its processor time is its own, and what else is measured
 * cannot change how V8 compiled it.
 */
export interface Subject<Input = unknown> {
  /** What the next run is given. Made beforehand, so that making it costs nothing. */
  input(): Input | Promise<Input>;
  /** @throws where the answer is not the one that was to be measured. */
  run(input: Input): Promise<void>;
}

/** A module that makes a subject, and what it needs to know. */
export interface SubjectModule {
  readonly url: string;
  readonly setup: unknown;
}

/** What so many runs took, one after the other. */
export interface Spent {
  /** Microseconds of processor time: user and system, all threads. */
  readonly cpu: number;
  readonly wallMs: number;
}

/** What a person waits for where no process is there yet, in milliseconds. */
export interface ColdStart {
  readonly loadingMs: number;
  /** From when it is loaded. */
  readonly firstRunMs: number;
}

let subject: Subject | undefined;

async function load({ url, setup }: SubjectModule): Promise<{ subject: Subject; loadingMs: number }> {
  const module = (await import(url)) as { start(setup: unknown): Promise<Subject> };
  const begunAtMs = performance.now();
  return { subject: await module.start(setup), loadingMs: performance.now() - begunAtMs };
}

/** This file is also the program of such a process. */
if (process.send !== undefined) {
  answerParent({
    async start(module: SubjectModule) {
      ({ subject } = await load(module));
    },
    /** Its first run begins the moment that it is loaded, as Lambda's first request does. */
    async coldStart(module: SubjectModule): Promise<ColdStart> {
      const loaded = await load(module);
      const input = await loaded.subject.input();
      const begunAtMs = performance.now();
      await loaded.subject.run(input);
      return { loadingMs: loaded.loadingMs, firstRunMs: performance.now() - begunAtMs };
    },
    async run(count: number): Promise<Spent> {
      if (subject === undefined) throw new Error('Nothing was started.');
      const inputs: unknown[] = [];
      for (let index = 0; index < count; index++) inputs.push(await subject.input());
      const before = process.cpuUsage();
      const begunAtMs = performance.now();
      for (const input of inputs) await subject.run(input);
      const wallMs = performance.now() - begunAtMs;
      const { user, system } = process.cpuUsage(before);
      return { cpu: user + system, wallMs };
    },
  });
}
