// The CDK app behind `npm run github-role`.
import { App } from 'aws-cdk-lib';
import { GithubRoleStack } from './resources/github-role-stack.ts';

const app = new App({ analyticsReporting: false });
const named = (name: string) => String(app.node.tryGetContext(name) ?? '');
const { output } = new GithubRoleStack(app, 'GithubRole', {
  stackName: named('stackName'),
  description: 'Lets one environment of one GitHub repository deploy with the CDK, without a key.',
  env: {
    ...(process.env.CDK_DEFAULT_ACCOUNT && { account: process.env.CDK_DEFAULT_ACCOUNT }),
    ...(process.env.AWS_REGION && { region: process.env.AWS_REGION }),
  },
  repository: named('repository'),
  environment: named('environment'),
  purpose: named('purpose') === 'diff' ? 'diff' : 'deploy',
  qualifier: named('@aws-cdk/core:bootstrapQualifier') || 'hnb659fds',
  hasProvider: named('hasProvider') === 'true',
});
app.synth();
console.error(output.description);
