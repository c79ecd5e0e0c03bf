import { Aws, CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { OidcProviderNative, PolicyStatement, Role, WebIdentityPrincipal } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

export interface GithubRoleStackProps extends StackProps {
  /** `owner/name`. */
  readonly repository: string;
  /** The environment of the repository whose jobs may take the role, and no others. */
  readonly environment: string;
  /** `deploy` may change stacks; `diff` may look at them. */
  readonly purpose: 'deploy' | 'diff';
  /** Of the CDK's bootstrap, whose roles do the work. */
  readonly qualifier: string;
  /** Whether the account knows GitHub already: it can hold one provider for an issuer. */
  readonly hasProvider: boolean;
}

const issuer = 'token.actions.githubusercontent.com';

/**
 * A role that jobs of one environment of one repository take with the token that GitHub signs for each of them
 * (https://docs.github.com/en/actions/security-for-github-actions/security-hardening-your-deployments/configuring-openid-connect-in-amazon-web-services).
 * It may take the CDK's own roles and nothing else: those are what deploying needs.
 */
export class GithubRoleStack extends Stack {
  /** The role's name, for the repository's variables. */
  readonly output: CfnOutput;

  constructor(scope: Construct, id: string, props: GithubRoleStackProps) {
    super(scope, id, props);
    const { repository, environment, purpose, qualifier, hasProvider } = props;
    const provider = hasProvider
      ? `arn:${Aws.PARTITION}:iam::${this.account}:oidc-provider/${issuer}`
      : new OidcProviderNative(this, 'Provider', { url: `https://${issuer}`, clientIds: ['sts.amazonaws.com'] })
          .oidcProviderArn;
    const role = new Role(this, 'Role', {
      assumedBy: new WebIdentityPrincipal(provider, {
        StringEquals: {
          [`${issuer}:aud`]: 'sts.amazonaws.com',
          [`${issuer}:sub`]: `repo:${repository}:environment:${environment}`,
        },
      }),
      maxSessionDuration: Duration.hours(1),
      description: `${repository}, environment ${environment}: may ${purpose}.`,
    });
    const roles = purpose === 'deploy' ? ['deploy', 'file-publishing', 'lookup'] : ['lookup'];
    role.addToPolicy(
      new PolicyStatement({
        actions: ['sts:AssumeRole'],
        resources: roles.map(
          (name) =>
            `arn:${Aws.PARTITION}:iam::${this.account}:role/cdk-${qualifier}-${name}-role-${this.account}-${this.region}`,
        ),
      }),
    );
    // `npm run deploy` asks whether the CDK has been set up.
    role.addToPolicy(
      new PolicyStatement({
        actions: ['ssm:GetParameter'],
        resources: [
          `arn:${Aws.PARTITION}:ssm:${this.region}:${this.account}:parameter/cdk-bootstrap/${qualifier}/version`,
        ],
      }),
    );
    // It also looks whether the stack is another stage's, or protected.
    if (purpose === 'deploy') {
      role.addToPolicy(
        new PolicyStatement({
          actions: ['cloudformation:DescribeStacks'],
          resources: [`arn:${Aws.PARTITION}:cloudformation:${this.region}:${this.account}:stack/*`],
        }),
      );
    }
    this.output = new CfnOutput(this, purpose === 'deploy' ? 'AwsDeployRole' : 'AwsDiffRole', {
      value: role.roleArn,
      description: `Enter it as the variable ${purpose === 'deploy' ? 'AWS_DEPLOY_ROLE' : 'AWS_DIFF_ROLE'} in GitHub.`,
    });
  }
}
