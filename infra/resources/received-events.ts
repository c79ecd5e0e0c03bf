import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnEventBusPolicy, EventBus, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { AccountPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping, type Function, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type Extension, receivingAccount } from '../../shared/config.ts';
import { environment } from '../../shared/contract.ts';
import { allow } from './function.ts';

const common = {
  // Its sender needs no permission on a key of ours.
  encryption: QueueEncryption.SQS_MANAGED,
  enforceSSL: true,
  removalPolicy: RemovalPolicy.DESTROY,
} as const;

/**
 * What one other account may send events to: a queue, and a bus that leads to it. What comes is believed because nobody else
 * can send: neither has another statement that allows anything to anybody outside.
 */
export class ReceivedEvents extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly #hasQueue: boolean;
  /** Undefined where no event comes by one. */
  readonly bus: EventBus | undefined;

  constructor(
    scope: Construct,
    id: string,
    options: {
      readonly account: string;
      readonly hasQueue: boolean;
      readonly hasBus: boolean;
      readonly timeoutSeconds: number;
    },
  ) {
    super(scope, id);
    const { account } = options;
    this.deadLetters = new Queue(this, 'DeadLetters', { ...common, retentionPeriod: Duration.days(14) });
    this.queue = new Queue(this, 'Queue', {
      ...common,
      retentionPeriod: Duration.days(4),
      visibilityTimeout: Duration.seconds(6 * options.timeoutSeconds),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: 5 },
    });
    const sender = new AccountPrincipal(account);
    if (options.hasQueue) {
      this.queue.addToResourcePolicy(
        new PolicyStatement({
          sid: 'OneAccountSends',
          principals: [sender],
          actions: ['sqs:SendMessage', 'sqs:GetQueueUrl'],
          resources: [this.queue.queueArn],
        }),
      );
    }
    this.#hasQueue = options.hasQueue;
    this.bus = options.hasBus ? this.#addBus(sender, account) : undefined;
  }

  #addBus(sender: AccountPrincipal, account: string): EventBus {
    const bus = new EventBus(this, 'Bus', {
      // The CDK's own name would be that of another stack, too.
      eventBusName: `${Stack.of(this).stackName}-events`,
    });
    const { partition } = Stack.of(this);
    const policy = new CfnEventBusPolicy(this, 'BusPolicy', {
      eventBusName: bus.eventBusName,
      statementId: 'OneAccountSends',
      statement: {
        Effect: 'Allow',
        Principal: { AWS: `arn:${partition}:iam::${sender.accountId}:root` },
        Action: 'events:PutEvents',
        Resource: bus.eventBusArn,
      },
    });
    const rule = new Rule(this, 'Rule', {
      eventBus: bus,
      description: 'Events of the platform, to the queue that they are received from.',
      eventPattern: { account: [account] },
      targets: [
        new SqsQueue(this.queue, {
          message: RuleTargetInput.fromEventPath('$.detail'),
          deadLetterQueue: this.deadLetters,
        }),
      ],
    });
    // Nobody is let in before what comes leads somewhere.
    policy.node.addDependency(rule);
    return bus;
  }

  /** Tells the worker, which registers them at the platform, where events are to be sent. */
  tell(fn: Function): void {
    if (this.#hasQueue) fn.addEnvironment(environment.receivedQueueUrl, this.queue.queueUrl);
    if (this.bus !== undefined) fn.addEnvironment(environment.receivedBusArn, this.bus.eventBusArn);
  }

  /** Has Lambda call the function, by what is live of it, with what comes, and with one failure among ten for that one alone again. */
  deliverTo(fn: Function, live: IFunction): void {
    allow(fn, {
      actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
      resource: this.queue.queueArn,
    });
    void new EventSourceMapping(fn, 'ReceivedEvents', {
      target: live,
      eventSourceArn: this.queue.queueArn,
      batchSize: 10,
      reportBatchItemFailures: true,
      // What comes in a burst waits here rather than take the pool that pages are answered from.
      maxConcurrency: 5,
    });
  }
}

/** The places that the configuration asks for; undefined where every event comes by HTTP or goes elsewhere. */
export function receivedEvents(
  scope: Construct,
  { events }: Pick<Extension, 'events'>,
  timeoutSeconds: number,
): ReceivedEvents | undefined {
  const account = receivingAccount({ events });
  if (account === undefined) return undefined;
  const has = (provider: string) => events.some((event) => event.from !== undefined && event.provider === provider);
  const [hasQueue, hasBus] = [has('sqs'), has('event_bridge')];
  return new ReceivedEvents(scope, 'ReceivedEvents', { account, hasQueue, hasBus, timeoutSeconds });
}
