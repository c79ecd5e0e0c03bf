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

let subject: Subject | undefined;

/** This file is also the program of such a process. */
if (process.send !== undefined) {
  answerParent({
    async start({ url, setup }: SubjectModule) {
      const module = (await import(url)) as { start(setup: unknown): Promise<Subject> };
      subject = await module.start(setup);
    },
    /** Microseconds of processor time (user and system, all threads) for so many runs, one after the other. */
    async run(count: number) {
      if (subject === undefined) throw new Error('Nothing was started.');
      const inputs: unknown[] = [];
      for (let index = 0; index < count; index++) inputs.push(await subject.input());
      const before = process.cpuUsage();
      for (const input of inputs) await subject.run(input);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    },
  });
}
