import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  Function,
  LoggingFormat,
  type RecursiveLoop,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { environment } from '../../shared/contract.ts';
import type { Bundle } from '../bundle/bundle.ts';

export interface FunctionOptions {
  readonly bundle: Bundle;
  /** Its entry file: what consoles show beside a name that the CDK made, and the local runtime's log. */
  readonly description: string;
  readonly timeoutSeconds: number;
  readonly memoryMegabytes?: number;
  /**
   * Lambda ends a chain of calls of one function after some 16, unless the function may go on.
   * https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
   */
  readonly recursiveLoop?: RecursiveLoop;
  /** Default 30. */
  readonly logRetentionDays?: number | undefined;
  /** Default `info`. */
  readonly logLevel?: 'info' | 'error';
  /** Keeps each version that is published: what was called before can be called again. Default false. */
  readonly keepsVersions?: boolean;
  /** How many of it run at most, for which the account keeps room. Default: as many as the account's pool has room for. */
  readonly reservedConcurrency?: number | undefined;
}

/** One function with a role and a log group of its own. It may write its log and traces; all else is granted to it. */
export function createFunction(scope: Construct, id: string, options: FunctionOptions): Function {
  const home = new Construct(scope, id);
  const logGroup = new LogGroup(home, 'Log', {
    retention: options.logRetentionDays ?? 30,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  // Without AWS's managed policy, which allows writing to every log group of the account.
  const role = new Role(home, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  logGroup.grantWrite(role);
  Validations.of(role).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason:
      'X-Ray has no resource to name: PutTraceSegments and PutTelemetryRecords are granted on *. A test lists every statement, so that nothing else hides here.',
  });
  return new Function(home, 'Function', {
    description: options.description,
    code: Code.fromAsset(options.bundle.directory),
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    memorySize: options.memoryMegabytes ?? 1024,
    timeout: Duration.seconds(options.timeoutSeconds),
    tracing: Tracing.ACTIVE,
    role,
    logGroup,
    // Under which its metrics are.
    environment: {
      [environment.stackName]: Stack.of(scope).stackName,
      ...(options.logLevel === 'error' && { [environment.logLevel]: options.logLevel }),
    },
    // The functions print one JSON object per line already; JSON here would wrap each into another.
    loggingFormat: LoggingFormat.TEXT,
    ...(options.keepsVersions && { currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN } }),
    ...(options.reservedConcurrency && { reservedConcurrentExecutions: options.reservedConcurrency }),
    ...(options.recursiveLoop && { recursiveLoop: options.recursiveLoop }),
  });
}

/** Grants exactly these actions on exactly this resource, under the given conditions. */
export function allow(
  fn: Function,
  statement: {
    readonly actions: string[];
    readonly resource: string;
    readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
  },
): void {
  fn.addToRolePolicy(
    new PolicyStatement({
      effect: Effect.ALLOW,
      actions: statement.actions,
      resources: [statement.resource],
      ...(statement.conditions && { conditions: statement.conditions }),
    }),
  );
}
