import { ResourceNotFoundException } from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, test } from 'vitest';
import { checksOf } from '../../../../infra/operations/doctor/checks.ts';
import type { Examined, Finding } from '../../../../infra/operations/doctor/examined.ts';
import { deliveriesTable, installationsTable, paths, userCacheTable } from '../../../../shared/contract.ts';
import { parseExtension } from '../../../../shared/parse-extension.ts';

/** What each operation of AWS's answers; each test breaks one of them. */
type Answers = Record<string, (input: never) => unknown>;

const nowMs = Date.parse('2026-03-01T12:00:00Z');
const names = { installations: 'I', userCache: 'U', deliveries: 'D' };
const ofTable: Record<string, string | undefined> = { U: userCacheTable.ttlAttribute, D: deliveriesTable.ttlAttribute };
const alarm = { AlarmName: 'lens-Refused', StateValue: 'OK', AlarmActions: ['arn:aws:sns:x:1:night-shift'] };
const resources = [
  { LogicalResourceId: 'SecretsSessionKey1', PhysicalResourceId: 's', ResourceType: 'AWS::SecretsManager::Secret' },
  { LogicalResourceId: 'SecretsTokenKey1', PhysicalResourceId: 't', ResourceType: 'AWS::SecretsManager::Secret' },
  { LogicalResourceId: 'SecretsWebhookKey1', PhysicalResourceId: 'w', ResourceType: 'AWS::SecretsManager::Secret' },
  { LogicalResourceId: 'PlatformProxyRole1', PhysicalResourceId: 'proxy', ResourceType: 'AWS::IAM::Role' },
  { LogicalResourceId: 'OwnRole1', PhysicalResourceId: 'own', ResourceType: 'AWS::IAM::Role' },
  { LogicalResourceId: 'AlarmsRefused1', PhysicalResourceId: 'lens-Refused', ResourceType: 'AWS::CloudWatch::Alarm' },
];

let aws: Answers;
/** `METHOD /path` → what the extension answers; all else as it should. */
let answers: Record<string, Response>;
/** What rows say of companies' subscribers, by company. */
let subscribers: Record<string, object | undefined>;
let configured: object;
let isEmulated: boolean;

beforeEach(() => {
  aws = {
    DescribeTable: ({ TableName }: { TableName: string }) => ({
      Table: {
        TableStatus: 'ACTIVE',
        TableArn: `arn:${TableName}`,
        DeletionProtectionEnabled: true,
        GlobalSecondaryIndexes: [{ IndexName: installationsTable.listing.indexName, IndexStatus: 'ACTIVE' }],
      },
    }),
    DescribeTimeToLive: ({ TableName }: { TableName: string }) => ({
      TimeToLiveDescription: { TimeToLiveStatus: 'ENABLED', AttributeName: ofTable[TableName] },
    }),
    DescribeContinuousBackups: () => ({
      ContinuousBackupsDescription: { PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'ENABLED' } },
    }),
    GetQueueAttributes: () => ({ Attributes: { ApproximateNumberOfMessages: '0' } }),
    DescribeSecret: () => ({ LastChangedDate: new Date(nowMs - 72 * 3_600_000) }),
    DescribeAlarms: () => ({ MetricAlarms: [alarm] }),
    GetAccountSettings: () => ({
      AccountLimit: { ConcurrentExecutions: 1_000, UnreservedConcurrentExecutions: 1_000 },
    }),
    GetMetricStatistics: () => ({ Datapoints: [{ Timestamp: new Date(nowMs), Maximum: 60 }] }),
    GetRole: ({ RoleName }: { RoleName: string }) => ({ Role: { Arn: RoleName } }),
    SimulatePrincipalPolicy: simulate(() => false),
    Query: () => ({ Items: [] }),
    BatchGet: () => ({
      Responses: {
        I: Object.entries(subscribers).map(([id, subscriber]) => ({
          pk: `company#${id}`,
          status: 'installed',
          subscriber,
        })),
      },
    }),
  };
  answers = {};
  subscribers = {};
  configured = { name: 'Lens', scopes: ['company/products'] };
  isEmulated = false;
});

/** IAM's simulation, of roles that may read what they are granted, and of `more`: role and action. */
function simulate(more: (role: string, action: string, attributes: readonly string[] | undefined) => boolean) {
  return (input: {
    PolicySourceArn: string;
    ActionNames: string[];
    ContextEntries?: { ContextKeyValues: string[] }[];
  }) => ({
    EvaluationResults: input.ActionNames.map((action) => {
      const attributes = input.ContextEntries?.[0]?.ContextKeyValues;
      const isGranted =
        input.PolicySourceArn === 'proxy' &&
        action === 'dynamodb:BatchGetItem' &&
        attributes?.every((each) => (installationsTable.sessionAttributes as readonly string[]).includes(each));
      const isAllowed = isGranted || more(input.PolicySourceArn, action, attributes);
      return { EvalActionName: action, EvalDecision: isAllowed ? 'allowed' : 'implicitDeny' };
    }),
  });
}

const client = {
  send: (command: { constructor: { name: string }; input: never }) => {
    const name = command.constructor.name.replace('Command', '');
    const answer = aws[name];
    if (answer === undefined) throw new Error(`Nobody answers ${name}.`);
    return Promise.resolve().then(() => answer(command.input));
  },
};

const problem = (status: number, code: string) =>
  new Response(JSON.stringify({ code }), { status, headers: { 'content-type': 'application/problem+json' } });

/** As functions answer somebody without a session. */
function answerTo(method: string, path: string, headers: Readonly<Record<string, string>>): Response {
  const given = answers[`${method} ${path}`];
  if (given !== undefined) return given;
  if (path === paths.healthz) return new Response('{"ok":true}', { headers: { date: new Date(nowMs).toUTCString() } });
  if (path.startsWith('/_extension/')) return new Response('');
  if (path.startsWith(paths.webhookEvents))
    return 'x-fp-signature' in headers ? problem(403, 'signature_mismatch') : problem(401, 'signature_required');
  if (path.startsWith('/ext/')) return problem(401, 'signature_required');
  if (method === 'DELETE') return problem(403, 'cross_site_request');
  if (path.startsWith('/api/')) return problem(401, 'session_required');
  if (path.startsWith('/company/1%')) return problem(400, 'invalid_request');
  return /^\/(?:company|organization)\/1$/.test(path)
    ? new Response('', { status: 302 })
    : problem(400, 'invalid_request');
}

async function find(name: string): Promise<Finding> {
  const extension = parseExtension(configured);
  const outputs = new Map<string, string>();
  const examined = {
    extension,
    baseUrl: 'https://lens.example',
    nowMs: () => nowMs,
    ask: async (path: string, { method = 'GET', headers = {} } = {}) => answerTo(method, path, headers),
    data: {
      tables: names,
      dynamoDb: client,
      documents: client,
      sqs: client,
      secretsManager: client,
      workQueueUrl: 'https://sqs/1/work.fifo',
      deadLettersUrl: 'https://sqs/1/dead.fifo',
    },
    account: {
      stack: { name: 'lens', outputs },
      resources: () => Promise.resolve(resources),
      cloudWatch: client,
      iam: client,
      lambda: client,
      isEmulated,
    },
  } as unknown as Examined;
  const check = checksOf(examined).find((each) => each.name === name);
  if (check === undefined) throw new Error(`There is no check ${name}.`);
  return await check.run(examined);
}

const wrong = (says: RegExp) => ({ result: 'wrong', says: expect.stringMatching(says) });

test.each([
  'routes',
  'paths',
  'tables',
  'time to live',
  'dead letters',
  'events',
  'subscribers',
  'keys',
  'own secrets',
  'recovery',
  'IAM fence',
  'alarms',
  'concurrency',
  'waiting work',
  'clock of AWS',
])('%s: nothing is found where all is as it should be', async (name) => {
  expect(await find(name)).toMatchObject({ result: 'ok' });
});

describe('routes', () => {
  test('one that the gateway does not know, or that lets a stranger in, is named with what it answered', async () => {
    answers[`GET ${paths.session}`] = new Response('{"message":"Not Found"}', { status: 404 });
    answers['GET /ext/doctor'] = new Response('{}');
    expect(await find('routes')).toEqual(
      wrong(/^GET \/api\/session answered 404 instead of 401 session_required; GET \/ext\/doctor answered 200/),
    );
  });

  test('those of partners are tried where there are partners', async () => {
    answers[`GET ${paths.partnerInstall}`] = new Response('', { status: 502 });
    expect(await find('routes')).toMatchObject({ result: 'ok' });
    configured = { ...configured, partner: { scopes: ['organization/themes'] } };
    expect(await find('routes')).toEqual(wrong(/\/adm\/install answered 502/));
  });
});

describe('paths', () => {
  const escaped = `GET ${paths.sessionScript.replace('.js', '%252ejs')}`;

  test('a gateway that decodes them twice, or not at all, is found', async () => {
    answers['GET /company/1%2531?session=tab'] = new Response('<!doctype html>');
    expect(await find('paths')).toEqual(wrong(/decoded twice/));
    answers = { [escaped]: problem(404, 'not_found') };
    expect(await find('paths')).toEqual(wrong(/arrives as %25/));
  });

  test('is not held against the emulator, which is known for it', async () => {
    answers = { [escaped]: problem(404, 'not_found') };
    isEmulated = true;
    expect(await find('paths')).toMatchObject({ result: 'unknown' });
  });
});

describe('tables', () => {
  test('one that is gone, is being made, or lacks its index is found', async () => {
    aws['DescribeTable'] = (input: { TableName: string }) => {
      if (input.TableName === 'U') throw new ResourceNotFoundException({ message: 'none', $metadata: {} });
      if (input.TableName === 'D') return { Table: { TableStatus: 'CREATING' } };
      return { Table: { TableStatus: 'ACTIVE' } };
    };
    expect(await find('tables')).toEqual(wrong(/^the index listed of I is missing; U does not exist; D is CREATING$/));
  });

  test('items that never expire, or by another attribute, are found', async () => {
    aws['DescribeTimeToLive'] = ({ TableName }: { TableName: string }) => ({
      TimeToLiveDescription:
        TableName === 'U' ? { TimeToLiveStatus: 'DISABLED' } : { TimeToLiveStatus: 'ENABLED', AttributeName: 'ttl' },
    });
    expect(await find('time to live')).toEqual(wrong(/^U deletes nothing .*; D goes by ttl, and not by expiresAt$/));
  });

  test('no recovery, and installations that anybody may delete, are found', async () => {
    aws['DescribeContinuousBackups'] = () => ({ ContinuousBackupsDescription: {} });
    aws['DescribeTable'] = () => ({ Table: {} });
    expect(await find('recovery')).toEqual(wrong(/^I cannot be restored .*; U .*; D .*; I may be deleted/));
  });
});

test('dead letters and work that waits are told with their number and age', async () => {
  aws['GetQueueAttributes'] = () => ({ Attributes: { ApproximateNumberOfMessages: '2' } });
  expect(await find('dead letters')).toEqual(wrong(/^2 messages failed for good$/));
  aws['GetMetricStatistics'] = () => ({
    Datapoints: [
      { Timestamp: new Date(nowMs - 60_000), Maximum: 5 },
      { Timestamp: new Date(nowMs), Maximum: 7_200 },
    ],
  });
  expect(await find('waiting work')).toEqual(wrong(/^a message waits since 2 h$/));
});

test('a worker that takes most of what the account runs at once is found, and one that leaves pages enough is not', async () => {
  aws['GetAccountSettings'] = () => ({
    AccountLimit: { ConcurrentExecutions: 10, UnreservedConcurrentExecutions: 10 },
  });
  expect(await find('concurrency')).toMatchObject({
    ...wrong(/^10 functions at once in this account, of which the worker may be 20$/),
    remedy: expect.stringContaining('worker.maxConcurrency: 2 '),
  });
  configured = { ...configured, worker: { maxConcurrency: 2 } };
  expect(await find('concurrency')).toMatchObject({ result: 'ok' });
  aws['GetAccountSettings'] = () => ({});
  expect(await find('concurrency')).toMatchObject({ result: 'unknown' });
});

test('an event that no document knows is asked about', async () => {
  configured = {
    ...configured,
    events: { 'company/produkt/update/v1': './functions/app/x.ts' },
    webhooks: { notificationEmail: 'a@b.example' },
  };
  expect(await find('events')).toMatchObject({ result: 'unknown', says: expect.stringMatching(/produkt/) });
});

describe('subscribers', () => {
  beforeEach(() => {
    configured = {
      ...configured,
      events: { 'company/product/update/v1': './functions/app/x.ts' },
      webhooks: { notificationEmail: 'a@b.example' },
    };
    aws['Query'] = (input: { ExpressionAttributeValues: Record<string, string> }) => ({
      Items:
        input.ExpressionAttributeValues[':listed'] === 'installed#0' ? [{ pk: 'company#1' }, { pk: 'company#2' }] : [],
    });
  });

  test('one that the platform blocked is found by the last look at it', async () => {
    subscribers = {
      1: { state: 'active', seenAtMs: nowMs },
      2: { state: 'blocked', seenAtMs: nowMs - 3 * 3_600_000 },
    };
    expect(await find('subscribers')).toEqual(wrong(/^1 of 2 do not deliver: company 2: blocked \(seen 3 h ago\)$/));
  });

  test('that nobody has looked yet is said', async () => {
    subscribers = { 1: undefined, 2: undefined };
    expect(await find('subscribers')).toMatchObject({
      result: 'unknown',
      says: expect.stringMatching(/nobody has looked/),
    });
    subscribers[1] = { state: 'active', seenAtMs: nowMs };
    expect(await find('subscribers')).toMatchObject({ result: 'ok', says: expect.stringMatching(/^1 of 2 deliver/) });
  });
});

test('a key that is gone, or on its way, is found; of the others the age is told', async () => {
  expect((await find('keys')).says).toBe('session key 3 days old, token key 3 days old, webhook key 3 days old');
  aws['DescribeSecret'] = ({ SecretId }: { SecretId: string }) => {
    if (SecretId === 's') throw new ResourceNotFoundException({ message: 'none', $metadata: {} });
    return SecretId === 't' ? { DeletedDate: new Date(nowMs) } : {};
  };
  expect(await find('keys')).toEqual(wrong(/^the session key is gone; the token key is being deleted$/));
});

describe('IAM fence', () => {
  test('a role that may read a whole installation is named with what it may', async () => {
    aws['SimulatePrincipalPolicy'] = simulate((role, action) => role === 'own' && action === 'dynamodb:Scan');
    expect(await find('IAM fence')).toEqual(wrong(/^OwnRole1 may read whole installations \(dynamodb:Scan\)$/));
  });

  test('a proxy that may read tokens by name is found', async () => {
    aws['SimulatePrincipalPolicy'] = simulate(
      (role, action, attributes) =>
        role === 'proxy' && action === 'dynamodb:GetItem' && attributes?.includes('token') === true,
    );
    expect(await find('IAM fence')).toEqual(wrong(/^PlatformProxyRole1 may read tokens \(dynamodb:GetItem\)$/));
  });

  test('a simulation that allows nothing at all proves nothing', async () => {
    aws['SimulatePrincipalPolicy'] = ({ ActionNames }: { ActionNames: string[] }) => ({
      EvaluationResults: ActionNames.map((EvalActionName) => ({ EvalActionName, EvalDecision: 'explicitDeny' })),
    });
    expect(await find('IAM fence')).toMatchObject({ result: 'unknown' });
  });
});

test('alarms that are gone, went off or tell nobody are told', async () => {
  aws['DescribeAlarms'] = () => ({ MetricAlarms: [{ ...alarm, AlarmActions: [] }] });
  expect(await find('alarms')).toMatchObject({ result: 'unknown', says: expect.stringMatching(/tell nobody$/) });
  aws['DescribeAlarms'] = () => ({ MetricAlarms: [{ ...alarm, StateValue: 'ALARM' }] });
  expect(await find('alarms')).toEqual(wrong(/^lens-Refused went off$/));
  aws['DescribeAlarms'] = () => ({ MetricAlarms: [] });
  expect(await find('alarms')).toMatchObject(wrong(/^lens-Refused is gone$/));
});

test('a clock that differs from AWS’s is found', async () => {
  answers[`GET ${paths.healthz}`] = new Response('', { headers: { date: new Date(nowMs - 400_000).toUTCString() } });
  expect(await find('clock of AWS')).toEqual(wrong(/^400 s from this machine’s$/));
});

test('the clock of an API that cannot be reached is nobody’s fault', async () => {
  Object.defineProperty(answers, `GET ${paths.healthz}`, {
    get: () => {
      throw new Error('The API cannot be reached.');
    },
  });
  expect(await find('clock of AWS')).toMatchObject({ result: 'unknown' });
});
