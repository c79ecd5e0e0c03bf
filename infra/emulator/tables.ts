import type { Aws } from './aws.ts';

/** As much of a table as the emulator's CloudFormation leaves out. */
interface Table {
  readonly Type: string;
  readonly Properties: {
    readonly TimeToLiveSpecification?: object;
    readonly Replicas?: readonly {
      readonly PointInTimeRecoverySpecification?: object;
      readonly DeletionProtectionEnabled?: boolean;
    }[];
  };
}

/**
 * Sets up the stack's tables as its template says, where MiniStack's CloudFormation does not: when items expire, whether a
 * table can be restored, and whether it may be deleted.
 */
export async function setUpTables(aws: Aws, StackName: string, names: ReadonlyMap<string, string>): Promise<void> {
  const { TemplateBody } = await aws.ask<{ TemplateBody: unknown }>('cloudformation', 'GetTemplate', { StackName });
  const template = (typeof TemplateBody === 'string' ? JSON.parse(TemplateBody) : TemplateBody) as {
    readonly Resources: Readonly<Record<string, Table>>;
  };
  for (const [logicalId, { Type, Properties }] of Object.entries(template.Resources)) {
    const TableName = names.get(logicalId);
    if (Type !== 'AWS::DynamoDB::GlobalTable' || TableName === undefined) continue;
    const { TimeToLiveSpecification, Replicas: [replica] = [] } = Properties;
    const { PointInTimeRecoverySpecification, DeletionProtectionEnabled } = replica ?? {};
    if (TimeToLiveSpecification !== undefined)
      await aws.ask('dynamodb', 'UpdateTimeToLive', { TableName, TimeToLiveSpecification });
    if (PointInTimeRecoverySpecification !== undefined)
      await aws.ask('dynamodb', 'UpdateContinuousBackups', { TableName, PointInTimeRecoverySpecification });
    if (DeletionProtectionEnabled !== undefined)
      await aws.ask('dynamodb', 'UpdateTable', { TableName, DeletionProtectionEnabled });
  }
}
