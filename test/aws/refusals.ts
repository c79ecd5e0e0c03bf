import { readdir } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Aws } from '../../infra/emulator/aws.ts';
import type { Emulator } from '../../infra/emulator/emulator.ts';
import { check } from '../../infra/emulator/failure.ts';
import type { Command, Deployment } from './deployment.ts';

interface Refusal {
  readonly when: string;
  readonly command?: Command;
  readonly changes: Readonly<Record<string, string | undefined>>;
  readonly sentence: RegExp;
}

const refusals: readonly Refusal[] = [
  {
    when: 'without credentials',
    changes: { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined },
    sentence: /^No AWS credentials can be used: .+\.$/,
  },
  {
    when: 'with credentials that AWS does not know',
    changes: { AWS_ACCESS_KEY_ID: 'AKIAAAAAAAAAAAAAAAAA', AWS_SECRET_ACCESS_KEY: 'CANARY-unknown' },
    sentence: /^AWS does not accept the credentials \(\w+\): .+\.$/,
  },
  {
    when: 'with a profile that does not exist',
    changes: { AWS_PROFILE: 'nobody', AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined },
    sentence: /^No AWS credentials can be used: .+\.$/,
  },
  {
    when: 'without a region',
    changes: { AWS_REGION: undefined, AWS_DEFAULT_REGION: undefined },
    sentence: /^No region is named: .+\.$/,
  },
  {
    when: 'destroying without a region',
    command: 'destroy',
    changes: { AWS_REGION: undefined, AWS_DEFAULT_REGION: undefined },
    sentence: /^No region is named: .+\.$/,
  },
  {
    when: 'to a region that is set up for nothing',
    changes: { AWS_REGION: 'eu-west-1' },
    sentence: /^The CDK has not been set up in eu-west-1 of this account: .+\.$/,
  },
  {
    when: 'without the CDK set up',
    changes: {},
    sentence: /^The CDK has not been set up in ap-south-1 of this account: .+\.$/,
  },
  {
    when: 'with a configuration that is wrong',
    changes: { EXTENSION_CONFIG: 'test/aws/broken.extension.config.ts' },
    sentence: /^\S*extension\.config\.ts: scopes\.0 must look like .+\.$/,
  },
  {
    when: 'with a configuration that does not exist',
    changes: { EXTENSION_CONFIG: 'nowhere.ts' },
    sentence: /^nowhere\.ts does not exist\..+\.$/,
  },
  {
    when: 'for a platform that is none',
    changes: { FP_API_DOMAIN: 'http://api.fynd.com' },
    sentence: /^FP_API_DOMAIN must be .+\.$/,
  },
];

/** What cannot be deployed ends with status 1 and one sentence, and nothing has come into being. */
export async function checkRefusals(deployment: Deployment, { aws }: Emulator): Promise<void> {
  for (const { when, command = 'deploy', changes, sentence } of refusals) {
    const { status, output } = await deployment.attempt(command, changes);
    check(status === 1, `${command} ${when} ends with status ${status}.`, output);
    check(sentence.test(output.trim()), `${command} ${when} does not end with the one sentence.`, output);
    check(!output.includes('CANARY'), `${command} ${when} prints a secret.`);
    console.log(`    ${command} ${when}: ${output.trim()}`);
  }
  check((await stacks(aws)).length === 0, 'A deployment that was refused left a stack.');
}

/** Ctrl-C in the middle, at each of the moments, and again: the next deployment finishes the work. */
export async function interruptDeployments(
  deployment: Deployment,
  emulator: Emulator,
  moments: Readonly<Record<string, (output: string) => boolean>>,
): Promise<void> {
  for (const [moment, reached] of Object.entries(moments)) {
    const { status, output } = await deployment.attempt('deploy', {}, reached);
    check(status !== 0, `A deployment that was interrupted ${moment} ends with status 0.`, output);
    const left = await bundlesLeft(emulator);
    check(left.length === 0, `A deployment that was interrupted ${moment} leaves ${left.join(', ')} behind.`);
    console.log(
      `    interrupted ${moment}: status ${status}, stacks: ${(await stacks(emulator.aws)).join(', ') || 'none'}`,
    );
  }
}

/** What runs to its end after its terminal was told that all is over is waited for. */
async function bundlesLeft({ temporaryDirectory }: Emulator): Promise<string[]> {
  for (let patience = 50; ; patience -= 1) {
    const left = (await readdir(temporaryDirectory)).filter((name) => name.startsWith('extension-bundles-'));
    if (left.length === 0 || patience === 0) return left;
    await wait(100);
  }
}

async function stacks(aws: Aws): Promise<string[]> {
  const { StackSummaries } = await aws.ask<{ StackSummaries: { StackName: string; StackStatus: string }[] }>(
    'cloudformation',
    'ListStacks',
  );
  return StackSummaries.filter(
    ({ StackName, StackStatus }) => StackName !== 'CDKToolkit' && StackStatus !== 'DELETE_COMPLETE',
  ).map(({ StackName, StackStatus }) => `${StackName} ${StackStatus}`);
}
