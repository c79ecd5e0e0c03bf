import { CloudFormationClient, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import {
  GetAliasCommand,
  type LambdaClient,
  paginateListVersionsByFunction,
  UpdateAliasCommand,
} from '@aws-sdk/client-lambda';
import { awsClientOptions } from '../../../shared/aws-client-options.ts';
import { environment, liveAlias } from '../../../shared/contract.ts';
import type { DeployedStack } from '../../commands/deployed-stack.ts';
import type { LiveFunction, PublishedVersion } from './plan-rollback.ts';

/** The functions of a stack that an alias stands for; none where its deployments are not gradual. */
export async function liveFunctions(lambda: LambdaClient, stack: DeployedStack): Promise<LiveFunction[]> {
  const names = await aliasedFunctions(stack);
  return await Promise.all(names.map((name) => liveFunction(lambda, name)));
}

/** Leads a function's alias to a version, with all calls. @returns the alias's new revision. */
export async function leadTo(
  lambda: LambdaClient,
  { name, revisionId }: Pick<LiveFunction, 'name' | 'revisionId'>,
  version: string,
): Promise<string | undefined> {
  const { RevisionId } = await lambda.send(
    new UpdateAliasCommand({
      FunctionName: name,
      Name: liveAlias,
      FunctionVersion: version,
      RoutingConfig: { AdditionalVersionWeights: {} },
      RevisionId: revisionId,
    }),
  );
  return RevisionId;
}

async function aliasedFunctions({ name, region }: DeployedStack): Promise<string[]> {
  const client = new CloudFormationClient({
    region,
    ...awsClientOptions({ requestTimeoutMs: 10_000, maxAttempts: 6 }),
  });
  try {
    const found: string[] = [];
    for await (const { StackResourceSummaries: page = [] } of paginateListStackResources(
      { client },
      { StackName: name },
    )) {
      for (const { ResourceType: type, PhysicalResourceId: arn = '' } of page) {
        const [, fn, alias] = /:function:([^:]+):([^:]+)$/.exec(arn) ?? [];
        if (type === 'AWS::Lambda::Alias' && fn !== undefined && alias === liveAlias) found.push(fn);
      }
    }
    return found.sort();
  } finally {
    client.destroy();
  }
}

async function liveFunction(client: LambdaClient, name: string): Promise<LiveFunction> {
  const alias = await client.send(new GetAliasCommand({ FunctionName: name, Name: liveAlias }));
  const versions: PublishedVersion[] = [];
  for await (const { Versions: page = [] } of paginateListVersionsByFunction({ client }, { FunctionName: name })) {
    for (const { Version: version = '', Environment: variables, LastModified: modified = '' } of page) {
      if (version === '$LATEST') continue;
      const release = variables?.Variables?.[environment.release];
      versions.push({ version, release, publishedAtMs: Date.parse(modified) });
    }
  }
  return {
    name,
    live: alias.FunctionVersion ?? '',
    revisionId: alias.RevisionId,
    isMoving: Object.keys(alias.RoutingConfig?.AdditionalVersionWeights ?? {}).length > 0,
    versions: versions.sort((one, other) => Number(one.version) - Number(other.version)),
  };
}
