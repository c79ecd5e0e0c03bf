import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** Another process that answers questions, one at a time. It ends with this one. */
export interface Child {
  ask<Answer>(name: string, question?: unknown): Promise<Answer>;
  end(): Promise<void>;
}

interface Reply {
  readonly answer?: unknown;
  readonly error?: string;
}

/**
 * Starts one of the programs of this folder with exactly this environment. Its standard output, where the functions
 * write their logs, goes nowhere.
 */
export function startChild(program: string, env: Readonly<Record<string, string>> = {}): Child {
  const child: ChildProcess = fork(new URL(program, import.meta.url), {
    env: { ...env },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  const ended = once(child, 'exit').then(([code]): Reply => ({ error: `${program} ended (${String(code)}).` }));
  return {
    ask: async <Answer>(name: string, question?: unknown): Promise<Answer> => {
      const replied = once(child, 'message').then(([reply]) => reply as Reply);
      child.send({ name, question });
      const { answer, error } = await Promise.race([replied, ended]);
      if (error !== undefined) throw new Error(error);
      return answer as Answer;
    },
    end: async () => {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

/** The child's side: answers each question by its name until the parent is gone. */
export function answerParent(answers: Readonly<Record<string, (question: never) => unknown>>): void {
  process.on('message', ({ name, question }: { name: string; question: never }) => {
    Promise.resolve()
      .then(() => answers[name]?.(question))
      .then(
        (answer) => process.send?.({ answer }),
        (error: unknown) => process.send?.({ error: error instanceof Error ? error.stack : String(error) }),
      );
  });
  process.on('disconnect', () => process.exit(0));
}
