import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listenInternally } from '../../../infra/local/host/listen.ts';
import { openSecretStore, type SecretStore } from '../../../infra/local/secrets/secret-store.ts';
import { startSecretsManager } from '../../../infra/local/secrets/secrets-manager.ts';
import { askHidden } from '../../../infra/operations/ask-hidden.ts';
import { startPlatform } from '../../../infra/simulated-platform/platform.ts';

const credentials = { EXTENSION_API_KEY: 'key-1', EXTENSION_API_SECRET: 'CANARY-api-secret' };
const accessKey = { accessKeyId: 'local', secretAccessKey: 'CANARY-aws-secret' };
const region = 'ap-south-1';
const arnOf = (name: string) => `arn:aws:secretsmanager:${region}:123456789012:secret:${name}`;
const put = (name: string) =>
  `aws secretsmanager put-secret-value --region ${region} --secret-id ${arnOf(name)} --secret-string 'X'`;

let directory: string;
let store: SecretStore;
let environment: Record<string, string>;
const closers: (() => unknown)[] = [];

/** A server whose answers are these, on loopback. */
async function serve(answer: (path: string, body: string, headers: Record<string, unknown>) => [number, string]) {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const [status, text] = answer(request.url ?? '', Buffer.concat(chunks).toString(), request.headers);
      response.writeHead(status, { 'content-type': text.startsWith('<') ? 'text/xml' : 'application/json' }).end(text);
    });
  });
  const origin = await listenInternally(server);
  closers.push(() => server.close());
  return origin;
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'configure-'));
  const definition = (name: string, initialValue?: string) => ({
    logicalId: name,
    name,
    arn: arnOf(name),
    initialValue,
    generate: undefined,
  });
  store = openSecretStore(
    join(directory, 'secrets.json'),
    [definition('ApiKey', 'api-key-is-not-set-yet'), definition('ApiSecret', 'CANARY-random'), definition('Slack')],
    new Map(),
  );
  const secrets = await startSecretsManager({ store, accessKey, warn: console.warn });
  closers.push(() => secrets.close());
  const outputs = {
    SetApiKey: put('ApiKey'),
    SetApiSecret: put('ApiSecret'),
    OwnSecretSlackUrl: arnOf('Slack'),
    ExtensionUrl: 'https://e.example',
  };
  const cloudFormation = await serve((_path, body) => {
    const name = new URLSearchParams(body).get('StackName') ?? '';
    const stacks: Record<string, Record<string, string>> = {
      'stock-watch': outputs,
      'not-ours': { Other: 'x' },
      'another-one': outputs,
      'half-made': {},
      broken: outputs,
      updating: outputs,
    };
    const statuses: Record<string, string> = {
      'half-made': 'REVIEW_IN_PROGRESS',
      broken: 'ROLLBACK_COMPLETE',
      updating: 'UPDATE_IN_PROGRESS',
    };
    const stack = stacks[name];
    const description = `${name === 'another-one' ? 'Another One' : 'Stock Watch'}: an extension for the Fynd Platform.`;
    if (stack === undefined) {
      return [
        400,
        `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id ${name} does not exist</Message></Error></ErrorResponse>`,
      ];
    }
    const members = Object.entries(stack).map(
      ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
    );
    return [
      200,
      `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>${name}</StackName><StackStatus>${statuses[name] ?? 'CREATE_COMPLETE'}</StackStatus><Description>${description}</Description><Outputs>${members.join('')}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
    ];
  });
  const { EXTENSION_API_KEY: apiKey, EXTENSION_API_SECRET: apiSecret } = credentials;
  const platform = await startPlatform({ extension: { apiKey, apiSecret, baseUrl: 'https://old.example' } });
  closers.push(() => platform.close());
  const config = join(directory, 'extension.config.ts');
  writeFileSync(
    config,
    `export default { name: 'Stock Watch', scopes: ['company/products'], api: { 'GET /api/x': './functions/healthz.ts' },
      secrets: { slackUrl: { for: ['./functions/healthz.ts'] } } };`,
  );
  environment = {
    PATH: process.env['PATH'] ?? '',
    EXTENSION_CONFIG: config,
    FP_API_DOMAIN: platform.origin,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKey.accessKeyId,
    AWS_SECRET_ACCESS_KEY: accessKey.secretAccessKey,
    AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.endpoint,
  };
});
afterAll(async () => {
  for (const close of closers) await close();
  rmSync(directory, { recursive: true });
});

/** Runs the command, and checks that it shows no secret. */
async function configure(args: readonly string[], more: Record<string, string> = {}, piped = '') {
  const child = spawn(process.execPath, ['infra/operations/configure.ts', ...args], {
    env: { ...environment, ...more },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined).end(piped);
  const [status] = (await once(child, 'close')) as [number];
  expect(stdout + stderr).not.toMatch(/CANARY|hooks\.slack| {4}at /);
  return { status, stdout, stderr };
}
const valueOf = (name: string, stage = 'AWSCURRENT') => store.find(arnOf(name), { stage })?.version.value;

test('a key and a secret that the platform does not accept are not stored', async () => {
  const { status, stderr } = await configure([], { ...credentials, EXTENSION_API_SECRET: 'CANARY-wrong' });
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/does not accept this API key .*\(401\)\. Nothing was stored/),
  ]);
  expect([valueOf('ApiKey'), valueOf('ApiSecret')]).toEqual(['api-key-is-not-set-yet', 'CANARY-random']);
});

test('an API secret alone needs an API key that was stored before', async () => {
  const { status, stderr } = await configure(['apiSecret'], credentials);
  expect([status, stderr]).toEqual([1, expect.stringMatching(/^Give the API key and the API secret together/)]);
});

test('values of the environment are proven and stored, and the base URL that the panel lacks is told', async () => {
  const { status, stdout } = await configure([], credentials);
  expect(status).toBe(0);
  expect(stdout).toMatch(/apiKey +stored\n +apiSecret +stored\n +slackUrl +left as it is\n/);
  expect(stdout).toContain('The partner panel has the base URL https://old.example: enter https://e.example there, or');
  expect([valueOf('ApiKey'), valueOf('ApiSecret')]).toEqual(['key-1', 'CANARY-api-secret']);
});

test('a value that is there already is not stored again, so that the one before it lives on', async () => {
  const { stdout } = await configure(['--json'], credentials);
  expect(JSON.parse(stdout)).toMatchObject({
    stack: 'stock-watch',
    region,
    secrets: [
      { name: 'apiKey', result: 'unchanged' },
      { name: 'apiSecret', result: 'unchanged' },
      { name: 'slackUrl', result: 'left as it is' },
    ],
  });
  expect(valueOf('ApiSecret', 'AWSPREVIOUS')).toBe('CANARY-random');
});

test("one of the author's secrets comes alone through standard input, or with others as in a .env file", async () => {
  expect((await configure(['slackUrl', '--stdin'], {}, 'https://hooks.slack.com/CANARY-1\n')).status).toBe(0);
  expect(valueOf('Slack')).toBe('https://hooks.slack.com/CANARY-1');
  const lines = `# mine\nSLACK_URL="https://hooks.slack.com/CANARY-2"\nEXTENSION_API_SECRET=CANARY-api-secret\n`;
  expect((await configure(['--stdin'], {}, lines)).status).toBe(0);
  expect(valueOf('Slack')).toBe('https://hooks.slack.com/CANARY-2');
});

test.each([
  ['a value as an argument', ['slackUrl=https://hooks.slack.com/CANARY'], {}, /no secret.*apiKey, apiSecret, slackUrl/],
  [
    'an option that there is not',
    ['--api-secret', 'CANARY'],
    {},
    /^There is no option --api-secret\. npm run configure -- --help tells/,
  ],
  ['no value and no terminal', [], {}, /no value for apiKey, apiSecret, slackUrl\. Set EXTENSION_API_KEY, .*SLACK_URL/],
  ['a chosen secret without a value', ['slackUrl'], credentials, /no value for slackUrl/],
  ['lines with another name', ['--stdin'], {}, /must be lines NAME=value/, 'OTHER=CANARY'],
  ['a secret of strange characters', [], { ...credentials, EXTENSION_API_SECRET: 'CANARY é' }, /holds characters/],
  ['a stack that there is not', ['--stack', 'nowhere'], credentials, /no stack nowhere in ap-south-1.*npm run deploy/],
  ["somebody else's stack", ['--stack', 'not-ours'], credentials, /not an extension of this template's/],
  ['a stack that is half deployed', ['--stack', 'half-made'], credentials, /REVIEW_IN_PROGRESS: run npm run deploy/],
  [
    'a stack that never came to be',
    ['--stack', 'broken'],
    credentials,
    /ROLLBACK_COMPLETE: it never came.*destroy, then/,
  ],
  [
    'a stack that is being updated',
    ['--stack', 'updating'],
    credentials,
    /UPDATE_IN_PROGRESS: wait until that has ended/,
  ],
  [
    "another extension's stack",
    ['--stack', 'another-one'],
    credentials,
    /not that of Stock Watch, but says: Another One/,
  ],
  ['this machine', ['--local'], credentials, /^On this machine nothing is to be stored/],
  ['a platform that is not there', [], { ...credentials, FP_API_DOMAIN: 'http://127.0.0.1:1' }, /cannot be reached/],
  ['no region', [], { ...credentials, AWS_REGION: '', AWS_CONFIG_FILE: '/dev/null' }, /No region is named/],
  ['a wrong configuration', [], { EXTENSION_CONFIG: 'none.ts' }, /none\.ts does not exist/],
] as const)(
  '%s is a sentence, and nothing is stored',
  async (_what, args, more, sentence, ...[piped = '']: readonly string[]) => {
    const before = ['ApiKey', 'ApiSecret', 'Slack'].map((name) => valueOf(name));
    const { status, stderr, stdout } = await configure(args, more, piped);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(sentence);
    expect(['ApiKey', 'ApiSecret', 'Slack'].map((name) => valueOf(name))).toEqual(before);
  },
);

test('--help says how values are handed over, without AWS', async () => {
  const { status, stdout } = await configure(['--help'], { AWS_REGION: '' });
  expect([status, stdout]).toEqual([0, expect.stringContaining('never an argument')]);
});

test('what is typed is not shown, and Ctrl-C is a sentence', async () => {
  const shown = new PassThrough();
  const typed = new PassThrough();
  const asked = askHidden('apiSecret: ', typed, shown);
  typed.write('CANARY-typed\r');
  expect(await asked).toBe('CANARY-typed');
  const cancelled = askHidden('apiSecret: ', typed, shown);
  typed.write('CANARY-half\u0003');
  await expect(cancelled).rejects.toThrow('Ended. Nothing was stored.');
  expect(String(shown.read())).toBe('apiSecret: \napiSecret: \n');
});
