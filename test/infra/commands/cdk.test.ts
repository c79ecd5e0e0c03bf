import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listenInternally } from '../../../infra/local/host/listen.ts';

const account = '111111111111';
const directory = mkdtempSync(join(tmpdir(), 'cdk-command-'));
const config = join(directory, 'extension.config.ts');
const without = join(directory, 'without.config.ts');
const configured = (more: string) => `export default { name: 'Stock Watch', scopes: ['company/products'], ${more} };`;
let aws: Server;
let environment: Record<string, string>;

/** Stacks that are deployed, and as which stage. */
const deployed: Readonly<Record<string, { readonly tag?: string; readonly isProtected?: boolean }>> = {
  'stock-watch-test': {},
  'stock-watch-old': { tag: 'gone' },
  'stock-watch-prod': { tag: 'prod', isProtected: true },
  'stock-watch': { tag: 'prod' },
};

beforeAll(async () => {
  writeFileSync(
    config,
    configured(`stages: {
      prod: { account: '${account}', region: 'ap-south-1', baseUrl: 'https://watch.example.com' },
      test: { region: 'eu-west-1' },
      taken: { stackName: 'stock-watch-test' },
      renamed: { stackName: 'stock-watch-old' },
      wrong: { stackName: 'stock-watch-prod' },
    }`),
  );
  writeFileSync(without, configured(''));
  // What the command asks: whose the credentials are, whether the CDK was set up, and which stack is there.
  aws = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const asked = new URLSearchParams(Buffer.concat(chunks).toString());
      const answer = (status: number, text: string) => response.writeHead(status).end(text);
      if (asked.get('Action') === 'GetCallerIdentity') {
        const ofKey = /Credential=other/.test(request.headers.authorization ?? '') ? '222222222222' : account;
        const result = `<GetCallerIdentityResult><Account>${ofKey}</Account></GetCallerIdentityResult>`;
        return answer(200, `<GetCallerIdentityResponse>${result}</GetCallerIdentityResponse>`);
      }
      if (asked.get('Action') !== 'DescribeStacks') {
        const isSetUp = !/\/eu-north-1\//.test(request.headers.authorization ?? '');
        return isSetUp ? answer(200, '{"Parameter":{"Value":"30"}}') : answer(400, '{"__type":"ParameterNotFound"}');
      }
      const stack = deployed[asked.get('StackName') ?? ''];
      if (stack === undefined)
        return answer(400, '<ErrorResponse><Error><Code>ValidationError</Code></Error></ErrorResponse>');
      const tags = stack.tag === undefined ? '' : `<member><Key>stage</Key><Value>${stack.tag}</Value></member>`;
      const told = `<StackStatus>CREATE_COMPLETE</StackStatus><EnableTerminationProtection>${stack.isProtected ?? false}</EnableTerminationProtection><Tags>${tags}</Tags>`;
      return answer(
        200,
        `<DescribeStacksResponse><DescribeStacksResult><Stacks><member>${told}</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
      );
    });
  });
  environment = {
    PATH: process.env['PATH'] ?? '',
    EXTENSION_CONFIG: config,
    AWS_ENDPOINT_URL: await listenInternally(aws),
    AWS_ACCESS_KEY_ID: 'mine',
    AWS_SECRET_ACCESS_KEY: 'CANARY-aws-secret',
    // Nothing of whoever runs the tests.
    AWS_CONFIG_FILE: join(directory, 'none'),
    AWS_SHARED_CREDENTIALS_FILE: join(directory, 'none'),
  };
});
afterAll(() => {
  aws.close();
  rmSync(directory, { recursive: true });
});

async function run(args: readonly string[], changes: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['infra/commands/cdk.ts', ...args], { env: { ...environment, ...changes } });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  expect(said).not.toContain('CANARY');
  return { status, said };
}

/** The one sentence with which a command ends before anything was done. */
async function refusal(args: readonly string[], changes?: Record<string, string>): Promise<string> {
  const { status, said } = await run(args, changes);
  expect([said, status]).toEqual([said, 1]);
  expect(said.trim().split('\n')).toHaveLength(1);
  return said.trim();
}

describe('where there are stages', () => {
  test.for(['deploy', 'diff', 'destroy', 'bootstrap'])(
    '%s without one is refused, with all that there are',
    async (command) => {
      const sentence = 'Name a stage with --stage. There are: prod, test, taken, renamed, wrong.';
      expect(await refusal([command])).toBe(sentence);
      expect(await refusal([command, '--stage', ''])).toBe(sentence);
      // What a shell still has of another command is no choice.
      expect(await refusal([command], { EXTENSION_STAGE: 'test' })).toBe(sentence);
    },
  );

  test('one that there is not is refused, and so is none after --stage', async () => {
    expect(await refusal(['deploy', '--stage', 'live'])).toMatch(/: stages has no live\. There are: prod, test/);
    expect(await refusal(['deploy', '--stage'])).toBe('--stage is without a name, such as --stage prod.');
    expect(await refusal(['deploy', '--stage', 'prod'], { EXTENSION_CONFIG: without })).toMatch(/: stages is missing/);
  });

  test.for<[Record<string, string>, RegExp]>([
    [
      { EXTENSION_BASE_URL: 'https://test.example.com' },
      /^EXTENSION_BASE_URL names https:\/\/test\.example\.com, the stage prod has/,
    ],
    [{ FP_API_DOMAIN: 'api.uat.fyndx1.de' }, /^The stage prod is for https:\/\/api\.fynd\.com, FP_API_DOMAIN names/],
    [
      { AWS_REGION: 'eu-west-1' },
      /^The stage prod is in ap-south-1, the environment names eu-west-1: take it out there/,
    ],
    [
      { AWS_ACCESS_KEY_ID: 'other' },
      /^The stage prod is of the account 111111111111, the credentials are of 222222222222: /,
    ],
  ])('what is left over of another one is refused: %o', async ([changes, sentence]) => {
    expect(await refusal(['deploy', '--stage', 'prod'], changes)).toMatch(sentence);
    expect(await refusal(['destroy', '--stage=prod'], changes)).toMatch(sentence);
  });

  test('a context that names another region, or address, is refused too', async () => {
    expect(await refusal(['diff', '--stage', 'prod', '-c', 'region=eu-west-1'])).toMatch(
      /^The stage prod is in ap-south-1, the context "region" \(cdk\.json\) names eu-west-1/,
    );
    expect(await refusal(['diff', '--stage', 'test', '-c', 'EXTENSION_BASE_URL=https://a.example.com'])).toMatch(
      /the stage test has no baseUrl/,
    );
  });

  test('a stack that is no stage yet, or another one, is not overwritten', async () => {
    expect(await refusal(['deploy', '--stage', 'test'])).toBe(
      "The stack stock-watch-test is there already, and is no stage. Where it is to become test, say so: stackName: 'stock-watch-test' in stages.test.",
    );
    expect(await refusal(['deploy', '--stage', 'wrong'], { AWS_REGION: 'ap-south-1' })).toBe(
      'The stack stock-watch-prod is the stage prod, and not wrong.',
    );
    expect(await refusal(['deploy'], { EXTENSION_CONFIG: without, AWS_REGION: 'ap-south-1' })).toBe(
      'The stack stock-watch is the stage prod, and not a deployment without a stage.',
    );
  });

  test('a protected one is not destroyed, and the sentence says how it would be', async () => {
    expect(await refusal(['destroy', '--stage', 'prod'])).toMatch(
      /^The stack stock-watch-prod is protected: nothing was destroyed\. .* "aws cloudformation update-termination-protection --no-enable-termination-protection --region ap-south-1 --stack-name stock-watch-prod" and this again\..* protected: false in stages\.prod first\.$/,
    );
  });

  test('the region of the stage is the one that is asked about the CDK', async () => {
    writeFileSync(join(directory, 'north.config.ts'), configured(`stages: { north: { region: 'eu-north-1' } }`));
    expect(
      await refusal(['deploy', '--stage', 'north'], { EXTENSION_CONFIG: join(directory, 'north.config.ts') }),
    ).toMatch(/^The CDK has not been set up in eu-north-1 of this account/);
  });
});

describe('synthesizing', { timeout: 120_000 }, () => {
  const manifest = (output: string) =>
    JSON.parse(readFileSync(join(output, 'manifest.json'), 'utf8')).artifacts.Extension;

  test('makes the stage that is named, in its account and region, without asking AWS', async () => {
    const output = join(directory, 'prod.out');
    const { status, said } = await run(['synth', '--quiet', '--stage', 'prod', '--output', output], {
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
    });
    expect([said, status]).toEqual([said, 0]);
    expect(manifest(output)).toMatchObject({
      environment: `aws://${account}/ap-south-1`,
      properties: { stackName: 'stock-watch-prod', terminationProtection: true, tags: { stage: 'prod' } },
    });
  });

  test('makes none where none is named; the CDK CLI alone must say which', async () => {
    const output = join(directory, 'none.out');
    const { status, said } = await run(['synth', '--quiet', '--output', output]);
    expect([said, status]).toEqual([said, 0]);
    expect(manifest(output).properties.stackName).toBe('stock-watch');
    const child = spawn(process.execPath, ['infra/app.ts'], { env: { ...environment, CDK_CLI_VERSION: '2.1148.1' } });
    let alone = '';
    child.stderr.on('data', (chunk: Buffer) => (alone += chunk.toString()));
    const [ended] = (await once(child, 'close')) as [number];
    expect([alone, ended]).toEqual([
      expect.stringMatching(/^No stage is chosen: set EXTENSION_STAGE to one of prod, /),
      1,
    ]);
  });
});
