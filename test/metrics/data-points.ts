import * as v from 'valibot';

/** One value that CloudWatch finds in a line of the log; `Dimensions` and the rest as `PutMetricData` takes them. */
export interface DataPoint {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
  readonly Unit: string;
  readonly Timestamp: Date;
  readonly Value: number;
}

const text = v.pipe(v.string(), v.nonEmpty());
const sizes = [
  'Bytes',
  'Kilobytes',
  'Megabytes',
  'Gigabytes',
  'Terabytes',
  'Bits',
  'Kilobits',
  'Megabits',
  'Gigabits',
  'Terabits',
];
const units = ['Seconds', 'Microseconds', 'Milliseconds', 'Percent', 'None'].concat(
  ['Count', ...sizes].flatMap((unit) => [unit, `${unit}/Second`]),
);

/**
 * The document's own schema, with its limits.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
const metadata = v.strictObject({
  Timestamp: v.pipe(v.number(), v.integer(), v.minValue(Date.UTC(2020))),
  CloudWatchMetrics: v.pipe(
    v.array(
      v.strictObject({
        Namespace: v.pipe(text, v.maxLength(1_024)),
        Dimensions: v.pipe(v.array(v.pipe(v.array(v.pipe(text, v.maxLength(250))), v.maxLength(30))), v.minLength(1)),
        Metrics: v.pipe(
          v.array(
            v.strictObject({
              Name: v.pipe(text, v.maxLength(1_024)),
              Unit: v.optional(v.picklist(units)),
              StorageResolution: v.optional(v.picklist([1, 60])),
            }),
          ),
          v.minLength(1),
          v.maxLength(100),
        ),
      }),
    ),
    v.minLength(1),
  ),
});
const dimensionValue = v.pipe(text, v.maxLength(1_024), v.regex(/^[\x20-\x7e]*\S[\x20-\x7e]*$/));
const metricValue = v.union([
  v.pipe(v.number(), v.finite()),
  v.pipe(v.array(v.pipe(v.number(), v.finite())), v.minLength(1), v.maxLength(100)),
]);

/**
 * What CloudWatch would make of lines of a log, in order: nothing of a line that is no JSON, or has no `_aws`.
 * @throws where a line is against the format: CloudWatch would drop it without a word.
 */
export function dataPoints(lines: readonly string[]): DataPoint[] {
  return lines.flatMap((line) => {
    const start = line.indexOf('{');
    const entry = start < 0 ? undefined : parsed(line.slice(start));
    if (entry?.['_aws'] === undefined) return [];
    const { Timestamp, CloudWatchMetrics } = v.parse(metadata, entry['_aws']);
    return CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
      Dimensions.flatMap((names) => {
        const dimensions = names.map((Name) => ({ Name, Value: v.parse(dimensionValue, entry[Name]) }));
        return Metrics.flatMap(({ Name, Unit = 'None' }) =>
          [v.parse(metricValue, entry[Name])].flat().map((Value) => ({
            Namespace,
            MetricName: Name,
            Dimensions: dimensions,
            Unit,
            Timestamp: new Date(Timestamp),
            Value,
          })),
        );
      }),
    );
  });
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** The sum of each metric's values in these lines; of one that is measured, how many there are. */
export function totals(lines: readonly string[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { MetricName, Unit, Value } of dataPoints(lines)) {
    sums[MetricName] = (sums[MetricName] ?? 0) + (Unit === 'Count' ? Value : 1);
  }
  return sums;
}
