import type { Extension } from '../../shared/config.ts';
import { loadExtension } from '../load-extension.ts';
import { openEnvironmentFile } from '../local/host/environment-file.ts';
import { StartError } from '../local/host/start-error.ts';
import { findRunning, type RunningExtension } from '../local/running-extension.ts';
import { stackDescription } from '../stack-name.ts';
import { useProfile } from './aws-access.ts';
import { chooseStage, missingStage } from './choose-stage.ts';
import { type DeployedStack, findDeployedStack, stackNameOf } from './deployed-stack.ts';

/** Which extension a command is about: the options of every command that operates one. */
export const whichExtension = {
  stage: { type: 'string' },
  stack: { type: 'string' },
  region: { type: 'string' },
  profile: { type: 'string' },
  local: { type: 'boolean', default: false },
} as const;

/** The same for commands that are about deployed extensions only. */
const { local: _, ...ofDeployed } = whichExtension;
export const whichDeployed = ofDeployed;

/** What usages say of them. */
export const whichStackUsage = `  --stage NAME     of this stage of the configuration
  --stack NAME     of this stack. Default: the one that npm run deploy makes
  --region REGION  Default: the stage's, that of cdk.json, or AWS_REGION
  --profile NAME   with the credentials of this profile. Default: AWS_PROFILE, or the environment's`;

/** The same, with what every command takes. */
export const whichDeployedUsage = `${whichStackUsage}
  --json           prints JSON`;

const whichOptions = `${whichDeployedUsage}
  --local          the one that runs on this machine (npm start, npm run dev)`;

/** What usages say of them, and of what every command takes. */
export const whichUsage = `Which extension: the deployed one, in AWS or wherever AWS_ENDPOINT_URL leads, unless --local says otherwise.
${whichOptions}`;

/** The same where no option at all means the one on this machine. */
export const whichUsageHere = `Which extension: the one that runs on this machine, unless one of the first four leads to a deployed one.
${whichOptions}`;

export interface WhichExtension {
  readonly stage?: string | undefined;
  readonly stack?: string | undefined;
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  readonly local: boolean;
}

/** What leads another command to the same extension, to be put behind it: ` --stage prod`. Empty where nothing was given. */
export function sameExtension(which: WhichExtension): string {
  const named = (['stage', 'stack', 'region', 'profile'] as const).flatMap((name) =>
    which[name] === undefined ? [] : [` --${name} ${which[name]}`],
  );
  return [...named, ...(which.local ? [' --local'] : [])].join('');
}

interface Selected {
  /** As configured, for the stage or for this machine. */
  readonly extension: Extension;
  /** For sentences: `the stack … in …`, or `the extension on this machine`. */
  readonly where: string;
}

export interface DeployedExtension extends Selected {
  readonly stack: DeployedStack;
  readonly running?: never;
}

export interface LocalExtension extends Selected {
  readonly running: RunningExtension;
  readonly stack?: never;
}

/** The extension that a command is about. Nothing of it has been touched. */
export type SelectedExtension = DeployedExtension | LocalExtension;

export interface SelectionRules {
  /** For what reads, or cannot wait: a stack whose update is under way, or failed, will do. */
  readonly whileUpdating?: boolean;
}

/**
 * Finds the extension that these options are about. The configuration that this process loads from now on is that stage's.
 * @throws {StartError} with a sentence that says what to mend: no such stack, half of one, another extension's, several stages
 * and none named, nothing that runs here.
 */
export async function selectExtension(which: WhichExtension, rules: SelectionRules = {}): Promise<SelectedExtension> {
  return which.local ? await selectRunning(which) : await selectDeployed(which, rules);
}

/**
 * The configuration that a deployed extension is made from, before anybody asks AWS: for commands that find something wrong in
 * it, or in what they were given, first. `--stage`, or that of the stack, counts for whatever loads the configuration later, too.
 * @throws {StartError} where there are stages, and neither one of them nor a stack is named.
 */
export async function loadSelected({ stage, stack }: Pick<WhichExtension, 'stage' | 'stack'>): Promise<Extension> {
  if (stage !== undefined && stack !== undefined) {
    throw new StartError('--stage names a stack already: leave it out, or --stack.');
  }
  chooseStage(stage);
  const extension = await loadExtension();
  const missing = missingStage(extension);
  if (missing === undefined) return extension;
  if (stack === undefined) throw new StartError(missing);
  for (const name of extension.stageNames) {
    // What the shell says of a platform is judged for the one stage that is meant.
    const staged = await loadExtension({ ...process.env, EXTENSION_STAGE: name, FP_API_DOMAIN: undefined });
    if (stackNameOf(staged) !== stack) continue;
    chooseStage(name);
    return await loadExtension();
  }
  return extension;
}

/**
 * {@link selectExtension} for commands that are about this machine unless a deployed extension is named.
 * @throws {StartError} as there; where nothing runs here, with how a deployed one is named.
 */
export async function selectHereUnlessNamed(which: WhichExtension): Promise<SelectedExtension> {
  const isNamed = [which.stage, which.stack, which.region, which.profile].some((each) => each !== undefined);
  if (isNamed || which.local) return await selectExtension(which);
  try {
    return await selectRunning(which);
  } catch (cause) {
    if (!(cause instanceof StartError)) throw cause;
    throw new StartError(`${cause.message} For a deployed one, add --stack NAME or --stage NAME.`, { cause });
  }
}

/** {@link selectExtension} for commands that are about deployed extensions only. */
export async function selectDeployed(
  which: Omit<WhichExtension, 'local'>,
  rules: SelectionRules = {},
): Promise<DeployedExtension> {
  const extension = await loadSelected(which);
  if (which.profile) useProfile(which.profile);
  const name = which.stack ?? stackNameOf(extension);
  const stack = await findDeployedStack(name, which.region ?? extension.stage?.region, rules);
  requireOwn(stack, extension);
  return { extension, where: `the stack ${stack.name} in ${stack.region}`, stack };
}

async function selectRunning(which: WhichExtension): Promise<LocalExtension> {
  const [named] = (['stage', 'stack', 'region', 'profile'] as const).filter((name) => which[name] !== undefined);
  if (named !== undefined) {
    throw new StartError(
      `--local is about this machine, --${named} about a deployed extension: leave one of them out.`,
    );
  }
  openEnvironmentFile();
  const running = await findRunning(process.env['LOCAL_DATA_DIR'] || undefined, '.local');
  // No stage counts on this machine.
  const environment = { ...process.env, EXTENSION_STAGE: undefined, FP_API_DOMAIN: running.extension.cluster };
  const extension = await loadExtension(environment);
  return { extension, where: 'the extension on this machine', running };
}

/** Stacks of this template say whose they are; others have none of their outputs. */
function requireOwn({ name, account, stage: its, description, outputs }: DeployedStack, extension: Extension): void {
  const { stage } = extension;
  if (stage?.account !== undefined && account !== undefined && account !== stage.account) {
    throw new StartError(
      `The credentials are of the account ${account}, and the stage ${stage.name} is in ${stage.account}: name another profile with --profile.`,
    );
  }
  if (!outputs.has('SetApiKey')) {
    throw new StartError(`The stack ${name} is not an extension of this template's: name another one with --stack.`);
  }
  if (stage !== undefined && its !== undefined && its !== stage.name) {
    throw new StartError(`The stack ${name} is the stage ${its}, and not ${stage.name}: name it with --stage ${its}.`);
  }
  // CloudFormation shows what is not ASCII as question marks; the emulator shows nothing.
  const shown = (text: string) => text.replaceAll(/[^ -~]|\?/g, '');
  if (description && shown(description) !== shown(stackDescription(extension.name))) {
    throw new StartError(
      `The stack ${name} is not that of ${extension.name}, but says: ${description} Name another one with --stack, or run npm run deploy if the extension was renamed.`,
    );
  }
}
