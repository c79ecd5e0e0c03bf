import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { GithubRoleStack } from '../../../infra/resources/github-role-stack.ts';

function synthesized(more: { purpose?: 'deploy' | 'diff'; hasProvider?: boolean } = {}) {
  const stack = new GithubRoleStack(new App(), 'GithubRole', {
    env: { account: '123456789012', region: 'ap-south-1' },
    repository: 'acme/lens',
    environment: 'production',
    purpose: 'deploy',
    qualifier: 'hnb659fds',
    hasProvider: false,
    ...more,
  });
  return Template.fromStack(stack);
}
const textOf = (value: unknown) => JSON.stringify(value).replaceAll('{"Ref":"AWS::Partition"}', '"aws"');
function only(template: Template, type: string): Record<string, unknown> {
  const [resource, ...others] = Object.values(template.findResources(type)) as {
    Properties: Record<string, unknown>;
  }[];
  expect(others).toEqual([]);
  return resource?.Properties ?? {};
}

describe('the role for GitHub', () => {
  test('can be taken by jobs of one environment of one repository alone', () => {
    const { AssumeRolePolicyDocument: trust } = only(synthesized(), 'AWS::IAM::Role');
    expect((trust as { Statement: unknown[] }).Statement).toEqual([
      expect.objectContaining({
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: {
          StringEquals: {
            'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
            'token.actions.githubusercontent.com:sub': 'repo:acme/lens:environment:production',
          },
        },
      }),
    ]);
    expect(textOf(trust)).not.toContain('*');
  });

  test.each([
    ['deploy', ['deploy', 'file-publishing', 'lookup']],
    ['diff', ['lookup']],
  ] as const)('that may %s takes the CDK’s own roles, and may nothing else', (purpose, roles) => {
    const { PolicyDocument: policy } = only(synthesized({ purpose }), 'AWS::IAM::Policy');
    const { Statement: statements } = policy as { Statement: { Action: string; Resource: unknown }[] };
    expect(statements.map(({ Action }) => Action)).toEqual([
      'sts:AssumeRole',
      'ssm:GetParameter',
      ...(purpose === 'deploy' ? ['cloudformation:DescribeStacks'] : []),
    ]);
    expect(
      [statements[0]?.Resource].flat().map((each) => /cdk-hnb659fds-([a-z-]+)-role/.exec(textOf(each))?.[1]),
    ).toEqual(roles);
    // Which stack it will be is not known here; it looks at the names and outputs of any, and changes none.
    expect(textOf(statements.filter(({ Action }) => Action !== 'cloudformation:DescribeStacks'))).not.toContain('*');
  });

  test('uses the provider that the account has, where it has one', () => {
    expect(Object.keys(synthesized().findResources('AWS::IAM::OIDCProvider'))).toHaveLength(1);
    expect(synthesized({ hasProvider: true }).findResources('AWS::IAM::OIDCProvider')).toEqual({});
  });
});
