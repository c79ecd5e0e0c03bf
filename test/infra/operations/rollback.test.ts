import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { listenInternally } from '../../../infra/local/host/listen.ts';

interface Published {
  readonly version: string;
  readonly release?: string;
  readonly hour: number;
}

/** What Lambda has: functions with their versions, and what their alias leads to. */
interface Aliased {
  live: string;
  revision: number;
  weights?: object;
  readonly versions: readonly Published[];
}

let lambda: Record<string, Aliased>;
/** Functions whose alias Lambda does not change: always, or from the second time on. */
let failing: { readonly name: string; readonly from: number }[];
let stackStatus: string;
let updates: string[];

const directory = mkdtempSync(join(tmpdir(), 'rollback-'));
let aws: Server;
let environment: Record<string, string>;

const versions = (...releases: (string | undefined)[]): Published[] => [
  { version: '$LATEST', hour: 9 },
  ...releases.map((release, index) => ({ version: String(index + 1), hour: index + 1, ...(release && { release }) })),
];

beforeEach(() => {
  lambda = {
    page: { live: '3', revision: 1, versions: versions('aaaa', 'bbbb', 'cccc') },
    worker: { live: '3', revision: 1, versions: versions('aaaa', 'bbbb', 'cccc') },
    proxy: { live: '4', revision: 1, versions: versions(undefined, 'aaaa', 'bbbb', 'cccc') },
    added: { live: '1', revision: 1, versions: [{ version: '1', release: 'cccc', hour: 4 }] },
  };
  failing = [];
  updates = [];
  stackStatus = 'UPDATE_COMPLETE';
});

function answer(method: string, path: string, body: string): [number, string] {
  const asked = new URLSearchParams(body);
  if (asked.get('Action') === 'DescribeStacks') {
    const output = '<member><OutputKey>SetApiKey</OutputKey><OutputValue>x</OutputValue></member>';
    const told = `<StackName>lens-prod</StackName><StackStatus>${stackStatus}</StackStatus><Description>Lens: an extension for the Fynd Platform.</Description><Outputs>${output}</Outputs>`;
    return [200, `<R><DescribeStacksResult><Stacks><member>${told}</member></Stacks></DescribeStacksResult></R>`];
  }
  if (asked.get('Action') === 'ListStackResources') {
    const names = Object.keys(lambda).map((name) => `arn:aws:lambda:ap-south-1:111111111111:function:${name}:live`);
    // Two pages, with an alias of the author's own among them.
    const isFirst = asked.get('NextToken') === null;
    const page = isFirst ? [...names.slice(0, 2), 'arn:aws:lambda:ap-south-1:1:function:mine:other'] : names.slice(2);
    const members = page.map(
      (arn) =>
        `<member><ResourceType>AWS::Lambda::Alias</ResourceType><PhysicalResourceId>${arn}</PhysicalResourceId></member>`,
    );
    const next = isFirst ? '<NextToken>more</NextToken>' : '';
    const summaries = `<StackResourceSummaries>${members.join('')}</StackResourceSummaries>${next}`;
    return [200, `<R><ListStackResourcesResult>${summaries}</ListStackResourcesResult></R>`];
  }
  const [, name = '', what = ''] = /\/functions\/(\w+)\/(aliases\/live|versions)/.exec(path) ?? [];
  const fn = lambda[name];
  if (fn === undefined) return [404, '{"Message":"no such function"}'];
  if (what === 'versions') {
    const Versions = fn.versions.map(({ version, release, hour }) => ({
      Version: version,
      LastModified: `2026-11-25T0${hour}:00:00.000+0000`,
      Environment: { Variables: { STACK_NAME: 'lens-prod', ...(release && { RELEASE: release }) } },
    }));
    return [200, JSON.stringify({ Versions })];
  }
  if (method === 'PUT') {
    const { FunctionVersion, RevisionId } = JSON.parse(body) as Record<string, string>;
    const count = updates.filter((each) => each.startsWith(`${name} `)).length + 1;
    updates.push(`${name} ${FunctionVersion}`);
    if (failing.some((each) => each.name === name && count >= each.from))
      return [403, '{"__type":"AccessDeniedException","Message":"not this one"}'];
    if (RevisionId !== String(fn.revision))
      return [412, '{"__type":"PreconditionFailedException","Message":"changed"}'];
    fn.live = FunctionVersion ?? '';
    fn.revision += 1;
  }
  const RoutingConfig = fn.weights && { AdditionalVersionWeights: fn.weights };
  return [
    200,
    JSON.stringify({ Name: 'live', FunctionVersion: fn.live, RevisionId: String(fn.revision), RoutingConfig }),
  ];
}

beforeAll(async () => {
  const config = join(directory, 'extension.config.ts');
  writeFileSync(
    config,
    `export default { name: 'Lens', scopes: ['company/products'], stages: { prod: { gradual: true }, test: {} } };`,
  );
  aws = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const [status, text] = answer(request.method ?? '', request.url ?? '', Buffer.concat(chunks).toString());
      response.writeHead(status, { 'content-type': text.startsWith('<') ? 'text/xml' : 'application/json' }).end(text);
    });
  });
  environment = {
    PATH: process.env['PATH'] ?? '',
    EXTENSION_CONFIG: config,
    AWS_ENDPOINT_URL: await listenInternally(aws),
    AWS_REGION: 'ap-south-1',
    AWS_ACCESS_KEY_ID: 'mine',
    AWS_SECRET_ACCESS_KEY: 'CANARY-aws-secret',
    AWS_CONFIG_FILE: join(directory, 'none'),
    AWS_SHARED_CREDENTIALS_FILE: join(directory, 'none'),
  };
});
afterAll(() => {
  aws.close();
  rmSync(directory, { recursive: true });
});

async function rollback(...args: string[]) {
  const child = spawn(process.execPath, ['infra/operations/rollback.ts', '--stage', 'prod', ...args], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  expect(said.out + said.err).not.toMatch(/CANARY| {4}at /);
  return { status, ...said };
}

const live = () => Object.fromEntries(Object.entries(lambda).map(([name, fn]) => [name, fn.live]));

describe('npm run rollback', () => {
  test('leads every function back to the release before, and one that this release has added stays', async () => {
    const { status, out, err } = await rollback('--yes');
    expect([err, status]).toEqual(['', 0]);
    expect(live()).toEqual({ page: '2', worker: '2', proxy: '3', added: '1' });
    expect(out).toMatch(
      /^3 functions of the stack lens-prod in ap-south-1 went to the release bbbb\. 1 stayed as it was\./,
    );
    expect(out).toMatch(/Not led back: what was stored/);
  });

  test('goes back once, however often it is run, and further or forward where --to says so', async () => {
    await rollback('--yes');
    const again = await rollback('--yes');
    expect([again.err, again.status]).toEqual(['', 0]);
    expect(again.out).toMatch(/is at the release bbbb already\. Newest first, there are: cccc, bbbb \(live\), aaaa\./);
    expect(live()).toMatchObject({ page: '2', proxy: '3' });
    await rollback('--yes', '--to', 'aaaa');
    expect(live()).toMatchObject({ page: '1', worker: '1', proxy: '2' });
    const forward = await rollback('--yes', '--json', '--to', 'cccc');
    expect(JSON.parse(forward.out)).toEqual({
      stack: 'lens-prod',
      region: 'ap-south-1',
      // What only the newer one has stayed with it.
      from: ['cccc', 'aaaa'],
      to: 'cccc',
      changed: true,
      functions: [
        { name: 'page', from: '1', to: '3' },
        { name: 'proxy', from: '2', to: '4' },
        { name: 'worker', from: '1', to: '3' },
      ],
    });
  });

  test('goes on where it was interrupted', async () => {
    Object.assign(lambda['page'] ?? {}, { live: '2' });
    await rollback('--yes');
    expect(live()).toEqual({ page: '2', worker: '2', proxy: '3', added: '1' });
  });

  test('changes nothing without a terminal to ask in', async () => {
    const { status, err } = await rollback();
    expect([status, err]).toEqual([1, 'Nothing was changed: without a terminal to ask in, say --yes.\n']);
    expect(updates).toEqual([]);
  });

  test('leaves all where they were, where one of them cannot be led back', async () => {
    failing = [{ name: 'worker', from: 1 }];
    const { status, err } = await rollback('--yes');
    expect(status).toBe(1);
    expect(err).toMatch(/AccessDeniedException: not this one\. Nothing was changed: run this again\.\n$/);
    expect(live()).toEqual({ page: '3', worker: '3', proxy: '4', added: '1' });
  });

  test('names those that it could not lead back again', async () => {
    failing = [
      { name: 'worker', from: 1 },
      { name: 'page', from: 2 },
    ];
    const { status, err } = await rollback('--yes');
    expect(status).toBe(1);
    expect(err).toMatch(/These were led there and could not be led back: page\. Run this again with --to bbbb/);
    expect(live()).toEqual({ page: '2', worker: '3', proxy: '4', added: '1' });
    failing = [];
    await rollback('--yes', '--to', 'bbbb');
    expect(live()).toEqual({ page: '2', worker: '2', proxy: '3', added: '1' });
  });

  test.for<[string, () => unknown, string[], RegExp]>([
    [
      'no such release',
      () => undefined,
      ['--to', 'dddd'],
      /^There is no such release: .* cccc \(2026-11-25T04:00Z\), bbbb/,
    ],
    [
      'no release before',
      () => (lambda = { page: { live: '1', revision: 1, versions: versions('aaaa') } }),
      [],
      /^There is no release before the one that is live: nothing was changed\./,
    ],
    [
      'no aliases',
      () => (lambda = {}),
      [],
      /have no aliases, because its deployments are not gradual: nothing was changed\. Check out/,
    ],
    [
      'a deployment under way',
      () => (stackStatus = 'UPDATE_IN_PROGRESS'),
      [],
      /is under way: nothing was changed\. .*cancel-update-stack/,
    ],
    [
      'calls that are moved',
      () => Object.assign(lambda['page'] ?? {}, { weights: { '3': 0.1 } }),
      [],
      /^CodeDeploy is moving/,
    ],
  ])('%s is one sentence, and nothing changes', async ([, arrange, args, sentence]) => {
    arrange();
    const before = live();
    const { status, err } = await rollback('--yes', ...args);
    expect(status).toBe(1);
    expect(err).toMatch(sentence);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(live()).toEqual(before);
    expect(updates).toEqual([]);
  });

  test('tells what it does', async () => {
    const { status, out } = await rollback('--help');
    expect([status, out]).toEqual([0, expect.stringMatching(/^npm run rollback/)]);
  });
});
