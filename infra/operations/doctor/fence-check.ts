import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { GetRoleCommand, type IAMClient, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import { installationsTable } from '../../../shared/contract.ts';
import { type AccountCheck, type Examined, judged, unknown } from './examined.ts';

/** Everything that returns items of a table. */
const reads = [
  'dynamodb:GetItem',
  'dynamodb:BatchGetItem',
  'dynamodb:TransactGetItems',
  'dynamodb:Query',
  'dynamodb:Scan',
  'dynamodb:PartiQLSelect',
  'dynamodb:ExportTableToPointInTime',
];
/** An API of AWS's that takes its time, and does not like to be asked by many at once. */
const rolesAtOnce = 3;
/** The function that passes people's calls on: the one that strangers try most. */
const proxy = /^PlatformProxy/;

/**
 * Whether any role of the stack may read an installation as a whole, with its sealed token. IAM itself is asked, for a request that
 * names no attributes, which is one for all of them.
 */
export const fenceCheck: AccountCheck = {
  name: 'IAM fence',
  remedy:
    'take out what was added to the role, then npm run deploy; until then, rotate the token key (docs/runbook.md)',
  run: async ({ resources, iam, isEmulated }, { data }) => {
    const roles = (await resources()).filter(({ ResourceType }) => ResourceType === 'AWS::IAM::Role');
    const table = await tableArn(data);
    // The emulator knows of no attributes but GetItem's, and is granted the others for that: infra/emulator/policies.ts.
    const actions = isEmulated ? reads.filter((action) => action !== 'dynamodb:BatchGetItem') : reads;
    const faults: string[] = [];
    let isFenced = false;
    for (let index = 0; index < roles.length; index += rolesAtOnce) {
      await Promise.all(
        roles
          .slice(index, index + rolesAtOnce)
          .map(async ({ LogicalResourceId: id = '', PhysicalResourceId: name }) => {
            const { Role } = await iam.send(new GetRoleCommand({ RoleName: name }));
            const arn = Role?.Arn ?? '';
            const allowed = await allowedOf(iam, arn, actions, table);
            if (allowed.length > 0) faults.push(`${id} may read whole installations (${allowed.join(', ')})`);
            if (!proxy.test(id)) return;
            const own = await allowedOf(
              iam,
              arn,
              ['dynamodb:BatchGetItem'],
              table,
              installationsTable.sessionAttributes,
            );
            isFenced = own.length > 0;
            const token = await allowedOf(iam, arn, actions, table, ['pk', installationsTable.tokenAttribute]);
            if (token.length > 0) faults.push(`${id} may read tokens (${token.join(', ')})`);
          }),
      );
    }
    if (faults.length > 0) return judged(faults, '');
    return isFenced
      ? judged([], `none of ${roles.length} roles reads a whole installation`)
      : unknown('IAM’s simulation does not even allow what the proxy is granted, so that its word is worth nothing');
  },
};

async function allowedOf(
  iam: IAMClient,
  PolicySourceArn: string,
  ActionNames: string[],
  table: string,
  attributes?: readonly string[],
): Promise<string[]> {
  const { EvaluationResults: results = [] } = await iam.send(
    new SimulatePrincipalPolicyCommand({
      PolicySourceArn,
      ActionNames,
      ResourceArns: [table],
      ...(attributes && {
        ContextEntries: [
          { ContextKeyName: 'dynamodb:Attributes', ContextKeyType: 'stringList', ContextKeyValues: [...attributes] },
          { ContextKeyName: 'dynamodb:Select', ContextKeyType: 'string', ContextKeyValues: ['SPECIFIC_ATTRIBUTES'] },
        ],
      }),
    }),
  );
  return results.flatMap(({ EvalDecision: decision, EvalActionName: action }) =>
    decision === 'allowed' ? (action ?? '') : [],
  );
}

async function tableArn({ dynamoDb, tables }: Examined['data']): Promise<string> {
  const { Table } = await dynamoDb.send(new DescribeTableCommand({ TableName: tables.installations }));
  return Table?.TableArn ?? '';
}
