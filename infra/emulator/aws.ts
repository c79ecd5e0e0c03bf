import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * Every service of AWS through the botocore that MiniStack brings along: what the test asks of a dozen services is not
 * worth a dozen SDK packages. Answers are typed by who asks.
 */
export class Aws {
  readonly #child;
  readonly #lines;
  #asked: Promise<unknown> = Promise.resolve();

  constructor(python: string, environment: NodeJS.ProcessEnv) {
    const program = fileURLToPath(import.meta.resolve('./aws.py'));
    this.#child = spawn(python, ['-I', program], {
      env: environment,
      stdio: ['pipe', 'pipe', 'inherit'],
      // Ctrl-C is not for it: it ends with `close`, or with its standard input.
      detached: true,
    });
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  /** One question after the other. @throws what the service refuses, with its code in the message. */
  async ask<Answer>(service: string, operation: string, input: object = {}): Promise<Answer> {
    const answer = this.#asked.then(() => this.#ask<Answer>(service, operation, input));
    this.#asked = answer.catch(() => undefined);
    return await answer;
  }

  async #ask<Answer>(service: string, operation: string, input: object): Promise<Answer> {
    this.#child.stdin.write(`${JSON.stringify({ service, operation, input })}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('The program that asks AWS has ended.');
    const { answer, error } = JSON.parse(value) as { answer: Answer; error?: string };
    if (error !== undefined) throw new Error(`${service} ${operation}: ${error}`);
    return answer;
  }

  close(): void {
    this.#child.kill();
  }
}
