import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { awsClientOptions } from '../../shared/aws-client-options.ts';
import type { Extension } from '../../shared/config.ts';
import { StartError } from '../local/host/start-error.ts';
import { stackName } from '../stack-name.ts';
import { accessRefusal, contextOf, noCredentials } from './aws-access.ts';

export interface DeployedStack {
  readonly name: string;
  readonly region: string;
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
 * @throws {StartError} with a sentence that says what to mend.
 */
export async function findDeployedStack(name: string, givenRegion?: string): Promise<DeployedStack> {
  const asked = process.env['AWS_REGION'] || process.env['AWS_DEFAULT_REGION'];
  const named = givenRegion ?? contextOf('region') ?? asked;
  const client = new CloudFormationClient({
    ...(named && { region: named }),
    ...awsClientOptions({ requestTimeoutMs: 5_000 }),
  });
  const region = await client.config.region().catch(() => undefined);
  if (!region)
    throw new StartError('No region is named: set AWS_REGION, --region, or "region" in the context in cdk.json.');
  await client.config.credentials().catch((cause: unknown) => {
    throw new StartError(noCredentials, { cause });
  });
  try {
    const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName: name }));
    const outputs = (stack?.Outputs ?? []).flatMap(({ OutputKey: key, OutputValue: value }) =>
      key !== undefined && value !== undefined ? [[key, value] as const] : [],
    );
    if (outputs.length > 0) return { name, region, outputs: new Map(outputs) };
    throw new StartError(
      `The stack ${name} in ${region} is ${stack?.StackStatus}: run npm run deploy until it is complete.`,
    );
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(refusal(error as Error, name, region), { cause: error });
  } finally {
    client.destroy();
  }
}

function refusal(error: Error, name: string, region: string): string {
  if (/does not exist/.test(error.message)) {
    return `There is no stack ${name} in ${region} of this account: run npm run deploy first, or name another one with --stack or --region.`;
  }
  return (
    accessRefusal(error, region) ??
    `CloudFormation does not tell of the stack ${name}: ${error.message} (${error.name}).`
  );
}
