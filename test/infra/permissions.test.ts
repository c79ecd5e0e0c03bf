import { describe, expect, test } from 'vitest';
import { installationsTable, userCacheTable } from '../../shared/contract.ts';
import { ofType, type Synthesized, single, synthesizedStack, target } from './synthesized-stack.ts';

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
function permissionsOf(name: string): string[] {
  return statementsOf(resources, name)
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
const sessionChecks = [
  ...secrets('ApiKey', 'SessionKey'),
  keyUse,
  `dynamodb:BatchGetItem on Installations${only(checked)}`,
  `dynamodb:GetItem on Installations${only(checked)}`,
  'dynamodb:BatchGetItem on UserCache',
  'dynamodb:GetItem on UserCache',
];
const epochMoves = 'dynamodb:UpdateItem on UserCache';
const entryWrites = 'dynamodb:PutItem on UserCache';

describe('each function may do exactly this', () => {
  test.for<[string, string[]]>([
    ['Healthz', []],
    ['Install', secrets('ApiKey', 'SessionKey')],
    [
      'Callback',
      [
        ...secrets('ApiKey', 'ApiSecret', 'SessionKey', 'TokenKey'),
        keyUse,
        `dynamodb:GetItem on Installations${only(installationsTable.callbackAttributes)}`,
        `dynamodb:UpdateItem on Installations${only(
          [...installationsTable.callbackAttributes, ...installationsTable.writtenAttributes],
          { StringEquals: { 'dynamodb:ReturnValues': 'NONE' } },
        )}`,
      ],
    ],
    ['Page', sessionChecks],
    ['Session', [...sessionChecks, epochMoves]],
    ['PlatformProxy', [...sessionChecks, epochMoves, entryWrites]],
    ['Ownfunctionsproducts', [...sessionChecks, epochMoves, entryWrites]],
  ])('%s', ([id, permissions]) => {
    expect(permissionsOf(`${id}Function`)).toEqual([...logs(id), ...permissions].sort());
  });

  test('and there is no function beside these', () => {
    expect([...functions.keys()].sort()).toEqual(
      ['Callback', 'Healthz', 'Install', 'Ownfunctionsproducts', 'Page', 'PlatformProxy', 'Session'].map(
        (id) => `${id}Function`,
      ),
    );
  });

  test('by its own role alone: no managed policy, no inline policy, no role shared', () => {
    const roles = ofType(resources, 'AWS::IAM::Role');
    for (const { Properties } of roles.values()) {
      expect(Properties).not.toHaveProperty('ManagedPolicyArns');
      expect(Properties).not.toHaveProperty('Policies');
    }
    const used = [...functions.values()].map(({ Properties }) => target(Properties.Role));
    expect(used.toSorted()).toEqual([...roles.keys()].sort());
  });

  test('and nothing grants access from its own side: no policy on a table or a secret, the key is left to IAM', () => {
    expect(ofType(resources, 'AWS::SecretsManager::ResourcePolicy').size).toBe(0);
    for (const { Properties } of ofType(resources, 'AWS::DynamoDB::GlobalTable').values()) {
      expect(JSON.stringify(Properties)).not.toContain('ResourcePolicy');
    }
    const { Statement } = single(resources, 'AWS::KMS::Key').Properties.KeyPolicy as {
      Statement: { Principal: unknown }[];
    };
    expect(Statement).toHaveLength(1);
    expect(JSON.stringify(Statement[0]?.Principal)).toMatch(/:root"/);
  });
});

describe('offline never answers a browser', () => {
  const others = [...functions.keys()].filter((name) => name !== 'CallbackFunction');

  test('no function but the callback can fetch the key that opens stored tokens, or the API secret', () => {
    for (const name of others) {
      const readable = permissionsOf(name).join('\n');
      expect(readable).not.toContain('TokenKey');
      expect(readable).not.toContain('ApiSecret');
    }
  });

  test('no function can read the attribute that holds the token, nor ask for a whole item', () => {
    for (const name of functions.keys()) {
      const reads = statementsOf(resources, name)
        .filter(({ Resource }) => [Resource].flat().map(target).includes('Installations'))
        .filter(({ Action }) => ![Action].flat().every((action) => action === 'dynamodb:UpdateItem'));
      for (const { Condition } of reads) {
        expect(Condition?.['ForAllValues:StringEquals']?.['dynamodb:Attributes']).not.toContain(
          installationsTable.tokenAttribute,
        );
        expect(Condition?.['ForAllValues:StringEquals']?.['dynamodb:Attributes']).toContain('pk');
        expect(Condition?.Null).toEqual({ 'dynamodb:Attributes': 'false' });
      }
      expect(reads.length).toBe(['InstallFunction', 'HealthzFunction'].includes(name) ? 0 : 1);
    }
  });

  test('only the callback writes installations, and an update cannot answer with the item', () => {
    for (const name of functions.keys()) {
      const writes = statementsOf(resources, name).filter(
        ({ Action, Resource }) =>
          [Resource].flat().map(target).includes('Installations') &&
          [Action].flat().some((action) => !/^dynamodb:(Batch)?GetItem$/.test(action)),
      );
      expect(writes.map(({ Action, Condition }) => [Action, Condition?.StringEquals])).toEqual(
        name === 'CallbackFunction' ? [['dynamodb:UpdateItem', { 'dynamodb:ReturnValues': 'NONE' }]] : [],
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
      ],
    ],
    ['Page', sessionNames],
    ['Session', sessionNames],
    ['PlatformProxy', sessionNames],
    ['Ownfunctionsproducts', sessionNames],
  ])('%s', ([id, names]) => {
    expect(ofEnvironment(`${id}Function`)).toEqual(names);
  });
});
