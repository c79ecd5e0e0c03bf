import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IAlarm, type TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Subscription, SubscriptionProtocol, Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Extension } from '../../shared/config.ts';
import { metricOf, type WatchedMetric } from './metric.ts';

/** An alarm, with all that somebody needs who is woken by it. Nothing of it may be left out. */
export interface AlarmRow<Page extends string = string> {
  /** Behind the stack's name it is the alarm's own: the subject of the e-mail. */
  readonly name: string;
  readonly metric: WatchedMetric;
  readonly goesOff: 'at or above' | 'above' | 'below';
  readonly threshold: number;
  /** It goes off after so many periods beyond the threshold, among so many. */
  readonly periods: readonly [beyond: number, among: number];
  /** What no data means. */
  readonly missing: TreatMissingData;
  /** What people notice meanwhile, in a sentence. */
  readonly usersSee: string;
  /** The section of docs/runbook.md that mends it, as its heading's anchor. */
  readonly page: Page;
  /** Why this threshold: what is normal, and what is not any more. A sentence. */
  readonly because: string;
  /** A deployment that goes step by step is taken back while this one is off. */
  readonly stopsDeployment?: true;
}

/** Where the runbook is, for who reads an e-mail or the dashboard: in the repository, unless the configuration names an address. */
export function runbookOf({ runbook = 'docs/runbook.md' }: Pick<Extension['alarms'], 'runbook'>): string {
  return runbook;
}

/** CloudWatch cuts nothing off: it refuses a longer one. */
const maxDescriptionLength = 1024;

const comparisons = {
  'at or above': ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  above: ComparisonOperator.GREATER_THAN_THRESHOLD,
  below: ComparisonOperator.LESS_THAN_THRESHOLD,
} as const;

/**
 * The stack's alarms, and whom they tell: an e-mail address, a topic, or nobody. There is no other way to an alarm here, so
 * that none is without its meaning and its page.
 */
export class Alarms extends Construct {
  /** Those that take a gradual deployment back. */
  readonly forRollback: readonly IAlarm[];
  readonly all: readonly IAlarm[];

  constructor(
    scope: Construct,
    id: string,
    { rows, email, topic, ...others }: Extension['alarms'] & { readonly rows: readonly AlarmRow[] },
  ) {
    super(scope, id);
    const told = [...(email === undefined ? [] : [this.#topicFor(email)]), ...(topic === undefined ? [] : [topic])];
    const made = rows.map((row) => ({ row, alarm: this.#add(row, runbookOf(others)) }));
    for (const { alarm } of made) {
      for (const alarmActionArn of told) {
        alarm.addAlarmAction({ bind: () => ({ alarmActionArn }) });
        alarm.addOkAction({ bind: () => ({ alarmActionArn }) });
      }
    }
    this.all = made.map(({ alarm }) => alarm);
    this.forRollback = made.flatMap(({ row, alarm }) => (row.stopsDeployment ? [alarm] : []));
  }

  #add(row: AlarmRow, address: string): Alarm {
    const { name, metric, goesOff, threshold, periods, missing } = row;
    const [datapointsToAlarm, evaluationPeriods] = periods;
    return new Alarm(this, name, {
      alarmName: `${Stack.of(this).stackName}-${name}`,
      alarmDescription: describe(row, address),
      metric: metricOf(metric),
      comparisonOperator: comparisons[goesOff],
      threshold,
      datapointsToAlarm,
      evaluationPeriods,
      treatMissingData: missing,
      // A percentile of a handful of requests says nothing: the state stays as it is.
      ...(/^p\d/.test(metric.statistic) && { evaluateLowSampleCountPercentile: 'ignore' }),
    });
  }

  /** CloudWatch cannot publish to a topic under AWS's own key of SNS: that key's policy is not ours to change. */
  #topicFor(email: string): string {
    const { account } = Stack.of(this);
    const forAlarms = (actions: string[], resources: string[]) =>
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions,
        resources,
        conditions: { StringEquals: { 'aws:SourceAccount': account } },
      });
    const key = new Key(this, 'Key', {
      description: 'Encrypts what alarms say on their way to whom they tell.',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    key.addToResourcePolicy(forAlarms(['kms:Decrypt', 'kms:GenerateDataKey'], ['*']));
    const topic = new Topic(this, 'Topic', { masterKey: key, enforceSSL: true });
    topic.addToResourcePolicy(forAlarms(['sns:Publish'], [topic.topicArn]));
    void new Subscription(this, 'Email', { topic, protocol: SubscriptionProtocol.EMAIL, endpoint: email });
    return topic.topicArn;
  }
}

/** What an e-mail says at night: what people see, why now, and where it says what to do. */
function describe({ usersSee, because, page }: AlarmRow, address: string): string {
  const text = `${usersSee}\n\nWhy now: ${because}\n\nWhat to do: ${address}#${page}`;
  if (text.length <= maxDescriptionLength) return text;
  throw new Error(`The alarm of ${page} says more than ${maxDescriptionLength} characters.`);
}
