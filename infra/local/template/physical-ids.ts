import { accountId, region } from '../lambda/lambda-environment.ts';
import type { Resource } from './read-assembly.ts';
import type { References } from './resolve-value.ts';

/** What `Ref` and `Fn::GetAtt` give for the resources of a stack that runs here. */
export interface PhysicalIds extends References {
  name(logicalId: string): string;
  arn(logicalId: string): string;
  /** Only of queues. */
  url(logicalId: string): string;
}

const pseudoParameters: Readonly<Record<string, string>> = {
  'AWS::AccountId': accountId,
  'AWS::Partition': 'aws',
  'AWS::Region': region,
  'AWS::StackId': `arn:aws:cloudformation:${region}:${accountId}:stack/local/local`,
  'AWS::StackName': 'local',
  'AWS::URLSuffix': 'amazonaws.com',
};

const nameProperties: Readonly<Record<string, string>> = {
  'AWS::DynamoDB::GlobalTable': 'TableName',
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::SQS::Queue': 'QueueName',
  'AWS::SecretsManager::Secret': 'Name',
};

/**
 * Names are logical ids where the template gives none, so that they are the same in every run.
 * @param options.suffix keeps the tables and queues of different platforms apart.
 */
export function physicalIds(
  resources: Readonly<Record<string, Resource>>,
  { suffix, sqsEndpoint }: { readonly suffix: string; readonly sqsEndpoint: string },
): PhysicalIds {
  const name = (logicalId: string): string => {
    const { Type: type, Properties: properties } = resources[logicalId] ?? {};
    const given = properties?.[nameProperties[type ?? ''] ?? ''];
    const own = typeof given === 'string' ? given : logicalId;
    if (type === 'AWS::SQS::Queue') {
      return `${own.replace(/\.fifo$/, '')}-${suffix}${properties?.['FifoQueue'] === true ? '.fifo' : ''}`;
    }
    return type?.startsWith('AWS::DynamoDB::') ? `${own}-${suffix}` : own;
  };
  const arn = (logicalId: string): string => {
    const of = (service: string, resource: string) => `arn:aws:${service}:${region}:${accountId}:${resource}`;
    switch (resources[logicalId]?.Type ?? '') {
      case 'AWS::DynamoDB::GlobalTable':
      case 'AWS::DynamoDB::Table':
        return of('dynamodb', `table/${name(logicalId)}`);
      case 'AWS::Lambda::Function':
        return of('lambda', `function:${name(logicalId)}`);
      case 'AWS::SQS::Queue':
        return of('sqs', name(logicalId));
      case 'AWS::SecretsManager::Secret':
        return of('secretsmanager', `secret:${name(logicalId)}-local0`);
      default:
        return of('local', logicalId);
    }
  };
  // The SDK calls the origin of a queue's URL, whatever endpoint it was given.
  const url = (logicalId: string) => `${sqsEndpoint}/${accountId}/${name(logicalId)}`;
  return {
    name,
    arn,
    url,
    ref(reference) {
      if (reference in pseudoParameters) return pseudoParameters[reference];
      if (!(reference in resources)) return undefined;
      const type = resources[reference]?.Type;
      if (type === 'AWS::SQS::Queue') return url(reference);
      return type === 'AWS::SecretsManager::Secret' ? arn(reference) : name(reference);
    },
    attribute(logicalId, attribute) {
      if (!(logicalId in resources)) return undefined;
      if (resources[logicalId]?.Type === 'AWS::SQS::Queue') {
        if (attribute === 'QueueName') return name(logicalId);
        if (attribute === 'QueueUrl') return url(logicalId);
      }
      return attribute === 'Arn' ? arn(logicalId) : undefined;
    },
  };
}
