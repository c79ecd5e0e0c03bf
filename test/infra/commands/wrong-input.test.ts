import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startPlatform } from '../../../infra/simulated-platform/platform.ts';
import { type AwsStandIn, type Refusals, startAwsStandIn } from './fixture/aws-stand-in.ts';
import { otherScripts, type TestedCommand, testedCommands } from './fixture/operators-commands.ts';

const apiKey = '000000000000000000c0ffee';
const secretId = (name: string) => `arn:aws:secretsmanager:ap-south-1:123456789012:secret:${name}`;
const outputs = {
  ExtensionUrl: 'https://e.example',
  SetApiKey: `aws secretsmanager put-secret-value --secret-id ${secretId('ApiKey')} --secret-string 'API_KEY'`,
  SetApiSecret: `aws secretsmanager put-secret-value --secret-id ${secretId('ApiSecret')} --secret-string 'API_SECRET'`,
  InstallationsTableName: 'installations',
  UserCacheTableName: 'user-cache',
  DeliveriesTableName: 'deliveries',
  TokenKeySecretId: secretId('TokenKey'),
  SessionKeySecretId: secretId('SessionKey'),
};
const description = 'Stock Watch: an extension for the Fynd Platform.';
const stackIn = (status: string) => ({ status, description, outputs });
const stacks = {
  'stock-watch': stackIn('UPDATE_COMPLETE'),
  'create-failed': { status: 'CREATE_FAILED', description, outputs: {} },
  'rolled-back': { status: 'ROLLBACK_COMPLETE', description, outputs: {} },
  'in-review': { status: 'REVIEW_IN_PROGRESS', outputs: {} },
  updating: stackIn('UPDATE_IN_PROGRESS'),
  'update-failed': stackIn('UPDATE_ROLLBACK_FAILED'),
  'without-outputs': { status: 'CREATE_COMPLETE', description, outputs: {} },
  'half-of-them': { status: 'CREATE_COMPLETE', description, outputs: { SetApiKey: outputs.SetApiKey } },
  'another-stage': { ...stackIn('CREATE_COMPLETE'), stage: 'prod' },
  foreign: { status: 'CREATE_COMPLETE', description: 'A shop', outputs: { WorkQueueUrl: 'https://sqs/other' } },
  'another-extension': { ...stackIn('CREATE_COMPLETE'), description: 'Other: an extension for the Fynd Platform.' },
};
const goodSecrets = {
  [secretId('ApiKey')]: apiKey,
  [secretId('ApiSecret')]: 'CANARY-api-secret',
  [secretId('TokenKey')]: 'CANARY-token-key',
  [secretId('SessionKey')]: 'CANARY-session-key',
};

/** What is wrong, where all else is well. */
interface Fault {
  readonly what: string;
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly refusals?: Refusals;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly isBootstrapped?: false;
  readonly sentence: RegExp;
}

let directory: string;
let aws: AwsStandIn;
let environment: Record<string, string>;
let fault: Fault;
let onRequest: (() => Promise<void> | undefined) | undefined;
const nothing: Fault = { what: 'nothing', sentence: /./ };
const secrets: Record<string, string> = {};
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'wrong-input-'));
  aws = await startAwsStandIn({
    stacks,
    secrets,
    isBootstrapped: () => fault.isBootstrapped ?? true,
    refusals: () => fault.refusals ?? {},
    onRequest: () => onRequest?.(),
  });
  closers.push(() => aws.close());
  const [work, dead] = [`${aws.endpoint}/123456789012/work.fifo`, `${aws.endpoint}/123456789012/dead.fifo`];
  Object.assign(outputs, {
    WorkQueueUrl: work,
    DeadLetterQueueUrl: dead,
    Redrive: `npm run redrive -- --from ${dead} --to ${work}`,
  });
  const extension = { apiKey, apiSecret: 'CANARY-api-secret', baseUrl: 'https://old.example' };
  const platform = await startPlatform({ extension });
  closers.push(() => platform.close());
  const config = (name: string, more: string) => {
    const file = join(directory, `${name}.ts`);
    const events = "events: { 'company/product/update/v1': './functions/healthz.ts' }";
    writeFileSync(
      file,
      `export default { name: 'Stock Watch', scopes: ['company/products'], ${events},
        webhooks: { notificationEmail: 'a@example.com' }, ${more} };`,
    );
    return file;
  };
  config(
    'staged',
    `stages: { elsewhere: { cluster: 'https://api.example.com' }, prod: { account: '111111111111', stackName: 'stock-watch' }, test: { stackName: 'another-stage' } },
      cluster: '${platform.origin}'`,
  );
  environment = {
    PATH: process.env['PATH'] ?? '',
    TMPDIR: process.env['TMPDIR'] ?? tmpdir(),
    NODE_COMPILE_CACHE: join(directory, 'compiled'),
    EXTENSION_CONFIG: config('plain', ''),
    FP_API_DOMAIN: platform.origin,
    EXTENSION_API_KEY: apiKey,
    EXTENSION_API_SECRET: 'CANARY-api-secret',
    AWS_REGION: 'ap-south-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'CANARY-aws-secret',
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_MAX_ATTEMPTS: '1',
  };
});
beforeEach(() => {
  Object.assign(secrets, goodSecrets);
  aws.changes.length = 0;
});
afterAll(async () => {
  for (const close of closers) await close();
  rmSync(directory, { recursive: true, force: true });
});

async function run(
  program: string,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
  onStart?: (child: ChildProcess) => void,
) {
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...environment, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onStart?.(child);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  expect(stdout + stderr).not.toMatch(/CANARY|^ {4}at |\$metadata/m);
  return { status, signal, stdout, stderr };
}

const noStage = { EXTENSION_CONFIG: '' };
/** Whatever AWS does. */
const always: readonly Fault[] = [
  {
    what: 'an option that there is not',
    args: ['--no-such-option'],
    sentence: /^There is no option --no-such-option\./,
  },
];
const ofConfiguration: readonly Fault[] = [
  {
    what: 'a configuration that is not there',
    environment: { EXTENSION_CONFIG: 'none.ts' },
    sentence: /^none\.ts does not exist/,
  },
];
const ofAws: readonly Fault[] = [
  { what: 'no credentials', environment: { AWS_ACCESS_KEY_ID: '' }, sentence: /^No AWS credentials can be used/ },
  { what: 'a profile that there is not', args: ['--profile', 'nobody'], sentence: /^No AWS credentials can be used/ },
  {
    what: 'an AWS that cannot be reached',
    environment: { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' },
    sentence: /^AWS cannot be reached in ap-south-1/,
  },
  { what: 'no region', environment: { AWS_REGION: '' }, sentence: /^No region is named/ },
  {
    what: 'a region that can be none',
    environment: { AWS_REGION: 'CA NARY' },
    sentence: /is not a region of AWS|cannot be reached/,
  },
];
const ofDeployed: readonly Fault[] = [
  ...ofAws.filter(({ what }) => what !== 'a region that can be none'),
  {
    what: 'credentials that are over',
    refusals: { DescribeStacks: 'ExpiredToken' },
    sentence: /^AWS does not accept the credentials \(ExpiredToken\)/,
  },
  {
    what: 'a person who may not look',
    refusals: { DescribeStacks: 'AccessDenied' },
    sentence: /^CloudFormation does not tell of the stack/,
  },
  { what: 'another region', args: ['--region', 'eu-west-1'], sentence: /^There is no stack stock-watch in eu-west-1/ },
  { what: 'a stack that there is not', args: ['--stack', 'none'], sentence: /^There is no stack none in ap-south-1/ },
  { what: 'a creation that failed', args: ['--stack', 'create-failed'], sentence: /is CREATE_FAILED: it never/ },
  { what: 'one that was rolled back', args: ['--stack', 'rolled-back'], sentence: /is ROLLBACK_COMPLETE: it never/ },
  { what: 'one in review', args: ['--stack', 'in-review'], sentence: /is REVIEW_IN_PROGRESS: run npm run deploy/ },
  { what: 'an update under way', args: ['--stack', 'updating'], sentence: /is UPDATE_IN_PROGRESS: wait until/ },
  { what: 'an update that failed', args: ['--stack', 'update-failed'], sentence: /is UPDATE_ROLLBACK_FAILED: see why/ },
  { what: 'no outputs', args: ['--stack', 'without-outputs'], sentence: /is not an extension of this template/ },
  { what: 'half of the outputs', args: ['--stack', 'half-of-them'], sentence: /has no|is not an extension|tells no/ },
  { what: "somebody else's stack", args: ['--stack', 'foreign'], sentence: /is not an extension of this template/ },
  {
    what: "another extension's",
    args: ['--stack', 'another-extension'],
    sentence: /not that of Stock Watch, but says/,
  },
  { what: 'a stage that there is not', args: ['--stage', 'prod'], sentence: /no stage prod/ },
  {
    what: 'this machine, and a stack',
    args: ['--local', '--stack', 'x'],
    sentence: /leave one of them out|^On this machine|^The extension on this|^There is no option --local/,
  },
  {
    what: 'nothing that runs here',
    args: ['--local'],
    environment: { LOCAL_DATA_DIR: '/nowhere' },
    sentence:
      /^No local extension runs in \/nowhere|^On this machine|^The extension on this|^There is no option --local/,
  },
];
const staged = (what: string, args: readonly string[], sentence: RegExp): Fault => ({
  what,
  args,
  environment: noStage,
  sentence,
});
const ofStages: readonly Fault[] = [
  staged(
    'stages, and none named',
    ['--region', 'ap-south-1'],
    /^Name a stage with --stage\. There are: elsewhere, prod, test\.|Which stage\?/,
  ),
  staged(
    'a stage in another account',
    ['--stage', 'prod'],
    /^The credentials are of the account 123456789012, and the stage prod/,
  ),
  staged("a stage whose stack is another's", ['--stack', 'another-stage'], /is the stage prod, and not test/),
  staged('another stage', ['--stage', 'nowhere'], /stages has no nowhere\. There are: elsewhere, prod, test/),
];
const unreachable: Fault = {
  what: 'a platform that cannot be reached',
  environment: { FP_API_DOMAIN: 'http://127.0.0.1:1' },
  sentence: /^The platform cannot be reached at http:\/\/127\.0\.0\.1:1\./,
};
const ofCredentials: readonly Fault[] = [
  {
    what: 'a secret of the wrong shape',
    secrets: { [secretId('ApiSecret')]: '{ "CANARY": "x y" }' },
    sentence: /stores as apiSecret cannot be one/,
  },
  {
    what: 'a secret that nobody stored',
    secrets: { [secretId('ApiKey')]: 'api-key-is-not-set-yet' },
    sentence: /^Nobody has stored/,
  },
  {
    what: 'a secret that may not be read',
    refusals: { GetSecretValue: 'AccessDeniedException' },
    sentence: /^apiKey cannot be read\. Secrets Manager says AccessDenied/,
  },
];
const ofCdk: readonly Fault[] = [
  ...ofAws,
  {
    what: 'an account without the CDK',
    isBootstrapped: false,
    sentence: /^The CDK has not been set up in ap-south-1 of this account: run "npm run bootstrap"/,
  },
];

function faultsOf(name: string, command: TestedCommand): readonly Fault[] {
  const { about, asksPlatform, readsCredentials, worksWhileUpdating, needsNoOutputs } = command;
  if (about === 'project') return always;
  if (about === 'cdk') {
    const faults = command.needsNoAccount ? [] : name === 'bootstrap' ? ofAws : ofCdk;
    return [...(command.knowsNoConfiguration ? [] : ofConfiguration), ...faults];
  }
  return [
    ...always,
    ...ofConfiguration,
    ...ofStages,
    ...ofDeployed
      .filter(({ what }) => !worksWhileUpdating || !what.includes('update'))
      .filter(({ what }) => !needsNoOutputs || what !== 'half of the outputs'),
    ...(asksPlatform ? [unreachable] : []),
    ...(readsCredentials ? ofCredentials : []),
  ];
}

test('every script of package.json is tried here, or is no command of this kind', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  const known = [...Object.keys(testedCommands), ...otherScripts];
  expect(Object.keys(scripts).filter((name) => !known.includes(name))).toEqual([]);
  for (const [name, { program }] of Object.entries(testedCommands)) {
    expect(scripts[name]).toContain(program);
  }
});

describe.each(Object.entries(testedCommands))('npm run %s', (name, command) => {
  test('says what it takes, without AWS and whatever the configuration is', async () => {
    const more = { AWS_ENDPOINT_URL: '', AWS_ACCESS_KEY_ID: '', AWS_REGION: '', EXTENSION_CONFIG: 'none.ts' };
    fault = nothing;
    const [verb, ...others] = command.about === 'cdk' && name !== 'github-role' ? command.args : [];
    const { status, stdout, stderr } = await run(command.program, [...(verb ? [verb] : []), ...others, '--help'], more);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`npm run ${name}`);
    if (!command.hasNoJson) expect(stdout).toContain('--json');
    if (command.about === 'deployed') expect(stdout).toMatch(/--stage.*--stack.*--region.*--profile/s);
  });

  test.each(faultsOf(name, command).map((each) => [each.what, each] as const))(
    '%s: one sentence',
    async (_what, each) => {
      fault = each;
      Object.assign(secrets, each.secrets);
      const isNamed = each.args?.some((argument) => /^--(stack|stage|local|region|profile)$/.test(argument));
      // Two of them are about this machine unless told otherwise.
      const which = command.about === 'deployed' && !isNamed ? ['--region', 'ap-south-1'] : [];
      const noRegion = each.environment?.['AWS_REGION'] === '';
      const given = noRegion ? (command.about === 'deployed' ? ['--profile', ''] : []) : which;
      const more = each.environment === noStage ? { EXTENSION_CONFIG: join(directory, 'staged.ts') } : each.environment;
      const { status, stdout, stderr } = await run(
        command.program,
        [...command.args, ...given, ...(each.args ?? [])],
        more,
      );
      expect(stderr).toMatch(each.sentence);
      // One line: the sentence, and what helps.
      expect(stderr).toMatch(/^[^\n]+\n$/);
      expect([status, stdout]).toEqual([1, '']);
      expect(aws.changes).toEqual([]);
    },
  );
});

const interruptible = Object.entries(testedCommands).filter(
  ([, { about, endsByInterruption }]) => about === 'deployed' && !endsByInterruption,
);

describe.each(interruptible)('npm run %s, interrupted', (_name, command) => {
  test('ends with a sentence and the status of the signal, and does all of it the next time', {
    timeout: 180_000,
  }, async () => {
    fault = nothing;
    const whole = { status: command.status ?? 0, stderr: command.status ? expect.any(String) : '' };
    const args = [...command.args, '--region', 'ap-south-1'];
    // At its first request to AWS, then at its second, until it ends before there is another one. Some look at very much.
    for (let point = 1; point <= 5; point++) {
      const signal = point % 2 === 1 ? 'SIGINT' : 'SIGTERM';
      let seen = 0;
      const result = await run(command.program, args, {}, (child) => {
        const gone = once(child, 'close').then(() => undefined);
        onRequest = () => {
          seen += 1;
          if (seen !== point) return undefined;
          child.kill(signal);
          return gone;
        };
      });
      onRequest = undefined;
      if (seen < point) return expect(result).toMatchObject(whole);
      expect([result.status, result.stdout]).toEqual([signal === 'SIGINT' ? 130 : 143, '']);
      expect(result.stderr).toMatch(/^(.+ …\n)?Interrupted: [^\n]+\n$/);
      expect(await run(command.program, args)).toMatchObject(whole);
    }
  });
});
