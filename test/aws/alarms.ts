import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Aws } from '../../infra/emulator/aws.ts';
import { run } from '../../infra/emulator/child.ts';
import type { Emulator } from '../../infra/emulator/emulator.ts';
import { check } from '../../infra/emulator/failure.ts';
import { metricNamespace } from '../../shared/metrics.ts';
import { type Resource, receivingSample, synthesizedStack, target } from '../infra/synthesized-stack.ts';
import { type DataPoint, dataPoints } from '../metrics/data-points.ts';
import { conditions } from './alarm-conditions.ts';

interface AlarmProperties {
  readonly AlarmName: string;
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: unknown }[];
  readonly Statistic?: string;
  readonly Period: number;
  readonly EvaluationPeriods: number;
  readonly Threshold: number;
  readonly ComparisonOperator: string;
}

interface Proof {
  readonly logicalId: string;
  readonly name: string;
  readonly alarm: AlarmProperties;
  readonly beyond: readonly number[];
  readonly within: number;
}

/** The emulator keeps one series for each name of a metric: alarms on the same one are proven in regions of their own. */
const regions = ['us-east-1', 'us-west-2'] as const;
/** How long what was put stays within the time that an alarm looks back. */
const marginMs = 15_000;

/**
 * Every alarm of the template goes off when its condition is met, tells its topic, and is over when the condition is. What is ours
 * is caused: the lines that functions write then are what is put. @returns how many alarms there are.
 */
export async function proveAlarms(emulator: Emulator, python: string, directory: string): Promise<number> {
  const { resources, stack } = synthesizedStack({
    extension: { ...receivingSample, alarms: { email: 'night@example.com' } },
  });
  const caused = await causedPoints(directory);
  const proofs = Object.entries(resources)
    .filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm')
    .map(([logicalId, { Properties }]) =>
      proofOf(logicalId, Properties as unknown as AlarmProperties, stack.stackName, caused),
    );
  const byMetric = Map.groupBy(proofs, ({ alarm }) => `${alarm.Namespace} ${alarm.MetricName}`);
  const rounds = regions.map((region, round) => ({
    region,
    proofs: [...byMetric.values()].flatMap((same) => same.slice(round, round + 1)),
  }));
  check(rounds.flatMap((each) => each.proofs).length === proofs.length, 'More than two alarms look at one metric.');
  await Promise.all(rounds.map((each) => proveIn(regionOf(emulator, python, each.region), each.proofs, resources)));
  return proofs.length;
}

function proofOf(
  logicalId: string,
  alarm: AlarmProperties,
  stackName: string,
  caused: ReadonlyMap<string, readonly DataPoint[]>,
): Proof {
  const name = alarm.AlarmName.slice(`${stackName}-`.length);
  const [dimension] = alarm.Dimensions;
  if (alarm.Namespace !== metricNamespace) {
    const { beyond, within } = conditions[name] ?? { beyond: Number.NaN, within: Number.NaN };
    check(!Number.isNaN(beyond), `Nothing proves the alarm ${name}: test/aws/alarm-conditions.ts has no row for it.`);
    return { logicalId, name, alarm, beyond: [beyond], within };
  }
  const points = caused.get(alarm.MetricName) ?? [];
  check(points.length > 0, `Nothing was written that the alarm ${name} looks at.`);
  check(
    points.every(({ Dimensions }) => Dimensions.map(({ Name }) => Name).join() === dimension?.Name),
    `${alarm.MetricName} is written under another dimension than ${name} looks at.`,
  );
  const values = points.map(({ Value }) => Value);
  // A count that is added up is caused as often as it takes; nothing makes one value larger than it was.
  const once = values.reduce((sum, value) => sum + value, 0);
  const times = alarm.Statistic === 'Sum' ? Math.floor(alarm.Threshold / once) + 1 : 1;
  return { logicalId, name, alarm, beyond: Array.from({ length: times }, () => values).flat(), within: 0 };
}

/** What functions write when each metric is caused, by the metric. */
async function causedPoints(directory: string): Promise<ReadonlyMap<string, readonly DataPoint[]>> {
  const file = join(directory, 'metric-lines.json');
  const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
  const options = ['run', '--project', 'parts', '--no-cache', 'test/metrics/caused.test.ts'];
  const { status, output } = await run(process.execPath, [vitest, ...options], {
    env: { ...process.env, METRIC_LINES: file, NO_COLOR: '1', FORCE_COLOR: undefined },
  });
  check(status === 0, 'The metrics were not caused.', output);
  const lines = JSON.parse(await readFile(file, 'utf8')) as Record<string, string[]>;
  return new Map(
    Object.entries(lines).map(([name, written]) => [
      name,
      dataPoints(written).filter(({ MetricName }) => MetricName === name),
    ]),
  );
}

function regionOf({ environment }: Emulator, python: string, region: string): Aws {
  return new Aws(python, { ...environment, AWS_REGION: region, AWS_DEFAULT_REGION: region });
}

async function proveIn(
  aws: Aws,
  proofs: readonly Proof[],
  resources: Readonly<Record<string, Resource>>,
): Promise<void> {
  try {
    const queueUrl = await deployAlarms(aws, proofs, resources);
    for (const { alarm, beyond } of proofs) {
      // As long ago as the alarm looks back, but for a moment: then it is over without waiting for hours.
      const edgeMs = Date.now() - alarm.Period * alarm.EvaluationPeriods * 1_000 + marginMs;
      await put(aws, alarm, beyond, isBelow(alarm) ? Date.now() : edgeMs);
    }
    await expectStates(aws, proofs, 'ALARM');
    await wait(marginMs);
    for (const { alarm, within } of proofs) await put(aws, alarm, [within], Date.now());
    await expectStates(aws, proofs, 'OK');
    await expectTold(aws, queueUrl, proofs);
  } finally {
    aws.close();
  }
}

const isBelow = ({ ComparisonOperator }: AlarmProperties) => ComparisonOperator.startsWith('LessThan');

/** The alarms and their topic as they are in the template, with somebody who listens. @returns the listener's URL. */
async function deployAlarms(
  aws: Aws,
  proofs: readonly Proof[],
  resources: Readonly<Record<string, Resource>>,
): Promise<string> {
  const proven = new Map(proofs.map(({ logicalId, alarm }) => [logicalId, alarm]));
  const kept = Object.entries(resources).filter(
    ([logicalId, { Type }]) => proven.has(logicalId) || (logicalId.startsWith('Alarms') && !Type.endsWith('::Alarm')),
  );
  const [topic = ''] = kept.find(([, { Type }]) => Type === 'AWS::SNS::Topic') ?? [];
  const Endpoint = { 'Fn::GetAtt': ['Listener', 'Arn'] };
  const template = {
    Resources: {
      ...Object.fromEntries(kept.map(([id, each]) => [id, { Type: each.Type, Properties: withNames(each) }])),
      Listener: { Type: 'AWS::SQS::Queue', Properties: {} },
      ListenerPolicy: {
        Type: 'AWS::SQS::QueuePolicy',
        Properties: {
          Queues: [{ Ref: 'Listener' }],
          PolicyDocument: {
            Version: '2012-10-17',
            Statement: [
              {
                Effect: 'Allow',
                Principal: { Service: 'sns.amazonaws.com' },
                Action: 'sqs:SendMessage',
                Resource: Endpoint,
                Condition: { ArnEquals: { 'aws:SourceArn': { Ref: topic } } },
              },
            ],
          },
        },
      },
      Listening: {
        Type: 'AWS::SNS::Subscription',
        Properties: { TopicArn: { Ref: topic }, Protocol: 'sqs', Endpoint, RawMessageDelivery: true },
      },
    },
    Outputs: { Listener: { Value: { Ref: 'Listener' } } },
  };
  const StackName = 'alarms';
  await aws.ask('cloudformation', 'CreateStack', { StackName, TemplateBody: JSON.stringify(template) });
  const deadlineMs = Date.now() + 60_000;
  for (;;) {
    const { Stacks } = await aws.ask<{
      Stacks: [{ StackStatus: string; StackStatusReason?: string; Outputs?: [{ OutputValue: string }] }];
    }>('cloudformation', 'DescribeStacks', { StackName });
    const [{ StackStatus, StackStatusReason, Outputs }] = Stacks;
    if (StackStatus === 'CREATE_COMPLETE') return Outputs?.[0].OutputValue ?? '';
    check(/PROGRESS/.test(StackStatus) && Date.now() < deadlineMs, `The alarms are ${StackStatus}.`, StackStatusReason);
    await wait(100);
  }
}

/** Dimensions name resources of the whole stack, which is not here. */
function withNames({ Properties }: Resource): object {
  const dimensions = Properties['Dimensions'] as AlarmProperties['Dimensions'] | undefined;
  if (dimensions === undefined) return Properties;
  return { ...Properties, Dimensions: dimensions.map(({ Name, Value }) => ({ Name, Value: target(Value) })) };
}

async function put(aws: Aws, alarm: AlarmProperties, values: readonly number[], atMs: number): Promise<void> {
  const { Namespace, MetricName, Dimensions } = alarm;
  await aws.ask('cloudwatch', 'PutMetricData', {
    Namespace,
    MetricData: values.map((Value) => ({
      MetricName,
      Dimensions: Dimensions.map((each) => ({ Name: each.Name, Value: target(each.Value) })),
      Timestamp: new Date(atMs).toISOString(),
      Value,
    })),
  });
}

async function expectStates(aws: Aws, proofs: readonly Proof[], state: 'ALARM' | 'OK'): Promise<void> {
  const { MetricAlarms } = await aws.ask<{
    MetricAlarms: { AlarmName: string; StateValue: string; StateReason: string }[];
  }>('cloudwatch', 'DescribeAlarms');
  const wrong = proofs.flatMap(({ alarm: { AlarmName } }) => {
    const found = MetricAlarms.find((each) => each.AlarmName === AlarmName);
    return found?.StateValue === state ? [] : [`${AlarmName} is ${found?.StateValue}: ${found?.StateReason}`];
  });
  check(wrong.length === 0, `Not every alarm is ${state}.`, wrong.join('\n'));
}

/** Whoever listens has read of each alarm that it went off and that it is over. */
async function expectTold(aws: Aws, QueueUrl: string, proofs: readonly Proof[]): Promise<void> {
  const expected = new Set(proofs.flatMap(({ alarm }) => [`${alarm.AlarmName} ALARM`, `${alarm.AlarmName} OK`]));
  const deadlineMs = Date.now() + 20_000;
  while (expected.size > 0 && Date.now() < deadlineMs) {
    const { Messages = [] } = await aws.ask<{ Messages?: { Body: string; ReceiptHandle: string }[] }>(
      'sqs',
      'ReceiveMessage',
      {
        QueueUrl,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: 1,
      },
    );
    for (const { Body, ReceiptHandle } of Messages) {
      const { AlarmName, NewStateValue, AlarmDescription } = JSON.parse(Body) as Record<string, string>;
      check(/What to do: docs\/runbook\.md#/.test(AlarmDescription ?? ''), `${AlarmName} does not say what to do.`);
      expected.delete(`${AlarmName} ${NewStateValue}`);
      await aws.ask('sqs', 'DeleteMessage', { QueueUrl, ReceiptHandle });
    }
  }
  check(expected.size === 0, `Nobody was told: ${[...expected].join(', ')}.`);
}
