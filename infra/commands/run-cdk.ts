import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { awsClientOptions } from '../../shared/aws-client-options.ts';
import { accessRefusal } from './aws-access.ts';

/**
 * Runs the pinned CDK CLI in this terminal, and gives its status; that of a signal where one ended it. Signals to this process
 * are passed on, and the CLI is waited for.
 */
export async function runCdk(args: readonly string[]): Promise<number> {
  const cli = fileURLToPath(new URL('../../node_modules/aws-cdk/bin/cdk', import.meta.url));
  const child = spawn(process.execPath, [cli, ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.removeAllListeners(signal).on(signal, () => child.kill(signal));
  }
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return signal ? 128 + constants.signals[signal] : (code ?? 1);
}

/** Why the CDK cannot deploy there, in one sentence: nobody has set it up in this region, or AWS refuses even the question. */
export async function bootstrapObjection(
  region: string,
  qualifier: string,
  options: ReturnType<typeof awsClientOptions> & { readonly profile?: string },
  mayBeMissing = false,
): Promise<string | undefined> {
  const ssm = new SSMClient({ region, ...options });
  try {
    await ssm.send(new GetParameterCommand({ Name: `/cdk-bootstrap/${qualifier}/version` }));
    return undefined;
  } catch (error) {
    if ((error as Error).name !== 'ParameterNotFound') return accessRefusal(error as Error, region);
    if (mayBeMissing) return undefined;
    return `The CDK has not been set up in ${region} of this account: run "npm run bootstrap" once, or name the region that you mean in AWS_REGION.`;
  } finally {
    ssm.destroy();
  }
}
