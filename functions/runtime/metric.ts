import { environment } from '../../shared/contract.ts';
import { type Count, metricDimension, metricNamespace } from '../../shared/metrics.ts';

/** What was counted since the last line that carried it. */
const counted = new Map<string, number | number[]>();

/** As many values as one metric of a line may have. */
const maxValues = 100;

/** Counts, for the line that this request or message writes to the log anyway. */
export const count: Count = (name, value = 1) => {
  const before = counted.get(name);
  if (!isMeasured(name)) counted.set(name, Number(before ?? 0) + value);
  else if (!Array.isArray(before)) counted.set(name, [value]);
  else if (before.length < maxValues) before.push(value);
};

/** One that is measured has a value for each time. */
const isMeasured = (name: string): boolean => name.endsWith('Ms');

/**
 * Fields that make a line of the log the data points of all that was counted, for CloudWatch to find: without a call, or a
 * permission for one. None where nothing was. Whoever takes them writes them: they are counted once. An instance has one
 * request at a time; of messages side by side, either's line may carry what the other counted, since no metric is about either.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function takeMetrics(): object | undefined {
  if (counted.size === 0) return undefined;
  const values = Object.fromEntries(
    [...counted].map(([name, value]) => [name, Array.isArray(value) && value.length === 1 ? value[0] : value]),
  );
  counted.clear();
  const stack = process.env[environment.stackName];
  // Outside of a stack, as in tests of handlers, there is nobody to see them.
  if (!stack) return undefined;
  const Metrics = Object.keys(values).map((Name) => ({ Name, Unit: isMeasured(Name) ? 'Milliseconds' : 'Count' }));
  const CloudWatchMetrics = [{ Namespace: metricNamespace, Dimensions: [[metricDimension]], Metrics }];
  return { _aws: { Timestamp: Date.now(), CloudWatchMetrics }, [metricDimension]: stack, ...values };
}
