import type { Aws } from '../../infra/emulator/aws.ts';
import { check } from '../../infra/emulator/failure.ts';
import type { Resources } from './check-resources.ts';

/** Removes what `npm run destroy` leaves by design, having found exactly that and no more. */
export async function removeWhatRemains(aws: Aws, resources: Resources): Promise<void> {
  const retained = Object.entries(resources.template.Resources)
    .filter(([, { DeletionPolicy }]) => DeletionPolicy === 'Retain')
    .map(([logicalId, { Type }]) => `${Type} ${resources.physicalId(logicalId)}`);
  const found = await existing(aws);
  check(
    JSON.stringify(found.toSorted()) === JSON.stringify(retained.toSorted()),
    'After destroying, other things remain than those that are to be retained.',
    `to be retained: ${retained.toSorted().join(', ')}\nfound: ${found.toSorted().join(', ')}`,
  );
  for (const resource of retained) console.log(`    retained: ${resource}`);
  for (const TableName of resources.names('AWS::DynamoDB::GlobalTable')) {
    await aws.ask('dynamodb', 'UpdateTable', { TableName, DeletionProtectionEnabled: false });
    await aws.ask('dynamodb', 'DeleteTable', { TableName });
  }
  for (const KeyId of resources.names('AWS::KMS::Key')) {
    await aws.ask('kms', 'ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
  }
  for (const [, SecretId] of resources.ofType('AWS::SecretsManager::Secret')) {
    if (!retained.some((resource) => resource.endsWith(SecretId))) continue;
    await aws.ask('secretsmanager', 'DeleteSecret', { SecretId, ForceDeleteWithoutRecovery: true });
  }
  const left = await existing(aws);
  check(left.length === 0, `Still there: ${left.join(', ')}.`);
}

/** All that the account has of the kinds that the extension consists of, the CDK's own set-up aside. */
async function existing(aws: Aws): Promise<string[]> {
  const { TableNames } = await aws.ask<{ TableNames: string[] }>('dynamodb', 'ListTables');
  const { Keys } = await aws.ask<{ Keys: { KeyId: string }[] }>('kms', 'ListKeys');
  const keys = await Promise.all(
    Keys.map(({ KeyId }) => aws.ask<{ KeyMetadata: KeyMetadata }>('kms', 'DescribeKey', { KeyId })),
  );
  const { SecretList } = await aws.ask<{ SecretList: { Name: string }[] }>('secretsmanager', 'ListSecrets');
  const { QueueUrls } = await aws.ask<{ QueueUrls?: string[] }>('sqs', 'ListQueues');
  const { Functions } = await aws.ask<{ Functions: { FunctionName: string }[] }>('lambda', 'ListFunctions');
  const { Items } = await aws.ask<{ Items: { ApiId: string }[] }>('apigatewayv2', 'GetApis');
  const { logGroups } = await aws.ask<{ logGroups: { logGroupName: string }[] }>('logs', 'DescribeLogGroups');
  const { Roles } = await aws.ask<{ Roles: { RoleName: string }[] }>('iam', 'ListRoles');
  const { MetricAlarms } = await aws.ask<{ MetricAlarms: { AlarmName: string }[] }>('cloudwatch', 'DescribeAlarms');
  const { DashboardEntries } = await aws.ask<{ DashboardEntries: { DashboardName: string }[] }>(
    'cloudwatch',
    'ListDashboards',
  );
  return [
    ...MetricAlarms.map(({ AlarmName }) => `AWS::CloudWatch::Alarm ${AlarmName}`),
    ...DashboardEntries.map(({ DashboardName }) => `AWS::CloudWatch::Dashboard ${DashboardName}`),
    ...TableNames.map((name) => `AWS::DynamoDB::GlobalTable ${name}`),
    ...keys
      .filter(({ KeyMetadata: key }) => key.KeyManager === 'CUSTOMER' && key.KeyState !== 'PendingDeletion')
      .map(({ KeyMetadata: key }) => `AWS::KMS::Key ${key.KeyId}`),
    ...SecretList.map(({ Name }) => `AWS::SecretsManager::Secret ${Name}`),
    ...(QueueUrls ?? []).map((url) => `AWS::SQS::Queue ${url}`),
    ...Functions.map(({ FunctionName }) => `AWS::Lambda::Function ${FunctionName}`),
    ...Items.map(({ ApiId }) => `AWS::ApiGatewayV2::Api ${ApiId}`),
    ...logGroups.map(({ logGroupName }) => `AWS::Logs::LogGroup ${logGroupName}`),
    ...Roles.filter(({ RoleName }) => !RoleName.startsWith('cdk-')).map(({ RoleName }) => `AWS::IAM::Role ${RoleName}`),
  ];
}

interface KeyMetadata {
  readonly KeyId: string;
  readonly KeyManager: string;
  readonly KeyState: string;
}
