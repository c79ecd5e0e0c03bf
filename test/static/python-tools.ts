import { createHash } from 'node:crypto';
import { existsSync, globSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../aws/child.ts';
import { Failure } from '../aws/failure.ts';

/** Programs of a Python environment of their own. */
export interface PythonTools {
  readonly cfnLint: string;
  readonly sam: string;
  readonly checkov: string;
  /** AWS's Runtime Interface Emulator for this processor, which the SAM CLI brings along for its containers. */
  readonly runtimeEmulator: string;
}

/** Below the directory, each only once for one list of requirements. Every package is pinned, with its digest. */
export async function installPythonTools(directory: string): Promise<PythonTools> {
  // checkov wants other versions of what the others need.
  const [cloudFormation, checkov] = await Promise.all([
    installEnvironment(directory, 'cloudformation'),
    installEnvironment(directory, 'checkov'),
  ]);
  const processor = process.arch === 'arm64' ? 'arm64' : 'x86_64';
  const [emulator] = globSync(`lib/python*/site-packages/samcli/local/rapid/aws-lambda-rie-${processor}`, {
    cwd: cloudFormation,
  });
  if (emulator === undefined) throw new Failure('The SAM CLI brings no Runtime Interface Emulator along any more.');
  return {
    cfnLint: join(cloudFormation, 'bin', 'cfn-lint'),
    sam: join(cloudFormation, 'bin', 'sam'),
    checkov: join(checkov, 'bin', 'checkov'),
    runtimeEmulator: join(cloudFormation, emulator),
  };
}

async function installEnvironment(directory: string, name: string): Promise<string> {
  const venv = join(directory, name);
  const requirements = fileURLToPath(import.meta.resolve(`./${name}.requirements.txt`));
  const digest = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex');
  const stamp = join(venv, '.installed');
  if (existsSync(stamp) && (await readFile(stamp, 'utf8')) === digest) return venv;
  await rm(venv, { recursive: true, force: true });
  const { env } = process;
  const made = await run(env['PYTHON'] || 'python3', ['-m', 'venv', venv], { env }).catch(() => undefined);
  if (made?.status !== 0) {
    throw new Failure(
      'The static checks need Python 3.10 or newer with its venv module (Debian: apt-get install python3-venv). PYTHON names another one.',
      made?.output,
    );
  }
  // The list is complete: pip has nothing to resolve.
  const options = ['--quiet', '--disable-pip-version-check', '--require-hashes', '--no-deps', '-r', requirements];
  const installed = await run(join(venv, 'bin', 'python'), ['-m', 'pip', 'install', ...options], { env });
  if (installed.status !== 0) throw new Failure(`pip could not install ${name}.requirements.txt.`, installed.output);
  await writeFile(stamp, digest);
  return venv;
}
