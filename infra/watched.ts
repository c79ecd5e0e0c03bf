import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { Function } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { type MetricName, metricDimension, metricNamespace } from '../shared/metrics.ts';
import type { WatchedMetric } from './resources/metric.ts';

type QueueName = Pick<IQueue, 'queueName'>;

/** What alarms and the dashboard look at. */
export interface Watched {
  readonly stackName: string;
  readonly apiId: string;
  /** Every view of a page passes through it. */
  readonly page: Function;
  readonly worker: Function;
  readonly workQueue: QueueName & { readonly deadLetters: QueueName };
  readonly receivedEvents: { readonly queue: QueueName; readonly deadLetters: QueueName } | undefined;
  readonly tables: readonly Pick<ITable, 'tableName'>[];
  /** How many requests of a minute may not fail; undefined: as the alarm says. */
  readonly failuresPerMinute: number | undefined;
  /** Of every function. */
  readonly logGroupNames: readonly string[];
}

/** One of our own metrics, of this stack. */
export type OwnMetrics = (name: MetricName, statistic: string, periodSeconds: number) => WatchedMetric;

export function ownMetrics({ stackName }: Pick<Watched, 'stackName'>): OwnMetrics {
  return (name, statistic, periodSeconds) => ({
    namespace: metricNamespace,
    name,
    dimensions: { [metricDimension]: stackName },
    statistic,
    periodSeconds,
  });
}
