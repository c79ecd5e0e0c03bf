import {
  GetAliasCommand,
  type LambdaClient,
  paginateListVersionsByFunction,
  UpdateAliasCommand,
} from '@aws-sdk/client-lambda';
import { environment, liveAlias } from '../../../shared/contract.ts';
import { type DeployedStack, listStackResources } from '../../commands/deployed-stack.ts';
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

async function aliasedFunctions(stack: DeployedStack): Promise<string[]> {
  const found = (await listStackResources(stack)).flatMap(({ ResourceType: type, PhysicalResourceId: arn = '' }) => {
    const [, fn, alias] = /:function:([^:]+):([^:]+)$/.exec(arn) ?? [];
    return type === 'AWS::Lambda::Alias' && fn !== undefined && alias === liveAlias ? [fn] : [];
  });
  return found.sort();
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
