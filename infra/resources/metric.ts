import { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';

/** One metric, as the service that writes it calls it. No arithmetic over several. */
export interface WatchedMetric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** `Sum`, `Maximum`, or a percentile such as `p95`. */
  readonly statistic: string;
  readonly periodSeconds: number;
}

/** The metric for the CDK; `label` is what a graph calls it. */
export function metricOf(
  { namespace, name, dimensions, statistic, periodSeconds }: WatchedMetric,
  label?: string,
): Metric {
  return new Metric({
    namespace,
    metricName: name,
    dimensionsMap: dimensions,
    statistic,
    period: Duration.seconds(periodSeconds),
    ...(label !== undefined && { label }),
  });
}
