import type { Aws } from './aws.ts';
import { grantWhatTheEmulatorDoesNotKnow } from './policies.ts';
import { setUpTables } from './tables.ts';

interface Stack {
  readonly StackStatus: string;
  readonly CreationTime: string;
  readonly LastUpdatedTime?: string;
}

interface Resource {
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId: string;
  readonly ResourceType: string;
}

/** A stack of the emulator's account, as it is deployed now. */
export interface DeployedStack {
  /** Another one after each deployment. */
  readonly deployment: string;
  readonly apiId: string | undefined;
}

/**
 * Looks at a stack, and does for its roles and tables what the emulator does not, unless that deployment has been seen already.
 * Undefined where there is none, or none that is complete.
 */
export async function adoptStack(aws: Aws, StackName: string, seen?: string): Promise<DeployedStack | undefined> {
  const described = await aws
    .ask<{ Stacks: Stack[] }>('cloudformation', 'DescribeStacks', { StackName })
    .catch(() => undefined);
  const stack = described?.Stacks[0];
  if (stack === undefined || !/^(?:CREATE|UPDATE)_COMPLETE$/.test(stack.StackStatus)) return undefined;
  const deployment = `${stack.CreationTime} ${stack.LastUpdatedTime}`;
  const { StackResourceSummaries: resources } = await aws.ask<{ StackResourceSummaries: Resource[] }>(
    'cloudformation',
    'ListStackResources',
    { StackName },
  );
  const ofType = (type: string) =>
    resources.filter(({ ResourceType }) => ResourceType === type).map(({ PhysicalResourceId }) => PhysicalResourceId);
  if (deployment !== seen) {
    await grantWhatTheEmulatorDoesNotKnow(aws, ofType('AWS::IAM::Role'));
    const names = new Map(resources.map((resource) => [resource.LogicalResourceId, resource.PhysicalResourceId]));
    await setUpTables(aws, StackName, names);
  }
  return { deployment, apiId: ofType('AWS::ApiGatewayV2::Api')[0] };
}
