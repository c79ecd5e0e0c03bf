/**
 * Fields that make a line of the log a data point of a metric, for CloudWatch to find: without a call, or a permission for one.
 * In the namespace `FyndExtension`, by the function's name. `name` is the metric's.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function metric(name: string, count: number, now: Date): object {
  const Dimensions = [['FunctionName']];
  const Metrics = [{ Name: name, Unit: 'Count' }];
  return {
    _aws: { Timestamp: now.getTime(), CloudWatchMetrics: [{ Namespace: 'FyndExtension', Dimensions, Metrics }] },
    FunctionName: process.env['AWS_LAMBDA_FUNCTION_NAME'],
    [name]: count,
  };
}
