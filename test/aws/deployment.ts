import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../infra/emulator/child.ts';
import type { Emulator } from '../../infra/emulator/emulator.ts';
import { check } from '../../infra/emulator/failure.ts';

export interface Template {
  readonly Resources: Readonly<Record<string, TemplateResource>>;
}

export interface TemplateResource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
}

export type Command = 'bootstrap' | 'deploy' | 'destroy';

export interface Attempt {
  readonly status: number;
  readonly output: string;
}

/** The stack, as the commands of package.json treat it, with an assembly directory of its own. */
export class Deployment {
  readonly #emulator: Emulator;
  readonly #directory: string;
  readonly #outputsFile: string;
  /** All that the commands printed. */
  said = '';

  constructor(emulator: Emulator, directory: string) {
    this.#emulator = emulator;
    this.#directory = join(directory, 'cdk.out');
    this.#outputsFile = join(directory, 'outputs.json');
  }

  /** `undefined` takes a variable out of the environment. */
  async attempt(
    command: Command,
    changes: Readonly<Record<string, string | undefined>> = {},
    interruptWhen?: (output: string) => boolean,
  ): Promise<Attempt> {
    const programArguments = ['run', '--silent', command, '--', '--output', this.#directory, ...this.#flags(command)];
    const finished = await run('npm', programArguments, {
      env: { ...this.#emulator.environment, ...changes },
      ...(interruptWhen && { interruptWhen }),
    });
    this.said += finished.output;
    return finished;
  }

  /** @throws {Failure} with all that the command said, where it failed. */
  async run(command: Command, changes?: Readonly<Record<string, string | undefined>>): Promise<void> {
    const { status, output } = await this.attempt(command, changes);
    check(status === 0, `npm run ${command} ended with status ${status}.`, output);
  }

  #flags(command: Command): string[] {
    if (command === 'destroy') return ['--force'];
    if (command === 'bootstrap') return [];
    return ['--require-approval', 'never', '--outputs-file', this.#outputsFile];
  }

  async outputs(): Promise<Readonly<Record<string, string>>> {
    const byStack = JSON.parse(await readFile(this.#outputsFile, 'utf8')) as Record<string, Record<string, string>>;
    const [outputs] = Object.values(byStack);
    check(outputs !== undefined, 'The deployment has no outputs.');
    return outputs;
  }

  async template(): Promise<Template> {
    return JSON.parse(await readFile(join(this.#directory, 'Extension.template.json'), 'utf8')) as Template;
  }
}
