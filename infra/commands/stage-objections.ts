import { CloudFormationClient, DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { awsClientOptions } from '../../shared/aws-client-options.ts';
import type { Extension } from '../../shared/config.ts';
import { stageTag } from '../stage.ts';
import { accessRefusal } from './aws-access.ts';

type ClientOptions = ReturnType<typeof awsClientOptions> & { readonly region: string; readonly profile?: string };

/** Why the stage cannot be deployed with these credentials: they are of another account than it names. */
export async function accountObjection(
  { stage }: Pick<Extension, 'stage'>,
  options: ClientOptions,
): Promise<string | undefined> {
  if (stage?.account === undefined) return undefined;
  const sts = new STSClient(options);
  try {
    const { Account: account } = await sts.send(new GetCallerIdentityCommand());
    if (account === stage.account) return undefined;
    return `The stage ${stage.name} is of the account ${stage.account}, the credentials are of ${account}: name another profile.`;
  } catch (error) {
    return (
      accessRefusal(error as Error, options.region) ??
      `AWS does not tell whose the credentials are (${(error as Error).name}).`
    );
  } finally {
    sts.destroy();
  }
}

/** Why a command may not touch the stack that is there: it is another stage, or protected. Undefined where there is none. */
export async function stackObjection(
  command: string,
  name: string,
  extension: Pick<Extension, 'stage' | 'stageNames'>,
  options: ClientOptions,
): Promise<string | undefined> {
  const cloudFormation = new CloudFormationClient(options);
  try {
    const { Stacks: [stack] = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName: name }));
    if (stack === undefined) return undefined;
    if (command === 'destroy' && stack.EnableTerminationProtection) return protectedSentence(name, extension, options);
    return otherStage(stack, name, extension);
  } catch {
    // There is none, or whoever deploys may not look: the CDK's own role may.
    return undefined;
  } finally {
    cloudFormation.destroy();
  }
}

function otherStage(
  { Tags: tags = [], StackStatus: status }: Stack,
  name: string,
  { stage, stageNames }: Pick<Extension, 'stage' | 'stageNames'>,
): string | undefined {
  const its = tags.find(({ Key: key }) => key === stageTag)?.Value;
  if (its === stage?.name || status === 'REVIEW_IN_PROGRESS') return undefined;
  // Named by hand: one from before there were stages, or whose stage has another name now.
  const isTakenOver = stage?.stackName === name && (its === undefined || !stageNames.includes(its));
  if (isTakenOver) return undefined;
  if (its !== undefined)
    return `The stack ${name} is the stage ${its}, and not ${stage?.name ?? 'a deployment without a stage'}.`;
  return `The stack ${name} is there already, and is no stage. Where it is to become ${stage?.name}, say so: stackName: '${name}' in stages.${stage?.name}.`;
}

function protectedSentence(name: string, { stage }: Pick<Extension, 'stage'>, { region }: ClientOptions): string {
  const take = `aws cloudformation update-termination-protection --no-enable-termination-protection --region ${region} --stack-name ${name}`;
  return `The stack ${name} is protected: nothing was destroyed. To remove it and keep its tables and keys, run "${take}" and this again. To remove those too, deploy it with protected: false${stage === undefined ? '' : ` in stages.${stage.name}`} first.`;
}
