import { createHash } from 'node:crypto';
import { Aspects, Duration, Stack, Validations } from 'aws-cdk-lib';
import type { IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import {
  LambdaApplication,
  LambdaDeploymentConfig,
  LambdaDeploymentGroup,
  TimeBasedCanaryTrafficRouting,
} from 'aws-cdk-lib/aws-codedeploy';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Alias, type CfnFunction, type Function, type IFunction, type IVersion } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { environment, liveAlias } from '../../shared/contract.ts';

/**
 * Moves requests and messages from one version of the functions to the next, a part of them first. Whatever calls a function
 * calls its alias; CodeDeploy moves the alias, and leads it back where an alarm goes off meanwhile.
 */
export class GradualDeployment extends Construct {
  readonly #aliases = new Map<Function, Alias>();
  readonly #rules: { readonly percent: number; readonly minutes: number };

  constructor(scope: Construct, id: string, rules: { readonly percent: number; readonly minutes: number }) {
    super(scope, id);
    this.#rules = rules;
  }

  /** What is to be called in the function's place. */
  live(fn: Function): IFunction {
    const known = this.#aliases.get(fn);
    const alias =
      // The CDK's own types disagree about what may be undefined.
      known ?? new Alias(fn, 'Live', { aliasName: liveAlias, version: fn.currentVersion as IVersion });
    this.#aliases.set(fn, alias);
    return alias as IFunction;
  }

  /**
   * Deploys through CodeDeploy from now on, under these alarms. `-c atOnce=true` moves everything at once and asks no alarm: for
   * what mends the cause of one, which would take it back.
   */
  deployUnder(alarms: readonly IAlarm[]): void {
    const isAtOnce = String(this.node.tryGetContext('atOnce')) === 'true';
    const { percent, minutes } = this.#rules;
    const application = new LambdaApplication(this, 'Application');
    const deploymentConfig = isAtOnce
      ? LambdaDeploymentConfig.ALL_AT_ONCE
      : new LambdaDeploymentConfig(this, 'Config', {
          trafficRouting: new TimeBasedCanaryTrafficRouting({
            interval: Duration.minutes(minutes),
            percentage: percent,
          }),
        });
    const role = this.#role();
    for (const alias of this.#aliases.values()) {
      const group = new LambdaDeploymentGroup(alias, 'Deployment', {
        application,
        alias,
        deploymentConfig,
        role: role.withoutPolicyUpdates(),
        alarms: isAtOnce ? [] : [...alarms],
        autoRollback: { failedDeployment: true, stoppedDeployment: true, deploymentInAlarm: !isAtOnce },
      });
      // A role without its policy moves nothing.
      group.node.addDependency(role.node.findChild('DefaultPolicy'));
    }
    Aspects.of(Stack.of(this)).add({ visit: (node) => node === this && this.#nameRelease() });
  }

  /** Only what moving these aliases takes: AWS's managed policy would move those of every stack. */
  #role(): Role {
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('codedeploy.amazonaws.com') });
    role.addToPolicy(
      new PolicyStatement({
        actions: ['lambda:GetAlias', 'lambda:UpdateAlias', 'lambda:GetProvisionedConcurrencyConfig'],
        resources: [...this.#aliases.keys()].flatMap(({ functionArn }) => [functionArn, `${functionArn}:${liveAlias}`]),
      }),
    );
    role.addToPolicy(new PolicyStatement({ actions: ['cloudwatch:DescribeAlarms'], resources: ['*'] }));
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'DescribeAlarms lists alarms, and is granted on * or not at all.',
    });
    return role;
  }

  /**
   * Tells every function the release that it is of: what changes one of them makes a version of each. So all can be led back to
   * one release, which their version numbers do not tell.
   */
  #nameRelease(): void {
    const stack = Stack.of(this);
    const made = [...this.#aliases.keys()].map((fn) => {
      const { code, environment, handler, runtime, memorySize, timeout, layers } = fn.node.defaultChild as CfnFunction;
      return stack.resolve({ code, environment, handler, runtime, memorySize, timeout, layers }) as unknown;
    });
    const release = createHash('sha256').update(JSON.stringify(made)).digest('hex').slice(0, 8);
    for (const fn of this.#aliases.keys()) fn.addEnvironment(environment.release, release);
  }
}
