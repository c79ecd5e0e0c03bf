import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from './child.ts';
import { Failure } from './failure.ts';

/**
 * Makes a Python environment with what a list of requirements names, unless it is there already. The list is complete, and
 * each package is pinned with its digest: pip has nothing to resolve. PYTHON names another interpreter than `python3`.
 * @throws {Failure} where there is no Python that could.
 */
export async function installPythonEnvironment(directory: string, requirements: string): Promise<void> {
  const digest = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex');
  const stamp = join(directory, '.installed');
  if (existsSync(stamp) && (await readFile(stamp, 'utf8')) === digest) return;
  await rm(directory, { recursive: true, force: true });
  const { env } = process;
  const made = await run(env['PYTHON'] || 'python3', ['-m', 'venv', directory], { env }).catch(() => undefined);
  if (made?.status !== 0) {
    throw new Failure(
      'This needs Python 3.10 or newer with its venv module (Debian: apt-get install python3-venv). PYTHON names another one.',
      made?.output,
    );
  }
  const options = ['--quiet', '--disable-pip-version-check', '--require-hashes', '--no-deps', '-r', requirements];
  const installed = await run(join(directory, 'bin', 'python'), ['-m', 'pip', 'install', ...options], { env });
  if (installed.status !== 0) throw new Failure(`pip could not install ${basename(requirements)}.`, installed.output);
  await writeFile(stamp, digest);
}
