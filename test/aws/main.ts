// npm run test:aws: deploys the stack into an AWS emulator with the CDK CLI and asks of it what is asked of the local
// runtime. Needs Python 3; leaves nothing behind.
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { stopAll } from '../../infra/emulator/child.ts';
import { type Emulator, installEmulator, startEmulator } from '../../infra/emulator/emulator.ts';
import { check } from '../../infra/emulator/failure.ts';
import { grantWhatTheEmulatorDoesNotKnow } from '../../infra/emulator/policies.ts';
import { startPlatform } from '../../infra/simulated-platform/platform.ts';
import { runContract } from '../engines/run-contract.ts';
import { atEnd, phase, runProgram } from '../program.ts';
import { checkResources, readResources } from './check-resources.ts';
import { Deployment } from './deployment.ts';
import { runFlow } from './flow.ts';
import { checkRefusals, interruptDeployments } from './refusals.ts';
import { removeWhatRemains } from './remains.ts';
import { checkSecrecy } from './secrecy.ts';
import { signInBeforeUpdate } from './survival.ts';

const apiKey = '000000000000000000c0ffee';
const apiSecret = 'CANARY-api-secret';

async function testDeployedStack(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'test-aws-'));
  atEnd(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
  // Before the directory goes: all of them write into it.
  atEnd(stopAll);

  const python = await phase('Installing the AWS emulator', () =>
    installEmulator(process.env['TEST_AWS_VENV'] || join(directory, 'venv')),
  );
  const emulator = await phase('Starting it', () =>
    startEmulator(python, directory, {
      AWS_SECRET_ACCESS_KEY: 'CANARY-secret-access-key',
      // What the flow suite is written for, whatever the author has made of the project's own.
      EXTENSION_CONFIG: 'test/extension/extension.config.ts',
    }),
  );
  atEnd(() => emulator.close());
  const { aws } = emulator;
  const deployment = new Deployment(emulator, directory);

  await phase('The store’s contract on its DynamoDB', () =>
    runContract({ name: 'MiniStack', endpoint: emulator.endpoint }, emulator.environment),
  );
  await phase('What cannot be deployed', () => checkRefusals(deployment, emulator));
  await phase('npm run bootstrap', () => deployment.run('bootstrap'));
  await phase('npm run deploy, interrupted', () =>
    interruptDeployments(deployment, emulator, {
      'while it synthesizes': () => isBundling(emulator),
      'while it uploads': (output) => output.includes('start: Publishing'),
      'while CloudFormation works': (output) => output.includes('creating CloudFormation changeset'),
    }),
  );
  await phase('npm run deploy', () => deployment.run('deploy'));
  const stackName = 'test-lens';
  const template = await deployment.template();
  const resources = await readResources(aws, stackName, template);
  await phase('What exists against what was synthesized', async () => {
    const count = await checkResources(aws, resources);
    console.log(`    ${Object.keys(template.Resources).length} resources, ${count} of their properties`);
  });

  const { origin: platformUrl, baseUrl } = await startPlatformFor(emulator, deployment);
  const world = { baseUrl, platformUrl, apiKey };
  const deployed = { EXTENSION_BASE_URL: baseUrl, FP_API_DOMAIN: platformUrl };
  await phase(`npm run deploy, with EXTENSION_BASE_URL=${baseUrl}`, async () => {
    await deployment.run('deploy', deployed);
    const { ExtensionUrl } = await deployment.outputs();
    check(ExtensionUrl === baseUrl, `The output ExtensionUrl is ${ExtensionUrl}.`);
    await putApiKeyAndSecret(emulator, await deployment.outputs());
    await grantWhatTheEmulatorDoesNotKnow(aws, resources.names('AWS::IAM::Role'));
  });
  await phase('The flow suite against it', () => runFlow(world, emulator.certificateFile, directory));
  await phase('npm run deploy, of a changed version', async () => {
    const before = await signInBeforeUpdate(world);
    await deployment.run('deploy', { ...deployed, EXTENSION_CONFIG: 'test/aws/changed.extension.config.ts' });
    await before.assertAllSurvived(7);
  });
  await phase('No credential in what is left to read', async () => {
    const { logLines, items } = await checkSecrecy(aws, resources);
    check(!deployment.said.includes('CANARY'), 'The CDK CLI printed a credential.');
    console.log(`    ${logLines} lines of logs, ${items} items, all that the CDK CLI said`);
  });
  await phase('npm run destroy', async () => {
    await deployment.run('destroy');
    await removeWhatRemains(aws, resources);
  });
}

function isBundling(emulator: Emulator): boolean {
  return readdirSync(emulator.temporaryDirectory).some((name) => name.startsWith('extension-bundles-'));
}

/** The API's own address there takes the place of the one that AWS would give it. */
async function startPlatformFor(
  emulator: Emulator,
  deployment: Deployment,
): Promise<{ origin: string; baseUrl: string }> {
  const { ExtensionUrl = '' } = await deployment.outputs();
  const [, api] = /^https:\/\/(\w+)\.execute-api\.ap-south-1\.amazonaws\.com$/.exec(ExtensionUrl) ?? [];
  check(api !== undefined, `The output ExtensionUrl is ${ExtensionUrl}.`);
  const baseUrl = `https://${api}.execute-api.localhost:${emulator.port}`;
  const platform = await startPlatform({ extension: { apiKey, apiSecret, baseUrl } });
  atEnd(() => platform.close());
  return { origin: platform.origin, baseUrl };
}

/** As the two commands do that the deployment prints. */
async function putApiKeyAndSecret(emulator: Emulator, outputs: Readonly<Record<string, string>>): Promise<void> {
  const { AWS_REGION, AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = emulator.environment;
  const client = new SecretsManagerClient({
    region: AWS_REGION ?? '',
    endpoint: AWS_ENDPOINT_URL ?? '',
    credentials: { accessKeyId: AWS_ACCESS_KEY_ID ?? '', secretAccessKey: AWS_SECRET_ACCESS_KEY ?? '' },
  });
  for (const [output, placeholder, value] of [
    ['SetApiKey', 'API_KEY', apiKey],
    ['SetApiSecret', 'API_SECRET', apiSecret],
  ] as const) {
    const command = outputs[output] ?? '';
    const [, region, SecretId] =
      /^aws secretsmanager put-secret-value --region (\S+) --secret-id (\S+) --secret-string '\w+'$/.exec(command) ??
      [];
    check(region === AWS_REGION && command.endsWith(`'${placeholder}'`), `The output ${output} is ${command}.`);
    await client.send(new PutSecretValueCommand({ SecretId, SecretString: value }));
  }
  client.destroy();
}

await runProgram(testDeployedStack, 'The deployed stack does what the local one does.');
