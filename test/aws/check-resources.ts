import { isDeepStrictEqual } from 'node:util';
import type { Aws } from '../../infra/emulator/aws.ts';
import { accountId, region } from '../../infra/emulator/emulator.ts';
import { check } from '../../infra/emulator/failure.ts';
import { inlineStatements, listOf } from '../../infra/emulator/policies.ts';
import type { Template, TemplateResource } from './deployment.ts';
import { resourceDifferences } from './differences.ts';

interface StackResource {
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId: string;
  readonly ResourceType: string;
  readonly ResourceStatus: string;
}

interface Intrinsic {
  readonly Ref?: string;
  readonly 'Fn::GetAtt'?: readonly [string, string];
  readonly 'Fn::Join'?: readonly [string, readonly unknown[]];
}

const pseudoParameters: Readonly<Record<string, string>> = {
  'AWS::AccountId': accountId,
  'AWS::Partition': 'aws',
  'AWS::Region': region,
  'AWS::URLSuffix': 'amazonaws.com',
};

/** What AWS calls the stack's resources. */
export class Resources {
  readonly #physicalIds: ReadonlyMap<string, string>;
  readonly template: Template;

  constructor(template: Template, physicalIds: ReadonlyMap<string, string>) {
    this.template = template;
    this.#physicalIds = physicalIds;
  }

  /** By readable name, e.g. `Installations`: its logical id without the digest at its end. */
  ofType(type: string): [name: string, physicalId: string, properties: TemplateResource['Properties']][] {
    return Object.entries(this.template.Resources)
      .filter(([, resource]) => resource.Type === type)
      .map(([logicalId, { Properties }]) => [readable(logicalId), this.physicalId(logicalId), Properties]);
  }

  physicalId(logicalId: string): string {
    return this.#physicalIds.get(logicalId) ?? logicalId;
  }

  /** `Ref` and `Fn::GetAtt` become the physical id, which is also the end of the ARN; texts stay as they are. */
  resolve(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((one) => this.resolve(one));
    const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value as Intrinsic;
    const logicalId = Ref ?? attribute?.[0];
    if (logicalId !== undefined) return pseudoParameters[logicalId] ?? this.physicalId(logicalId);
    if (join !== undefined) return (this.resolve(join[1]) as unknown[]).join(join[0]);
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, this.resolve(one)]));
  }

  names(type: string): string[] {
    return this.ofType(type).map(([, physicalId]) => physicalId);
  }
}

/** @throws where CloudFormation does not hold exactly the resources of the template. */
export async function readResources(aws: Aws, StackName: string, template: Template): Promise<Resources> {
  const { StackResourceSummaries } = await aws.ask<{ StackResourceSummaries: StackResource[] }>(
    'cloudformation',
    'ListStackResources',
    { StackName },
  );
  const held = StackResourceSummaries.map(
    ({ LogicalResourceId, ResourceType }) => `${LogicalResourceId} ${ResourceType}`,
  );
  const synthesized = Object.entries(template.Resources).map(([logicalId, { Type }]) => `${logicalId} ${Type}`);
  const missing = synthesized.filter((one) => !held.includes(one));
  // cdk.out's own description of itself is no part of the extension.
  const extra = held.filter((one) => !synthesized.includes(one));
  check(missing.length === 0, `CloudFormation does not have: ${missing.join(', ')}.`);
  check(extra.length === 0, `CloudFormation has more than was synthesized: ${extra.join(', ')}.`);
  const unfinished = StackResourceSummaries.filter(
    ({ ResourceStatus }) => !/^(CREATE|UPDATE)_COMPLETE$/.test(ResourceStatus),
  );
  check(unfinished.length === 0, `Not complete: ${unfinished.map((one) => one.LogicalResourceId).join(', ')}.`);
  return new Resources(
    template,
    new Map(StackResourceSummaries.map((one) => [one.LogicalResourceId, one.PhysicalResourceId])),
  );
}

/** Compares what exists with what was synthesized, property by property; answers how many properties there were. */
export async function checkResources(aws: Aws, resources: Resources): Promise<number> {
  const facts: Fact[] = [];
  for (const judge of [
    tables,
    keys,
    functions,
    roles,
    routes,
    stages,
    secrets,
    logGroups,
    queues,
    eventSources,
    alarms,
    dashboards,
  ]) {
    facts.push(...(await judge(aws, resources)));
  }
  const faults: string[] = [];
  for (const { what, expected, found } of facts) {
    const equal = isDeepStrictEqual(found, expected);
    const known = resourceDifferences.find((difference) => difference.what === what);
    if (known !== undefined) console.log(`    not shown: ${what}. ${known.because}`);
    if (known === undefined && !equal) {
      faults.push(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}.`);
    }
    if (known !== undefined && equal) faults.push(`${what} can be shown: take it out of test/aws/differences.ts.`);
  }
  for (const { what } of resourceDifferences) {
    if (facts.every((fact) => fact.what !== what))
      faults.push(`test/aws/differences.ts names ${what}: there is no such.`);
  }
  check(faults.length === 0, 'What exists is not what was synthesized.', faults.join('\n'));
  return facts.length;
}

interface Fact {
  readonly what: string;
  readonly expected: unknown;
  readonly found: unknown;
}

async function tables(aws: Aws, resources: Resources): Promise<Fact[]> {
  const facts: Fact[] = [];
  for (const [name, TableName, properties] of resources.ofType('AWS::DynamoDB::GlobalTable')) {
    const [replica] = properties['Replicas'] as {
      DeletionProtectionEnabled?: boolean;
      PointInTimeRecoverySpecification?: { PointInTimeRecoveryEnabled: boolean };
      SSESpecification?: { KMSMasterKeyId: unknown };
    }[];
    const { Table } = await aws.ask<{ Table: DescribedTable }>('dynamodb', 'DescribeTable', { TableName });
    const { TimeToLiveDescription: ttl } = await aws.ask<{ TimeToLiveDescription: { AttributeName?: string } }>(
      'dynamodb',
      'DescribeTimeToLive',
      { TableName },
    );
    const { ContinuousBackupsDescription: backups } = await aws.ask<{
      ContinuousBackupsDescription: { PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: string } };
    }>('dynamodb', 'DescribeContinuousBackups', { TableName });
    const ttlAttribute = (properties['TimeToLiveSpecification'] as { AttributeName: string } | undefined)
      ?.AttributeName;
    facts.push(
      { what: `${name}: key`, expected: properties['KeySchema'], found: Table.KeySchema },
      { what: `${name}: billing`, expected: properties['BillingMode'], found: Table.BillingModeSummary?.BillingMode },
      {
        what: `${name}: indexes`,
        expected: ((properties['GlobalSecondaryIndexes'] ?? []) as Index[]).map(indexName),
        found: (Table.GlobalSecondaryIndexes ?? []).map(indexName),
      },
      { what: `${name}: no stream`, expected: undefined, found: Table.StreamSpecification },
      {
        what: `${name}: deletion protection`,
        expected: replica?.DeletionProtectionEnabled ?? false,
        found: Table.DeletionProtectionEnabled,
      },
      {
        what: `${name}: point-in-time recovery`,
        expected: replica?.PointInTimeRecoverySpecification?.PointInTimeRecoveryEnabled ? 'ENABLED' : 'DISABLED',
        found: backups.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus,
      },
      { what: `${name}: time to live`, expected: ttlAttribute, found: ttl.AttributeName },
      {
        what: `${name}: encryption with its key`,
        expected: resources.resolve(replica?.SSESpecification?.KMSMasterKeyId),
        found: Table.SSEDescription?.KMSMasterKeyArn?.split('/').at(-1),
      },
    );
  }
  return facts;
}

interface Index {
  readonly IndexName: string;
  readonly Projection: { readonly ProjectionType: string };
}

function indexName({ IndexName, Projection }: Index): string {
  return `${IndexName} ${Projection.ProjectionType}`;
}

interface DescribedTable {
  readonly KeySchema: unknown;
  readonly BillingModeSummary?: { readonly BillingMode: string };
  readonly GlobalSecondaryIndexes?: readonly Index[];
  readonly StreamSpecification?: unknown;
  readonly DeletionProtectionEnabled: boolean;
  readonly SSEDescription?: { readonly KMSMasterKeyArn?: string };
}

async function keys(aws: Aws, resources: Resources): Promise<Fact[]> {
  const facts: Fact[] = [];
  for (const [name, KeyId, properties] of resources.ofType('AWS::KMS::Key')) {
    const { KeyRotationEnabled } = await aws.ask<{ KeyRotationEnabled: boolean }>('kms', 'GetKeyRotationStatus', {
      KeyId,
    });
    facts.push({ what: `${name}: rotation`, expected: properties['EnableKeyRotation'], found: KeyRotationEnabled });
  }
  return facts;
}

interface FunctionConfiguration {
  readonly Role: string;
  readonly Environment?: { readonly Variables: Readonly<Record<string, string>> };
  readonly LoggingConfig: unknown;
  readonly TracingConfig: unknown;
  readonly [name: string]: unknown;
}

async function functions(aws: Aws, resources: Resources): Promise<Fact[]> {
  const facts: Fact[] = [];
  for (const [name, FunctionName, properties] of resources.ofType('AWS::Lambda::Function')) {
    const found = await aws.ask<FunctionConfiguration>('lambda', 'GetFunctionConfiguration', { FunctionName });
    for (const property of ['Runtime', 'Architectures', 'Handler', 'Timeout', 'MemorySize', 'TracingConfig']) {
      facts.push({ what: `${name}: ${property}`, expected: properties[property], found: found[property] });
    }
    const { Variables } = (properties['Environment'] ?? { Variables: {} }) as { Variables: Record<string, unknown> };
    facts.push(
      {
        what: `${name}: environment`,
        expected: resources.resolve(Variables),
        found: found.Environment?.Variables ?? {},
      },
      { what: `${name}: log`, expected: resources.resolve(properties['LoggingConfig']), found: found.LoggingConfig },
      { what: `${name}: role`, expected: resources.resolve(properties['Role']), found: found.Role.split('/').at(-1) },
    );
  }
  return facts;
}

/** Every statement of every role, in order, with its conditions; and nothing attached besides. */
async function roles(aws: Aws, resources: Resources): Promise<Fact[]> {
  const facts: Fact[] = [];
  for (const [name, RoleName, properties] of resources.ofType('AWS::IAM::Role')) {
    const { Role } = await aws.ask<{ Role: { AssumeRolePolicyDocument: unknown } }>('iam', 'GetRole', { RoleName });
    const { AttachedPolicies } = await aws.ask<{ AttachedPolicies: unknown[] }>('iam', 'ListAttachedRolePolicies', {
      RoleName,
    });
    const expected = resources
      .ofType('AWS::IAM::Policy')
      .filter(([, , policy]) => (resources.resolve(policy['Roles']) as string[]).includes(RoleName))
      .flatMap(
        ([, , policy]) => (resources.resolve(policy['PolicyDocument']) as { Statement: PolicyStatement[] }).Statement,
      );
    const found = await inlineStatements(aws, RoleName);
    facts.push(
      {
        what: `${name}: trust`,
        expected: resources.resolve(properties['AssumeRolePolicyDocument']),
        found: Role.AssumeRolePolicyDocument,
      },
      { what: `${name}: attached policies`, expected: [], found: AttachedPolicies },
      {
        what: `${name}: statements`,
        expected: expected.map(comparable),
        found: found.map((statement, index) => comparable(withPhysicalIds(statement, expected[index]))),
      },
    );
  }
  return facts;
}

interface PolicyStatement {
  readonly Effect: string;
  readonly Action: unknown;
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

function comparable({ Effect, Action, Resource, Condition }: PolicyStatement): object {
  return { Effect, Action: listOf(Action), Resource: listOf(Resource), Condition };
}

/** An ARN is the same resource as the physical id that it ends with. */
function withPhysicalIds(statement: PolicyStatement, expected: PolicyStatement | undefined): PolicyStatement {
  const ids = listOf(expected?.Resource ?? []) as readonly string[];
  const Resource = (listOf(statement.Resource) as readonly string[]).map((arn, index) => {
    const id = ids[index];
    // A queue's id is its address, of which its name is the end.
    const name = id?.replace(/^https:.*\//, '');
    const same = [`/${name}`, `:${name}`, `:${name}:*`].some((end) => arn.endsWith(end));
    return same ? id : arn;
  });
  return { ...statement, Resource };
}

async function routes(aws: Aws, resources: Resources): Promise<Fact[]> {
  const facts: Fact[] = [];
  for (const [name, ApiId] of resources.ofType('AWS::ApiGatewayV2::Api')) {
    const { Items } = await aws.ask<{ Items: { RouteKey: string; Target: string }[] }>('apigatewayv2', 'GetRoutes', {
      ApiId,
    });
    const { Items: integrations } = await aws.ask<{
      Items: { IntegrationId: string; IntegrationUri: string; PayloadFormatVersion: string }[];
    }>('apigatewayv2', 'GetIntegrations', { ApiId });
    const functionOf = ({ Target }: { Target: string }) =>
      integrations
        .find(({ IntegrationId }) => Target.endsWith(IntegrationId))
        ?.IntegrationUri.split(':')
        .at(-1);
    const expected = resources.ofType('AWS::ApiGatewayV2::Route').map(([, , properties]) => {
      const { 'Fn::Join': join } = properties['Target'] as { 'Fn::Join': [string, [string, { Ref: string }]] };
      const integration = resources.template.Resources[join[1][1].Ref]?.Properties;
      return [String(properties['RouteKey']), resources.resolve(integration?.['IntegrationUri'])] as const;
    });
    const found = Items.map((route) => [route.RouteKey, functionOf(route)] as const);
    facts.push(
      { what: `${name}: routes`, expected: byName(expected), found: byName(found) },
      {
        what: `${name}: payload format`,
        expected: ['2.0'],
        found: [...new Set(integrations.map(({ PayloadFormatVersion }) => PayloadFormatVersion))],
      },
    );
  }
  return facts;
}

function byName(pairs: readonly (readonly [string, unknown])[]): unknown {
  return pairs.toSorted(([a], [b]) => (a < b ? -1 : 1));
}

async function stages(aws: Aws, resources: Resources): Promise<Fact[]> {
  const facts: Fact[] = [];
  for (const [, StageName, properties] of resources.ofType('AWS::ApiGatewayV2::Stage')) {
    const ApiId = resources.resolve(properties['ApiId']);
    const found = await aws.ask<{
      AutoDeploy: boolean;
      AccessLogSettings: { Format: string; DestinationArn: string };
      DefaultRouteSettings: unknown;
    }>('apigatewayv2', 'GetStage', { ApiId, StageName });
    const log = properties['AccessLogSettings'] as { Format: string; DestinationArn: unknown };
    facts.push(
      { what: 'Stage: deploys by itself', expected: properties['AutoDeploy'], found: found.AutoDeploy },
      { what: 'Stage: access log', expected: log.Format, found: found.AccessLogSettings.Format },
      {
        what: 'Stage: log group',
        expected: resources.resolve(log.DestinationArn),
        found: found.AccessLogSettings.DestinationArn.replace(/^.*:log-group:|:\*$/g, ''),
      },
      { what: 'Stage: throttling', expected: properties['DefaultRouteSettings'], found: found.DefaultRouteSettings },
    );
  }
  return facts;
}

async function secrets(aws: Aws, resources: Resources): Promise<Fact[]> {
  const facts: Fact[] = [];
  for (const [name, SecretId, properties] of resources.ofType('AWS::SecretsManager::Secret')) {
    const { Description } = await aws.ask<{ Description: string }>('secretsmanager', 'DescribeSecret', { SecretId });
    const { SecretString } = await aws.ask<{ SecretString: string }>('secretsmanager', 'GetSecretValue', { SecretId });
    const generated = properties['GenerateSecretString'] as { PasswordLength: number } | undefined;
    facts.push(
      { what: `${name}: description`, expected: properties['Description'], found: Description },
      generated === undefined
        ? { what: `${name}: value`, expected: properties['SecretString'], found: SecretString }
        : {
            what: `${name}: length of the generated value`,
            expected: generated.PasswordLength,
            found: SecretString.length,
          },
    );
    if (generated === undefined) continue;
    const plain = /^[A-Za-z0-9]*$/.test(SecretString);
    facts.push({ what: `${name}: no punctuation in the generated value`, expected: true, found: plain });
  }
  return facts;
}

async function logGroups(aws: Aws, resources: Resources): Promise<Fact[]> {
  const facts: Fact[] = [];
  for (const [name, logGroupNamePrefix, properties] of resources.ofType('AWS::Logs::LogGroup')) {
    const found = await aws.ask<{ logGroups: { retentionInDays?: number }[] }>('logs', 'DescribeLogGroups', {
      logGroupNamePrefix,
    });
    const retention = found.logGroups.map(({ retentionInDays }) => retentionInDays);
    facts.push({ what: `${name}: retention in days`, expected: [properties['RetentionInDays']], found: retention });
  }
  return facts;
}

async function queues(aws: Aws, resources: Resources): Promise<Fact[]> {
  const facts: Fact[] = [];
  for (const [name, QueueUrl, properties] of resources.ofType('AWS::SQS::Queue')) {
    const { Attributes } = await aws.ask<{ Attributes: Readonly<Record<string, string>> }>(
      'sqs',
      'GetQueueAttributes',
      {
        QueueUrl,
        AttributeNames: ['All'],
      },
    );
    for (const [property, attribute] of [
      ['FifoQueue', 'FifoQueue'],
      ['ContentBasedDeduplication', 'ContentBasedDeduplication'],
      ['DeduplicationScope', 'DeduplicationScope'],
      ['FifoThroughputLimit', 'FifoThroughputLimit'],
      ['MessageRetentionPeriod', 'MessageRetentionPeriod'],
      ['SqsManagedSseEnabled', 'SqsManagedSseEnabled'],
      ['VisibilityTimeout', 'VisibilityTimeout'],
    ] as const) {
      if (properties[property] === undefined) continue;
      facts.push({
        what: `${name}: ${property}`,
        expected: JSON.stringify(properties[property]).replaceAll('"', ''),
        found: Attributes[attribute],
      });
    }
    const redrive = properties['RedrivePolicy'] as { maxReceiveCount: number } | undefined;
    const found = JSON.parse(Attributes['RedrivePolicy'] ?? '{}') as { maxReceiveCount?: number | string };
    facts.push({
      what: `${name}: how often a message comes before it is a dead letter`,
      expected: String(redrive?.maxReceiveCount),
      found: String(found.maxReceiveCount),
    });
  }
  return facts;
}

async function eventSources(aws: Aws, resources: Resources): Promise<Fact[]> {
  const facts: Fact[] = [];
  for (const [name, UUID, properties] of resources.ofType('AWS::Lambda::EventSourceMapping')) {
    const found = await aws.ask<Readonly<Record<string, unknown>>>('lambda', 'GetEventSourceMapping', { UUID });
    for (const property of ['BatchSize', 'FunctionResponseTypes']) {
      facts.push({ what: `${name}: ${property}`, expected: properties[property], found: found[property] });
    }
    const expected = String(resources.resolve(properties['FunctionName']));
    facts.push({ what: `${name}: function`, expected, found: String(found['FunctionArn']).split(':').at(-1) });
  }
  return facts;
}

function readable(logicalId: string): string {
  return logicalId.replace(/[0-9A-F]{8}$/, '');
}

/** What an alarm says and looks at: by these alone a night shift knows of it. */
async function alarms(aws: Aws, resources: Resources): Promise<Fact[]> {
  const { MetricAlarms } = await aws.ask<{ MetricAlarms: Record<string, unknown>[] }>('cloudwatch', 'DescribeAlarms');
  const compared = ['AlarmDescription', 'Namespace', 'MetricName', 'Dimensions', 'Threshold', 'TreatMissingData'];
  return resources.ofType('AWS::CloudWatch::Alarm').flatMap(([name, AlarmName, properties]) => {
    const found = MetricAlarms.find((each) => each['AlarmName'] === AlarmName);
    return compared.map((property) => ({
      what: `${name}: ${property}`,
      expected: property === 'Dimensions' ? namesIn(resources.resolve(properties[property])) : properties[property],
      found: found?.[property],
    }));
  });
}

/** A queue's id is its address, of which its name is the end. */
function namesIn(dimensions: unknown): unknown {
  const given = dimensions as readonly { readonly Name: string; readonly Value: string }[];
  return given.map(({ Name, Value }) => ({ Name, Value: Value.replace(/^https:.*\//, '') }));
}

async function dashboards(aws: Aws, resources: Resources): Promise<Fact[]> {
  const facts: Fact[] = [];
  for (const [name, DashboardName, properties] of resources.ofType('AWS::CloudWatch::Dashboard')) {
    const found = await aws.ask<{ DashboardBody: string }>('cloudwatch', 'GetDashboard', { DashboardName });
    const expected = JSON.parse(String(resources.resolve(properties['DashboardBody']))) as { widgets: object[] };
    const { widgets } = JSON.parse(found.DashboardBody) as { widgets: object[] };
    facts.push({ what: `${name}: widgets`, expected: expected.widgets.length, found: widgets.length });
  }
  return facts;
}
