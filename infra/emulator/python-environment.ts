import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from './child.ts';
import { Failure } from './failure.ts';

const stampName = '.installed';
const isNewEnough = 'import sys; sys.exit(sys.version_info < (3, 10))';

/** Whether an environment of this directory has exactly what this list of requirements names. */
export async function isPythonEnvironment(directory: string, requirements: string): Promise<boolean> {
  const stamp = join(directory, stampName);
  return existsSync(stamp) && (await readFile(stamp, 'utf8')) === (await digestOf(requirements));
}

/**
 * Makes a Python environment with what a list of requirements names, unless it is there already. The list is complete, and
 * each package is pinned with its digest: pip has nothing to resolve. PYTHON names another interpreter than `python3`.
 * @param signal gives it up.
 * @throws {Failure} where there is no Python that could.
 */
export async function installPythonEnvironment(
  directory: string,
  requirements: string,
  signal?: AbortSignal,
): Promise<void> {
  if (await isPythonEnvironment(directory, requirements)) return;
  await rm(directory, { recursive: true, force: true });
  const { env } = process;
  const python = env['PYTHON'] || 'python3';
  for (const attempt of [
    ['-c', isNewEnough],
    ['-m', 'venv', directory],
  ]) {
    const made = await run(python, attempt, { env, signal }).catch(() => undefined);
    if (made?.status === 0) continue;
    throw new Failure(
      `Python 3.10 or newer with its venv module is needed (Debian: apt-get install python3-venv), and ${python} is none. PYTHON names another one.`,
      made?.output,
    );
  }
  const options = ['--quiet', '--disable-pip-version-check', '--require-hashes', '--no-deps', '-r', requirements];
  const installed = await run(join(directory, 'bin', 'python'), ['-m', 'pip', 'install', ...options], { env, signal });
  if (installed.status !== 0) throw new Failure(`pip could not install ${basename(requirements)}.`, installed.output);
  await writeFile(join(directory, stampName), await digestOf(requirements));
}

async function digestOf(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}
