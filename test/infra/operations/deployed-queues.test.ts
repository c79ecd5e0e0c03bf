import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadExtension } from '../../../infra/load-extension.ts';
import { findRunning, type RunningExtension } from '../../../infra/local/running-extension.ts';
import { stackDescription } from '../../../infra/stack-name.ts';
import { environment } from '../../../shared/contract.ts';
import { Browser } from '../../flow/browser.ts';
import { type LocalWorld, startWorld } from '../../start-world.ts';
import { type AwsStandIn, startAwsStandIn } from '../commands/fixture/aws-stand-in.ts';
import { runCommand } from '../local/fixture/run-command.ts';
import { temporaryDirectory } from '../local/fixture/start-fixture.ts';

// The extension runs on this machine, and its queues are told to commands as those of a stack.
const data = temporaryDirectory();
const configFile = 'test/extension/extension.config.ts';
let local: LocalWorld;
let running: RunningExtension;
let aws: AwsStandIn;
let work: { readonly url: string; readonly deadLettersUrl: string };
beforeAll(async () => {
  local = await startWorld({ dataDir: data.path, configFile });
  running = await findRunning(data.path, data.path);
  work = running.redrives.find(({ url }) => url === running.resourceNames[environment.workQueueUrl]) ?? {
    url: '',
    deadLettersUrl: '',
  };
  const { name } = await loadExtension({ EXTENSION_CONFIG: configFile });
  const outputs = {
    SetApiKey: 'aws secretsmanager put-secret-value --secret-id key --secret-string X',
    SetApiSecret: 'aws secretsmanager put-secret-value --secret-id secret --secret-string X',
    InstallationsTableName: 'x',
    UserCacheTableName: 'x',
    DeliveriesTableName: 'x',
    TokenKeySecretId: 'x',
    WorkQueueUrl: work.url,
    DeadLetterQueueUrl: work.deadLettersUrl,
    Redrive: `npm run redrive -- --from ${work.deadLettersUrl} --to ${work.url}`,
  };
  const deployed = { status: 'CREATE_COMPLETE', description: stackDescription(name), outputs };
  aws = await startAwsStandIn({
    stacks: { deployed },
    secrets: {},
    isBootstrapped: () => true,
    refusals: () => ({}),
    onRequest: () => undefined,
  });
  const browser = new Browser(local.world);
  await browser.signIn(1);
  await local.extension.idle();
});
afterAll(async () => {
  aws.close();
  await local.close();
  data[Symbol.dispose]();
});

async function run(program: string, ...args: string[]) {
  const variables = {
    EXTENSION_CONFIG: configFile,
    AWS_REGION: 'ap-south-1',
    AWS_ACCESS_KEY_ID: running.accessKey.accessKeyId,
    AWS_SECRET_ACCESS_KEY: running.accessKey.secretAccessKey,
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_ENDPOINT_URL_SQS: running.sqsEndpoint,
  };
  await using command = runCommand(`infra/operations/${program}.ts`, variables, [...args, '--stack', 'deployed']);
  const status = await command.exited;
  return { status, output: command.output };
}

const counted = () => local.extension.logs().filter((line) => line.includes('products counted')).length;

test('a schedule of a deployed extension runs for its companies, each time that it is asked for', async () => {
  for (const times of [1, 2]) {
    expect(await run('schedule', 'nightly')).toEqual({
      status: 0,
      output: 'Sent the message of the schedule nightly to the stack deployed in ap-south-1.\n',
    });
    await local.extension.idle();
    expect(counted()).toBe(times);
  }
});

test('a schedule that a deployed extension has not is a sentence that names those that it has', async () => {
  const { status, output } = await run('schedule', 'hourly');
  expect([status, output]).toEqual([
    1,
    expect.stringMatching(/^There is no schedule "hourly"\. There are: .*nightly, sweep/),
  ]);
});

test('dead letters of a deployed extension are counted, and brought back to their queue', async () => {
  using sqs = Object.assign(
    new SQSClient({ region: 'us-east-1', credentials: running.accessKey, endpoint: running.sqsEndpoint }),
    {
      [Symbol.dispose]: () => sqs.destroy(),
    },
  );
  const body = { kind: 'scheduled', company: '1', name: 'nightly', run: 'dead' };
  const letter = { MessageBody: JSON.stringify(body), MessageGroupId: 'company#1', MessageDeduplicationId: 'dead' };
  await sqs.send(new SendMessageCommand({ QueueUrl: work.deadLettersUrl, ...letter }));
  const before = counted();
  expect(await run('redrive', '--dry-run')).toEqual({
    status: 0,
    output: 'WorkQueue: 1 dead letter. Nothing was sent.\n',
  });
  expect(JSON.parse((await run('redrive', '--json')).output)).toEqual({
    sent: true,
    queues: [{ queue: 'WorkQueue', letters: 1 }],
  });
  await local.extension.idle();
  expect(counted()).toBe(before + 1);
});
