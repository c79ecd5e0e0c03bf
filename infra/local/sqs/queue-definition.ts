/** A queue as the template describes it. */
export interface QueueDefinition {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  readonly url: string;
  /** As SQS's CreateQueue takes them. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Where a message goes that was received this many times in vain. */
  readonly deadLetters: { readonly arn: string; readonly maximumReceives: number } | undefined;
}

/** An event source mapping from a queue to a function. */
export interface MappingDefinition {
  readonly logicalId: string;
  readonly queueArn: string;
  readonly functionId: string;
  readonly batchSize: number;
  readonly maximumConcurrency: number | undefined;
  /** Whether the function names the messages that failed (ReportBatchItemFailures). */
  readonly reportsFailures: boolean;
}

/** A schedule that sends to a queue. */
export interface ScheduleDefinition {
  /** As its author calls it. */
  readonly name: string;
  readonly arn: string;
  readonly queueUrl: string;
  readonly groupId: string | undefined;
  /** With the placeholders of EventBridge Scheduler. */
  readonly body: string;
}
