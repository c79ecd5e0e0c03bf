import { shortName } from '../host/log-entry.ts';
import { StartError } from '../host/start-error.ts';
import type { FunctionDefinition } from '../lambda/function-definition.ts';
import { accountId, region } from '../lambda/lambda-environment.ts';
import type { MappingDefinition, QueueDefinition, ScheduleDefinition } from '../sqs/queue-definition.ts';
import type { PhysicalIds } from './physical-ids.ts';
import type { Assembly } from './read-assembly.ts';
import type { ResourceReader } from './read-resource.ts';

/** What goes through queues, as the template says it. */
export interface Queues {
  readonly queues: readonly QueueDefinition[];
  readonly mappings: readonly MappingDefinition[];
  readonly schedules: readonly ScheduleDefinition[];
  /** Logical ids of all that is served here, a mapping that is switched off included. */
  readonly servedIds: ReadonlySet<string>;
}

const queueAttributes = [
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'DelaySeconds',
  'FifoQueue',
  'FifoThroughputLimit',
  'MaximumMessageSize',
  'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds',
  'RedrivePolicy',
  'VisibilityTimeout',
];
const defaultBatchSize = 10;

/** @throws {StartError} naming the resource and the property that cannot be served. */
export function readQueues(
  ofType: (type: string) => readonly ResourceReader[],
  functions: readonly FunctionDefinition[],
  assembly: Assembly,
  ids: PhysicalIds,
): Queues {
  const queues = ofType('AWS::SQS::Queue').map((resource) => readQueue(resource, ids));
  const fromQueue = ofType('AWS::Lambda::EventSourceMapping').filter((resource) =>
    queues.some(({ arn }) => arn === resource.optional('EventSourceArn')),
  );
  const toQueue = ofType('AWS::Scheduler::Schedule').flatMap((resource) => {
    const target = resource.value('Target') as ScheduleTarget;
    const queue = queues.find(({ arn }) => arn === target.Arn);
    return queue && target.Input !== undefined ? [{ resource, target, queue, body: target.Input }] : [];
  });
  return {
    queues,
    mappings: fromQueue.flatMap((resource) =>
      resource.optional('Enabled') === false ? [] : [readMapping(resource, functions)],
    ),
    schedules: toQueue.map(({ resource, target, queue, body }) => {
      const given = resource.optional('Name') === undefined ? undefined : resource.text('Name');
      const name = given ?? assembly.constructId(resource.id) ?? shortName(resource.id);
      return {
        name,
        arn: `arn:aws:scheduler:${region}:${accountId}:schedule/default/${name}`,
        queueUrl: queue.url,
        groupId: target.SqsParameters?.MessageGroupId,
        body,
      };
    }),
    servedIds: new Set([
      ...queues.map(({ logicalId }) => logicalId),
      ...[...fromQueue, ...toQueue.map(({ resource }) => resource)].map(({ id }) => id),
    ]),
  };
}

interface ScheduleTarget {
  readonly Arn?: unknown;
  readonly Input?: string;
  readonly SqsParameters?: { readonly MessageGroupId?: string };
}

function readQueue(resource: ResourceReader, ids: PhysicalIds): QueueDefinition {
  const redrive = resource.optional('RedrivePolicy') as
    | { readonly deadLetterTargetArn: string; readonly maxReceiveCount: number | string }
    | undefined;
  const attributes = queueAttributes.flatMap((name) => {
    const value = resource.optional(name);
    return value === undefined ? [] : [[name, typeof value === 'object' ? JSON.stringify(value) : resource.text(name)]];
  });
  return {
    logicalId: resource.id,
    name: ids.name(resource.id),
    arn: ids.arn(resource.id),
    url: ids.url(resource.id),
    attributes: Object.fromEntries(attributes) as Record<string, string>,
    deadLetters: redrive && { arn: redrive.deadLetterTargetArn, maximumReceives: Number(redrive.maxReceiveCount) },
  };
}

function readMapping(resource: ResourceReader, functions: readonly FunctionDefinition[]): MappingDefinition {
  if (resource.optional('FilterCriteria') !== undefined) {
    throw new StartError(`The template's ${resource.id}.FilterCriteria: the local runtime filters no messages.`);
  }
  const given = resource.text('FunctionName');
  const target = functions.find(({ name, arn }) => given === name || given === arn);
  if (!target) throw new StartError(`The template's ${resource.id}.FunctionName names no function of the stack.`);
  const scaling = resource.optional('ScalingConfig') as { readonly MaximumConcurrency?: number } | undefined;
  const responseTypes = (resource.optional('FunctionResponseTypes') ?? []) as readonly string[];
  return {
    logicalId: resource.id,
    queueArn: resource.text('EventSourceArn'),
    functionId: target.logicalId,
    batchSize: resource.number('BatchSize', defaultBatchSize),
    maximumConcurrency: scaling?.MaximumConcurrency,
    reportsFailures: responseTypes.includes('ReportBatchItemFailures'),
  };
}
