import { globSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '../../infra/emulator/failure.ts';
import { installPythonEnvironment } from '../../infra/emulator/python-environment.ts';

/** Programs of a Python environment of their own. */
export interface PythonTools {
  readonly cfnLint: string;
  readonly sam: string;
  readonly checkov: string;
  /** AWS's Runtime Interface Emulator for this processor, which the SAM CLI brings along for its containers. */
  readonly runtimeEmulator: string;
}

/** Below the directory, where they stay. */
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
  const environment = join(directory, name);
  await installPythonEnvironment(environment, fileURLToPath(import.meta.resolve(`./${name}.requirements.txt`)));
  return environment;
}
