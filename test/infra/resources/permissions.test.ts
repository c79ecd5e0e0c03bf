import { describe, expect, test } from 'vitest';
import { installationsTable, userCacheTable } from '../../../shared/contract.ts';
import {
  busySample,
  calledSample,
  ofType,
  receivingSample,
  type Synthesized,
  sample,
  single,
  synthesizedStack,
  target,
} from '../synthesized-stack.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const { resources } = synthesizedStack();
const functions = ofType(resources, 'AWS::Lambda::Function');

/** Everything that a function's role may do. */
function statementsOf(resources: Synthesized['resources'], name: string): Statement[] {
  const role = target(ofType(resources, 'AWS::Lambda::Function').get(name)?.Properties.Role);
  return [...ofType(resources, 'AWS::IAM::Policy').values()]
    .filter(({ Properties }) => (Properties.Roles as unknown[]).map(target).includes(role))
    .flatMap(({ Properties }) => (Properties.PolicyDocument as { Statement: Statement[] }).Statement);
}

/** One line per action and resource: `action on resource`, with what it is limited to. */
function permissionsOf(name: string, within = resources): string[] {
  return statementsOf(within, name)
    .flatMap(({ Effect, Action, Resource, Condition }) =>
      [Action].flat().flatMap((action) =>
        [Resource].flat().map((resource) => {
          const limits = Condition === undefined ? '' : ` if ${JSON.stringify(Condition)}`;
          return `${Effect === 'Allow' ? '' : `${Effect} `}${action} on ${target(resource)}${limits}`;
        }),
      ),
    )
    .sort();
}

const only = (attributes: readonly string[], more: object = {}) =>
  ` if ${JSON.stringify({
    'ForAllValues:StringEquals': { 'dynamodb:Attributes': attributes },
    Null: { 'dynamodb:Attributes': 'false' },
    ...more,
  })}`;
const onlyReading = (attributes: readonly string[]) =>
  only(attributes, { StringEqualsIfExists: { 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES' } });
const logs = (id: string) => [
  `logs:CreateLogStream on ${id}Log`,
  `logs:PutLogEvents on ${id}Log`,
  'xray:PutTelemetryRecords on *',
  'xray:PutTraceSegments on *',
];
const secrets = (...names: string[]) => names.map((name) => `secretsmanager:GetSecretValue on Secrets${name}`);
const keyUse =
  'kms:Decrypt on InstallationsKey if {"StringEquals":{"kms:ViaService":"dynamodb.ap-south-1.amazonaws.com"}}';
/** One request reads both tables: the names of both, and the token's is not among them. */
const checked = [...new Set([...installationsTable.sessionAttributes, ...userCacheTable.attributes])];
const sessionReads = [
  `dynamodb:BatchGetItem on Installations${onlyReading(checked)}`,
  'dynamodb:BatchGetItem on UserCache',
];
const sessionChecks = [...secrets('ApiKey', 'SessionKey'), keyUse, ...sessionReads];
const epochMoves = 'dynamodb:UpdateItem on UserCache';
const entryWrites = 'dynamodb:PutItem on UserCache';
const noReturns = { StringEquals: { 'dynamodb:ReturnValues': 'NONE' } };
const recording = [
  keyUse,
  `dynamodb:GetItem on Installations${onlyReading(installationsTable.callbackAttributes)}`,
  `dynamodb:UpdateItem on Installations${only(
    [...installationsTable.callbackAttributes, ...installationsTable.writtenAttributes],
    noReturns,
  )}`,
];
const sends = 'sqs:SendMessage on WorkQueue';

describe('each function may do exactly this', () => {
  test.for<[string, string[]]>([
    ['Healthz', []],
    ['Install', secrets('ApiKey', 'SessionKey')],
    ['Callback', [...secrets('ApiKey', 'ApiSecret', 'SessionKey', 'TokenKey'), ...recording, ...sessionReads, sends]],
    ['Webhook', [...secrets('WebhookKey'), sends]],
    ['AutoInstall', [...secrets('ApiKey', 'ApiSecret', 'TokenKey'), ...recording, sends]],
    ['Uninstall', [...secrets('ApiKey', 'ApiSecret'), sends]],
    ['Storefront', secrets('ApiSecret')],
    [
      'Worker',
      [
        ...secrets('ApiKey', 'ApiSecret', 'TokenKey', 'WebhookKey'),
        keyUse,
        `dynamodb:BatchGetItem on Installations${onlyReading(installationsTable.refreshAttributes)}`,
        `dynamodb:GetItem on Installations${onlyReading(installationsTable.refreshAttributes)}`,
        `dynamodb:UpdateItem on Installations${only(
          [...installationsTable.refreshAttributes, ...installationsTable.workerWrittenAttributes],
          noReturns,
        )}`,
        'dynamodb:Query on Installations/index/listed',
        'dynamodb:GetItem on Deliveries',
        'dynamodb:PutItem on Deliveries',
        sends,
        'sqs:ReceiveMessage on WorkQueue',
        'sqs:DeleteMessage on WorkQueue',
        'sqs:GetQueueAttributes on WorkQueue',
        'sqs:ChangeMessageVisibility on WorkQueue',
      ],
    ],
    ['Page', sessionChecks],
    ['Session', [...sessionChecks, epochMoves]],
    ['PlatformProxy', [...sessionChecks, epochMoves, entryWrites]],
    ['Products', [...sessionChecks, epochMoves, entryWrites]],
  ])('%s', ([id, permissions]) => {
    expect(permissionsOf(`${id}Function`)).toEqual([...logs(id), ...permissions].sort());
  });

  test('and there is no function beside these', () => {
    expect([...functions.keys()].sort()).toEqual(
      [
        'AutoInstall',
        'Callback',
        'Healthz',
        'Install',
        'Page',
        'PlatformProxy',
        'Products',
        'Session',
        'Storefront',
        'Uninstall',
        'Webhook',
        'Worker',
      ].map((id) => `${id}Function`),
    );
  });

  test('by its own role alone: no managed policy, no inline policy, no role shared', () => {
    const roles = ofType(resources, 'AWS::IAM::Role');
    for (const { Properties } of roles.values()) {
      expect(Properties).not.toHaveProperty('ManagedPolicyArns');
      expect(Properties).not.toHaveProperty('Policies');
    }
    const used = [...functions.values()].map(({ Properties }) => target(Properties.Role));
    expect([...used, 'SchedulesRole'].sort()).toEqual([...roles.keys()].sort());
  });

  test('handlers of events and schedules bring no function and no permission', () => {
    const busy = synthesizedStack({ extension: busySample }).resources;
    expect([...ofType(busy, 'AWS::Lambda::Function').keys()]).toEqual([...functions.keys()]);
    expect([...ofType(busy, 'AWS::IAM::Policy').keys()]).toEqual([...ofType(resources, 'AWS::IAM::Policy').keys()]);
  });

  test('the scheduler’s role sends to the queue', () => {
    const policies = [...ofType(resources, 'AWS::IAM::Policy').values()].filter(({ Properties }) =>
      (Properties.Roles as unknown[]).map(target).includes('SchedulesRole'),
    );
    expect(
      policies.flatMap(({ Properties }) =>
        (Properties.PolicyDocument as { Statement: Statement[] }).Statement.map(
          ({ Effect, Action, Resource }) => `${Effect} ${String(Action)} on ${target(Resource)}`,
        ),
      ),
    ).toEqual(['Allow sqs:SendMessage on WorkQueue']);
  });

  test('and nothing grants access from its own side: no policy on a table or a secret, those on queues only refuse, the key is left to IAM', () => {
    expect(ofType(resources, 'AWS::SecretsManager::ResourcePolicy').size).toBe(0);
    for (const { Properties } of ofType(resources, 'AWS::DynamoDB::GlobalTable').values()) {
      expect(JSON.stringify(Properties)).not.toContain('ResourcePolicy');
    }
    for (const { Properties } of ofType(resources, 'AWS::SQS::QueuePolicy').values()) {
      const { Statement } = Properties.PolicyDocument as { Statement: { Effect: string }[] };
      expect(new Set(Statement.map(({ Effect }) => Effect))).toEqual(new Set(['Deny']));
    }
    const { Statement } = single(resources, 'AWS::KMS::Key').Properties.KeyPolicy as {
      Statement: { Principal: unknown }[];
    };
    expect(Statement).toHaveLength(1);
    expect(JSON.stringify(Statement[0]?.Principal)).toMatch(/:root"/);
  });
});

describe('offline never answers a browser', () => {
  const inBackground = 'WorkerFunction';
  const thoseWith = (secret: string) =>
    [...functions.keys()].filter((name) => permissionsOf(name).join('\n').includes(secret)).sort();

  test('the key that opens stored tokens is for those that store one, and the worker; so is the API secret, and for who checks its signatures', () => {
    expect(thoseWith('SecretsTokenKey')).toEqual(['AutoInstallFunction', 'CallbackFunction', inBackground]);
    expect(thoseWith('SecretsApiSecret')).toEqual([
      'AutoInstallFunction',
      'CallbackFunction',
      'StorefrontFunction',
      'UninstallFunction',
      inBackground,
    ]);
  });

  test('the key of webhooks is for the worker, which registers them, and for who verifies them; nobody where that is the API secret', () => {
    expect(thoseWith('SecretsWebhookKey')).toEqual(['WebhookFunction', inBackground]);
    const insisting = synthesizedStack({ extension: { ...sample, webhooks: { secret: 'api-secret' } } }).resources;
    const read = (name: string) =>
      statementsOf(insisting, name).flatMap(({ Action, Resource }) =>
        Action === 'secretsmanager:GetSecretValue' ? [target(Resource)] : [],
      );
    expect(read('WebhookFunction')).toEqual(['SecretsApiSecret']);
    for (const name of functions.keys()) expect(read(name)).not.toContain('SecretsWebhookKey');
  });

  test('who opens a session cannot open stored tokens, and who opens those knows no session; the callback seals both', () => {
    const both = thoseWith('SecretsSessionKey').filter((name) => thoseWith('SecretsTokenKey').includes(name));
    expect(both).toEqual(['CallbackFunction']);
  });

  test('who is called by storefronts and servers opens no session, queues nothing, lists nobody, and reads one row at a time', () => {
    const called = synthesizedStack({ extension: calledSample }).resources;
    const added = [...ofType(called, 'AWS::Lambda::Function').keys()].filter((name) => !functions.has(name));
    expect(added.sort()).toEqual(['PaidFunction', 'PayFunction', 'WishlistFunction']);
    const { refreshAttributes, workerWrittenAttributes } = installationsTable;
    for (const name of added) {
      expect(permissionsOf(name, called)).toEqual(
        [
          ...logs(name.replace(/Function$/, '')),
          ...secrets('ApiKey', 'ApiSecret', 'TokenKey'),
          keyUse,
          `dynamodb:GetItem on Installations${onlyReading(refreshAttributes)}`,
          `dynamodb:UpdateItem on Installations${only([...refreshAttributes, ...workerWrittenAttributes], noReturns)}`,
        ].sort(),
      );
    }
  });

  test('who receives what another account sends reads no secret and no table, and only queues', () => {
    const receiving = synthesizedStack({ extension: receivingSample }).resources;
    const added = [...ofType(receiving, 'AWS::Lambda::Function').keys()].filter((name) => !functions.has(name));
    expect(added).toEqual(['ReceiveEventFunction']);
    expect(permissionsOf('ReceiveEventFunction', receiving)).toEqual(
      [
        ...logs('ReceiveEvent'),
        sends,
        'sqs:ReceiveMessage on ReceivedEventsQueue',
        'sqs:DeleteMessage on ReceivedEventsQueue',
        'sqs:GetQueueAttributes on ReceivedEventsQueue',
      ].sort(),
    );
    for (const name of functions.keys()) expect(permissionsOf(name, receiving)).toEqual(permissionsOf(name));
  });

  test('nobody reaches the worker but the queue: it has no route, and nothing may invoke it', () => {
    const reached = [
      ...[...ofType(resources, 'AWS::ApiGatewayV2::Integration').values()].map(
        (each) => each.Properties.IntegrationUri,
      ),
      ...[...ofType(resources, 'AWS::Lambda::Permission').values()].map((each) => each.Properties.FunctionName),
    ].map(target);
    expect([...new Set(reached)].sort()).toEqual([...functions.keys()].filter((name) => name !== inBackground).sort());
  });

  test('no function but the worker can read the attribute that holds the token, and none can ask for a whole item', () => {
    for (const name of functions.keys()) {
      const reads = statementsOf(resources, name)
        .filter(({ Resource }) => [Resource].flat().map(target).includes('Installations'))
        .filter(({ Action }) => ![Action].flat().every((action) => action === 'dynamodb:UpdateItem'));
      for (const { Condition } of reads) {
        const attributes = Condition?.['ForAllValues:StringEquals']?.['dynamodb:Attributes'] as string[];
        expect(attributes.includes(installationsTable.tokenAttribute)).toBe(name === inBackground);
        expect(attributes).toContain('pk');
        expect(Condition?.Null).toEqual({ 'dynamodb:Attributes': 'false' });
        expect(Condition?.StringEqualsIfExists).toEqual({ 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES' });
      }
      const without = [
        'InstallFunction',
        'HealthzFunction',
        'WebhookFunction',
        'UninstallFunction',
        'StorefrontFunction',
      ];
      // The callback reads what it decides by, and whether a session still counts.
      expect(reads.length).toBe(without.includes(name) ? 0 : name === 'CallbackFunction' ? 2 : 1);
    }
  });

  test('only the worker lists companies, in the index of keys alone', () => {
    const listing = [...functions.keys()].filter((name) => /Query|Scan|\/index\//.test(permissionsOf(name).join('\n')));
    expect(listing).toEqual([inBackground]);
    expect(permissionsOf(inBackground).filter((line) => /Query|Scan|index/.test(line))).toEqual([
      'dynamodb:Query on Installations/index/listed',
    ]);
  });

  test('only who redeems a code and the worker write installations, and an update cannot answer with the item', () => {
    for (const name of functions.keys()) {
      const writes = statementsOf(resources, name).filter(
        ({ Action, Resource }) =>
          [Resource].flat().map(target).includes('Installations') &&
          [Action].flat().some((action) => !/^dynamodb:(Batch)?GetItem$/.test(action)),
      );
      expect(writes.map(({ Action, Condition }) => [Action, Condition?.StringEquals])).toEqual(
        ['AutoInstallFunction', 'CallbackFunction', inBackground].includes(name)
          ? [['dynamodb:UpdateItem', { 'dynamodb:ReturnValues': 'NONE' }]]
          : [],
      );
    }
  });
});

describe('each function knows exactly these names', () => {
  const ofEnvironment = (name: string) =>
    Object.keys(
      (functions.get(name)?.Properties.Environment as { Variables?: object } | undefined)?.Variables ?? {},
    ).sort();
  const sessionNames = [
    'API_KEY_SECRET_ID',
    'BASE_URL',
    'INSTALLATIONS_TABLE',
    'SESSION_KEY_SECRET_ID',
    'USER_CACHE_TABLE',
  ];

  test.for<[string, string[]]>([
    ['Healthz', []],
    ['Install', ['API_KEY_SECRET_ID', 'BASE_URL', 'SESSION_KEY_SECRET_ID']],
    [
      'Callback',
      [
        'API_KEY_SECRET_ID',
        'API_SECRET_SECRET_ID',
        'BASE_URL',
        'INSTALLATIONS_TABLE',
        'SESSION_KEY_SECRET_ID',
        'TOKEN_KEY_SECRET_ID',
        'USER_CACHE_TABLE',
        'WORK_QUEUE_URL',
      ],
    ],
    ['Webhook', ['WEBHOOK_KEY_SECRET_ID', 'WORK_QUEUE_URL']],
    [
      'AutoInstall',
      [
        'API_KEY_SECRET_ID',
        'API_SECRET_SECRET_ID',
        'BASE_URL',
        'INSTALLATIONS_TABLE',
        'TOKEN_KEY_SECRET_ID',
        'WORK_QUEUE_URL',
      ],
    ],
    ['Uninstall', ['API_KEY_SECRET_ID', 'API_SECRET_SECRET_ID', 'BASE_URL', 'WORK_QUEUE_URL']],
    ['Storefront', ['API_SECRET_SECRET_ID', 'BASE_URL']],
    [
      'Worker',
      [
        'API_KEY_SECRET_ID',
        'API_SECRET_SECRET_ID',
        'BASE_URL',
        'DELIVERIES_TABLE',
        'INSTALLATIONS_TABLE',
        'TOKEN_KEY_SECRET_ID',
        'WEBHOOK_KEY_SECRET_ID',
        'WORK_QUEUE_URL',
      ],
    ],
    ['Page', sessionNames],
    ['Session', sessionNames],
    ['PlatformProxy', sessionNames],
    ['Products', sessionNames],
  ])('%s', ([id, names]) => {
    expect(ofEnvironment(`${id}Function`)).toEqual([...names, 'STACK_NAME'].toSorted());
  });
});
