import {
  CloudFormationClient,
  DescribeStacksCommand,
  paginateListStackResources,
  type Stack,
  type StackResourceSummary,
} from '@aws-sdk/client-cloudformation';
import { awsClientOptions } from '../../shared/aws-client-options.ts';
import type { Extension } from '../../shared/config.ts';
import { StartError } from '../local/host/start-error.ts';
import { stackName } from '../stack-name.ts';
import { stageTag } from '../stage.ts';
import { accessRefusal, contextOf } from './aws-access.ts';
import { findAccess } from './find-access.ts';

export interface DeployedStack {
  readonly name: string;
  readonly region: string;
  /** Twelve digits; undefined where AWS does not tell. */
  readonly account: string | undefined;
  /** `UPDATE_COMPLETE` and the like. */
  readonly status: string;
  /** The stage that it was deployed as; undefined where there were none. */
  readonly stage: string | undefined;
  /** The template's; undefined where it has none. */
  readonly description: string | undefined;
  /** What it printed when it was deployed, by id. */
  readonly outputs: ReadonlyMap<string, string>;
}

/**
 * The name of the stack that a configuration is deployed as, with the one that the context in cdk.json gives.
 * @throws {ConfigurationError} where that is not a name that CloudFormation takes.
 */
export function stackNameOf(extension: Pick<Extension, 'name' | 'stage'>): string {
  return stackName(extension, contextOf('stackName'));
}

/**
 * The stack as it is deployed now. The region is the given one, that of cdk.json, or the environment's.
 * @throws {StartError} with a sentence that says what to mend; where its update is under way or failed, too, unless
 * `whileUpdating`.
 */
export async function findDeployedStack(
  name: string,
  givenRegion?: string,
  { whileUpdating = false }: { readonly whileUpdating?: boolean } = {},
): Promise<DeployedStack> {
  const region = await findAccess(givenRegion);
  const client = new CloudFormationClient({ region, ...awsClientOptions({ requestTimeoutMs: 5_000 }) });
  try {
    const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName: name }));
    return requireWhole(stack ?? {}, { name, region, whileUpdating });
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(refusal(error as Error, name, region), { cause: error });
  } finally {
    client.destroy();
  }
}

/** Every resource of a deployed stack. @throws what AWS refuses. */
export async function listStackResources({
  name,
  region,
}: Pick<DeployedStack, 'name' | 'region'>): Promise<StackResourceSummary[]> {
  const client = new CloudFormationClient({
    region,
    ...awsClientOptions({ requestTimeoutMs: 10_000, maxAttempts: 6 }),
  });
  try {
    const found: StackResourceSummary[] = [];
    for await (const { StackResourceSummaries: page = [] } of paginateListStackResources(
      { client },
      { StackName: name },
    )) {
      found.push(...page);
    }
    return found;
  } finally {
    client.destroy();
  }
}

function requireWhole(
  { StackId: id, StackStatus, Description: description, Outputs: outputs = [], Tags: tags = [] }: Partial<Stack>,
  { name, region, whileUpdating }: { readonly name: string; readonly region: string; readonly whileUpdating: boolean },
): DeployedStack {
  const status: string = StackStatus ?? 'of an unknown status';
  const refuse = (sentence: string) => new StartError(`The stack ${name} in ${region} is ${status}: ${sentence}`);
  const isUpdating = /^UPDATE_(ROLLBACK_)?(IN_PROGRESS|FAILED)$/.test(status);
  if (isUpdating && !whileUpdating) {
    throw refuse(
      status.endsWith('FAILED')
        ? 'see why in the console of CloudFormation, then run npm run deploy until it is complete.'
        : 'wait until that has ended, then run this again.',
    );
  }
  if (
    !isUpdating &&
    !/^((CREATE|IMPORT|UPDATE|UPDATE_ROLLBACK|IMPORT_ROLLBACK)_COMPLETE|UPDATE_.*CLEANUP_IN_PROGRESS)$/.test(status)
  ) {
    throw refuse(
      /^(CREATE_FAILED|ROLLBACK_)/.test(status)
        ? 'it never came to be. Run npm run destroy, then npm run deploy.'
        : 'run npm run deploy until it is complete.',
    );
  }
  const told = outputs.flatMap(({ OutputKey: key, OutputValue: value }) =>
    key !== undefined && value !== undefined ? [[key, value] as const] : [],
  );
  const account = id?.split(':')[4];
  const stage = tags.find(({ Key: key }) => key === stageTag)?.Value;
  return { name, region, account: account || undefined, status, stage, description, outputs: new Map(told) };
}

function refusal(error: Error, name: string, region: string): string {
  if (/does not exist/.test(error.message)) {
    return `There is no stack ${name} in ${region} of this account: run npm run deploy first, or name another one with --stack or --region.`;
  }
  return (
    accessRefusal(error, region) ??
    `CloudFormation does not tell of the stack ${name}: ${error.message.replace(/\.$/, '')} (${error.name}).`
  );
}
