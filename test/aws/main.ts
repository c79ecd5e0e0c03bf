// npm run test:aws: deploys the stack into an AWS emulator with the CDK CLI and asks of it what is asked of the local
// runtime. Needs Python 3; leaves nothing behind.
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adoptStack } from '../../infra/emulator/account.ts';
import { stopAll } from '../../infra/emulator/child.ts';
import { type Emulator, installEmulator, startEmulator } from '../../infra/emulator/emulator.ts';
import { check } from '../../infra/emulator/failure.ts';
import { startPlatform } from '../../infra/simulated-platform/platform.ts';
import { runContract } from '../engines/run-contract.ts';
import { atEnd, phase, runProgram } from '../program.ts';
import { proveAlarms } from './alarms.ts';
import { runAuthorsEmulator } from './author-emulator.ts';
import { checkResources, readResources } from './check-resources.ts';
import { Deployment } from './deployment.ts';
import { runFlow } from './flow.ts';
import { checkLogs } from './logs.ts';
import { apiSecret, breakAndExamine, checkHealth, configure, lookAround, Operator } from './operations.ts';
import { checkRefusals, interruptDeployments } from './refusals.ts';
import { removeWhatRemains } from './remains.ts';
import { rotateUnderLoad } from './rotation.ts';
import { checkSecrecy } from './secrecy.ts';
import { signInBeforeUpdate } from './survival.ts';

const apiKey = '000000000000000000c0ffee';

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
  await phase('Each alarm goes off and is over again', async () => {
    console.log(`    ${await proveAlarms(emulator, python, directory)} alarms, caused`);
  });
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
    checkPrintedCommands(await deployment.outputs());
    await adoptStack(aws, stackName);
  });
  const operator = new Operator(emulator, world);
  await phase('npm run configure', () => configure(operator, apiKey));
  await phase('npm run doctor', () => checkHealth(operator));
  await phase('The flow suite against it', () => runFlow(world, emulator.certificateFile, directory));
  await phase('npm run logs', async () => {
    console.log(`    ${await checkLogs(emulator, baseUrl)} lines`);
  });
  await phase('npm run deploy, of a changed version', async () => {
    const before = await signInBeforeUpdate(world);
    await deployment.run('deploy', { ...deployed, EXTENSION_CONFIG: 'test/aws/changed.extension.config.ts' });
    await before.assertAllSurvived(7);
  });
  await phase('npm run companies, webhooks and migrate', () => lookAround(operator, directory));
  await phase('npm run rotate, work and companies, while requests flow', () =>
    rotateUnderLoad(operator, world, emulator, resources),
  );
  await phase('npm run doctor, of what somebody broke', () => breakAndExamine(operator, emulator, resources, apiKey));
  await phase('No credential in what is left to read', async () => {
    const { logLines, items } = await checkSecrecy(aws, resources);
    check(!deployment.said.includes('CANARY'), 'The CDK CLI printed a credential.');
    check(!operator.said.includes('CANARY'), 'A command printed a credential.');
    console.log(`    ${logLines} lines of logs, ${items} items, all that the CDK CLI and the commands said`);
  });
  await phase('npm run destroy', async () => {
    await deployment.run('destroy');
    await removeWhatRemains(aws, resources);
  });
  await phase('npm run emulator', async () => {
    const seconds = await runAuthorsEmulator(python, directory);
    console.log(`    ${seconds.toFixed(1)} s from an empty account to an installed extension`);
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

/** What the deployment prints names the place of each, in a command that can be run as it is. */
function checkPrintedCommands(outputs: Readonly<Record<string, string>>): void {
  for (const [output, placeholder] of Object.entries({ SetApiKey: 'API_KEY', SetApiSecret: 'API_SECRET' })) {
    const command = outputs[output] ?? '';
    check(
      /^aws secretsmanager put-secret-value --region ap-south-1 --secret-id \S+ --secret-string '\w+'$/.test(command) &&
        command.endsWith(`'${placeholder}'`),
      `The output ${output} is ${command}.`,
    );
  }
}

await runProgram(testDeployedStack, 'The deployed stack does what the local one does.');
