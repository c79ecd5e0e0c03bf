import { CloudFormationClient, GetTemplateCommand } from '@aws-sdk/client-cloudformation';
import { CreateQueueCommand, GetQueueAttributesCommand, QueueDoesNotExist } from '@aws-sdk/client-sqs';
import { awsClientOptions } from '../../../shared/aws-client-options.ts';
import { type DeployedStack, listStackResources } from '../../commands/deployed-stack.ts';
import { StartError } from '../../local/host/start-error.ts';
import { type References, resolveValue } from '../../local/template/resolve-value.ts';
import type { OpenData } from '../open-data.ts';
import type { Repair } from './repair.ts';

interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/**
 * What is to be done about the queues: each that was deleted is made again under its name, with the settings and the policy
 * of the deployed template. Those that only receive what another one failed come first.
 */
export async function queueRepairs(data: OpenData, stack: DeployedStack): Promise<Repair[]> {
  const { region, account } = stack;
  const resources = await templateOf(stack);
  const physicalIds = await physicalIdsOf(stack);
  const references = referencesTo({ resources, physicalIds, region, account: account ?? '' });
  const queues = Object.entries(resources).filter(([, { Type }]) => Type === 'AWS::SQS::Queue');
  const repairs: (Repair & { readonly isLast: boolean })[] = [];
  for (const [id, { Properties = {} }] of queues) {
    const url = physicalIds.get(id) ?? '';
    if (await exists(data, url)) continue;
    const attributes = {
      ...attributesOf(resolveValue(Properties, id, references) as Record<string, unknown>),
      ...policyOf(resources, id, references),
    };
    const QueueName = url.split('/').at(-1);
    repairs.push({
      what: `the queue ${QueueName}`,
      isLast: 'RedrivePolicy' in attributes,
      run: async () => void (await data.sqs.send(new CreateQueueCommand({ QueueName, Attributes: attributes }))),
    });
  }
  return repairs.toSorted((one, other) => Number(one.isLast) - Number(other.isLast));
}

async function templateOf({ name, region }: DeployedStack): Promise<Record<string, TemplateResource>> {
  const client = new CloudFormationClient({ region, ...awsClientOptions({ requestTimeoutMs: 10_000 }) });
  try {
    const { TemplateBody = '{}' } = await client.send(new GetTemplateCommand({ StackName: name }));
    return (JSON.parse(TemplateBody) as { Resources?: Record<string, TemplateResource> }).Resources ?? {};
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new StartError(
      `The template of the stack ${name} is no JSON: deploy it with npm run deploy. Nothing was changed.`,
      { cause },
    );
  } finally {
    client.destroy();
  }
}

async function physicalIdsOf(stack: DeployedStack): Promise<Map<string, string>> {
  const ids = (await listStackResources(stack)).flatMap(({ LogicalResourceId: id, PhysicalResourceId: physicalId }) =>
    id !== undefined && physicalId !== undefined ? [[id, physicalId] as const] : [],
  );
  return new Map(ids);
}

function referencesTo(stack: {
  readonly resources: Readonly<Record<string, TemplateResource>>;
  readonly physicalIds: ReadonlyMap<string, string>;
  readonly region: string;
  readonly account: string;
}): References {
  const { resources, physicalIds, region, account } = stack;
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::AccountId': account,
    'AWS::Region': region,
    'AWS::Partition': region.startsWith('cn-') ? 'aws-cn' : 'aws',
    'AWS::URLSuffix': region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com',
  };
  return {
    ref: (name) => pseudo[name] ?? physicalIds.get(name),
    attribute(id, attribute) {
      const name = physicalIds.get(id)?.split('/').at(-1);
      if (resources[id]?.Type !== 'AWS::SQS::Queue' || name === undefined) return undefined;
      return attribute === 'Arn' ? `arn:${pseudo['AWS::Partition']}:sqs:${region}:${account}:${name}` : name;
    },
  };
}

/** As SQS takes them: texts, and objects as JSON. */
function attributesOf(properties: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([name]) => name !== 'Tags' && name !== 'QueueName')
      .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}

function policyOf(
  resources: Readonly<Record<string, TemplateResource>>,
  queueId: string,
  references: References,
): Record<string, string> {
  const policy = Object.entries(resources).find(
    ([, { Type, Properties }]) =>
      Type === 'AWS::SQS::QueuePolicy' && JSON.stringify(Properties?.['Queues']).includes(`"${queueId}"`),
  );
  if (policy === undefined) return {};
  return { Policy: JSON.stringify(resolveValue(policy[1].Properties?.['PolicyDocument'], policy[0], references)) };
}

async function exists({ sqs }: OpenData, QueueUrl: string): Promise<boolean> {
  try {
    await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
    return true;
  } catch (error) {
    if (error instanceof QueueDoesNotExist) return false;
    throw error;
  }
}
