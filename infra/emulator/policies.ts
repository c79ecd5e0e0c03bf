import type { Aws } from './aws.ts';

export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const addition = 'WhatTheEmulatorDoesNotKnow';

/**
 * Policies count in the emulator, so that a permission that the stack forgets fails a test. Four things it does not know
 * about them; what they would refuse is granted beside them, and no more:
 * - `Ref` of a secret is its ARN on AWS, here its name, which is no resource of a policy;
 * - `dynamodb:Attributes` is filled in for GetItem alone, not for BatchGetItem and UpdateItem;
 * - `dynamodb:ReturnValues` is not filled in;
 * - `sqs:SendMessage` allows SendMessageBatch, too: there is no action of that name on AWS, here there is.
 */
export async function grantWhatTheEmulatorDoesNotKnow(aws: Aws, roleNames: readonly string[]): Promise<void> {
  for (const RoleName of roleNames) {
    const statements: Statement[] = [];
    for (const statement of await inlineStatements(aws, RoleName)) {
      const actions = listOf(statement.Action);
      if (actions.includes('secretsmanager:GetSecretValue')) {
        const arns = listOf(statement.Resource).map((id) => arnOfSecret(aws, id));
        statements.push({ ...statement, Resource: await Promise.all(arns) });
      }
      if (actions.includes('sqs:SendMessage')) statements.push({ ...statement, Action: 'sqs:SendMessageBatch' });
      const unknown = actions.filter((action) => /^dynamodb:(BatchGetItem|UpdateItem)$/.test(action));
      if (unknown.length > 0 && statement.Condition !== undefined) {
        statements.push({ Effect: 'Allow', Action: unknown, Resource: statement.Resource });
      }
    }
    if (statements.length === 0) continue;
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: statements });
    await aws.ask('iam', 'PutRolePolicy', { RoleName, PolicyName: addition, PolicyDocument });
  }
}

/** What the stack itself grants the role. */
export async function inlineStatements(aws: Aws, RoleName: string): Promise<Statement[]> {
  const statements: Statement[] = [];
  for (const PolicyName of await policyNames(aws, RoleName)) {
    if (PolicyName === addition) continue;
    const { PolicyDocument } = await aws.ask<{ PolicyDocument: { Statement: Statement[] } }>('iam', 'GetRolePolicy', {
      RoleName,
      PolicyName,
    });
    statements.push(...PolicyDocument.Statement);
  }
  return statements;
}

export function listOf<Value>(value: Value | readonly Value[]): readonly Value[] {
  return Array.isArray(value) ? (value as readonly Value[]) : [value as Value];
}

async function policyNames(aws: Aws, RoleName: string): Promise<string[]> {
  return (await aws.ask<{ PolicyNames: string[] }>('iam', 'ListRolePolicies', { RoleName })).PolicyNames;
}

async function arnOfSecret(aws: Aws, SecretId: string): Promise<string> {
  return (await aws.ask<{ ARN: string }>('secretsmanager', 'DescribeSecret', { SecretId })).ARN;
}
