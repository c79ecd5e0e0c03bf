import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Effect, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping, type Function, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { DeduplicationScope, FifoThroughputLimit, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { environment, maxDeliveries } from '../../shared/contract.ts';
import { allow } from './function.ts';

/** What both queues have in common. */
const fifo = {
  fifo: true,
  // Together they are the high-throughput mode. The dead letters need it too: one body in the groups of two companies
  // would be one letter otherwise.
  deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
  fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
  // SQS's longest, named because its default has been another one; the functions compress what is longer, or refuse it.
  maxMessageSizeBytes: 1_048_576,
  // With SQS's own keys: a key of our own would cost every sender a permission, and guard messages that live for days.
  encryption: QueueEncryption.SQS_MANAGED,
  enforceSSL: true,
  // Not kept when the stack goes: nobody is left to handle these people's events, or to delete them. What must outlive
  // it is in the tables.
  removalPolicy: RemovalPolicy.DESTROY,
} as const;

/** Background work, in order within a group: a company's events, hooks and scheduled work, or another kind's own. */
export class WorkQueue extends Queue {
  /** What failed for good, group by group; `npm run redrive` brings it back. */
  readonly deadLetters: Queue;

  readonly #maxConcurrency: number;

  constructor(
    scope: Construct,
    id: string,
    options: { readonly workerTimeoutSeconds: number; readonly maxConcurrency: number },
  ) {
    const deadLetters = new Queue(scope, `${id}DeadLetters`, {
      ...fifo,
      // SQS's longest; a FIFO queue counts it from the arrival here.
      retentionPeriod: Duration.days(14),
    });
    super(scope, id, {
      ...fifo,
      // EventBridge Scheduler cannot name a de-duplication id. One that a sender names wins.
      contentBasedDeduplication: true,
      retentionPeriod: Duration.days(4),
      // Less, and a message returns while Lambda still retries the invocation that has it.
      // https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
      visibilityTimeout: Duration.seconds(6 * options.workerTimeoutSeconds),
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: maxDeliveries },
    });
    this.deadLetters = deadLetters;
    this.#maxConcurrency = options.maxConcurrency;
  }

  /** Lets the function put work into the queue, and tells it where the queue is. */
  grantSends(fn: Function): void {
    fn.addEnvironment(environment.workQueueUrl, this.queueUrl);
    allow(fn, { actions: ['sqs:SendMessage'], resource: this.queueArn });
  }

  /** Lets the scheduler's role put work into the queue. */
  grantScheduledSends(role: Role): void {
    role.addToPolicy(
      new PolicyStatement({ effect: Effect.ALLOW, actions: ['sqs:SendMessage'], resources: [this.queueArn] }),
    );
  }

  /**
   * Has Lambda call the worker, by what is live of it, with one message at a time; where the worker names it as failed, it comes again. A group
   * is never with two calls at once, and never more than `maxConcurrency` groups are: a schedule over many companies would
   * take the account's whole pool, out of which pages are answered too.
   */
  deliverTo(worker: Function, live: IFunction): void {
    allow(worker, {
      actions: [
        'sqs:ReceiveMessage',
        'sqs:DeleteMessage',
        'sqs:GetQueueAttributes',
        // So that the worker can choose when what failed comes again.
        'sqs:ChangeMessageVisibility',
      ],
      resource: this.queueArn,
    });
    void new EventSourceMapping(worker, 'WorkQueue', {
      target: live,
      eventSourceArn: this.queueArn,
      // One at a time: whatever stands behind a message that fails is received, and counted, along with it, so that it
      // would be dead-lettered for its neighbour's failures.
      batchSize: 1,
      reportBatchItemFailures: true,
      // No batching window: FIFO queues have none.
      maxConcurrency: this.#maxConcurrency,
    });
  }
}
