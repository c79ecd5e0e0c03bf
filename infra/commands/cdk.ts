// The CDK CLI for `npm run deploy`, `diff`, `destroy`, `bootstrap` and `synth`, after asking what it would find out late, say at
// length or, for the region, decide by itself.
import { parseArgs } from 'node:util';
import { SSMClient } from '@aws-sdk/client-ssm';
import { awsClientOptions } from '../../shared/aws-client-options.ts';
import { ConfigurationError, type Extension } from '../../shared/config.ts';
import { variableOf } from '../../shared/own-variables.ts';
import { firewallRegion } from '../firewall-region.ts';
import { loadExtension } from '../load-extension.ts';
import { stackName } from '../stack-name.ts';
import { baseUrlOf } from '../stage.ts';
import { contextOf, noCredentials, useProfile } from './aws-access.ts';
import { cdkHelp } from './cdk-help.ts';
import { chooseStage, missingStage } from './choose-stage.ts';
import { bootstrapObjection, runCdk } from './run-cdk.ts';
import { accountObjection, stackObjection } from './stage-objections.ts';

const [command = '', ...given] = process.argv.slice(2);
const { values, tokens } = parseArgs({
  args: given,
  strict: false,
  tokens: true,
  options: {
    stage: { type: 'string' },
    profile: { type: 'string' },
    context: { type: 'string', short: 'c', multiple: true },
  },
});
/** All but `--stage`, which is not the CDK's. */
const rest = given.filter(
  (_, index) =>
    !tokens.some(
      (token) =>
        token.kind === 'option' &&
        token.name === 'stage' &&
        (index === token.index || (index === token.index + 1 && token.inlineValue === false)),
    ),
);
/** What is only looked at here needs no account. */
const isOnlySynthesized = command === 'synth';

let extension: Extension | undefined;

/** Why the command cannot work, in one sentence; undefined where nothing is known against it. */
async function objection(): Promise<string | undefined> {
  if (typeof values.stage === 'boolean') return '--stage is without a name, such as --stage prod.';
  chooseStage(values.stage);
  let name: string;
  try {
    extension = await loadExtension();
    const missing = isOnlySynthesized ? undefined : missingStage(extension);
    if (missing !== undefined) return missing;
    name = stackName(extension, context('stackName'));
    baseUrlOf(extension, context('EXTENSION_BASE_URL') ?? process.env.EXTENSION_BASE_URL);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  if (isOnlySynthesized) return undefined;
  const { stage } = extension;
  const configured = context('region');
  const asked = process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION;
  for (const [place, region] of [
    ['the context "region" (cdk.json)', configured],
    ['the environment', asked],
  ] as const) {
    if (stage?.region === undefined || !region || region === stage.region) continue;
    return `The stage ${stage.name} is in ${stage.region}, ${place} names ${region}: take it out there, or change stages.${stage.name}.region.`;
  }
  if (configured && asked && configured !== asked) {
    return `The configuration names the region ${configured} (context "region", cdk.json), the environment ${asked}: change one of them.`;
  }
  const profile = typeof values.profile === 'string' ? values.profile : process.env.AWS_PROFILE;
  const named = stage?.region || configured || asked;
  const options = { ...(profile && { profile }), ...awsClientOptions({ requestTimeoutMs: 5_000 }) };
  const ssm = new SSMClient({ ...options, ...(named && { region: named }) });
  const region = await ssm.config.region().catch(() => undefined);
  // The CLI would take us-east-1, and a second deployment from another shell would make a second, empty extension.
  if (!region) {
    if (named) return `${named} is not a region of AWS.`;
    return 'No region is named: set AWS_REGION, or "region" in the context in cdk.json, so that every deployment meets the same one.';
  }
  process.env.AWS_REGION = region;
  try {
    await ssm.config.credentials();
  } catch {
    return noCredentials;
  }
  const inAccount = await accountObjection(extension, { ...options, region });
  if (inAccount !== undefined) return inAccount;
  const qualifier = context('@aws-cdk/core:bootstrapQualifier') ?? 'hnb659fds';
  for (const each of new Set([region, ...(extension.edge ? [firewallRegion] : [])])) {
    const missing = await bootstrapObjection(each, qualifier, options, command === 'bootstrap');
    if (missing !== undefined) return missing;
  }
  if (command !== 'deploy' && command !== 'destroy') return undefined;
  return await stackObjection(command, name, extension, { ...options, region });
}

/** With `edge` there are two stacks, and the CLI would ask which one is meant. */
function bothStacks(): string[] {
  const wantsNames = command === 'deploy' || command === 'destroy';
  const hasNames = rest.some((argument) => ['--all', 'Extension', 'Firewall'].includes(argument));
  return extension?.edge && wantsNames && !hasNames ? ['--all'] : [];
}

function context(name: string): string | undefined {
  const given = (values.context as string[] | undefined)?.findLast((text) => text.startsWith(`${name}=`));
  return given === undefined ? contextOf(name) : given.slice(name.length + 1);
}

if (values.help || values.h) {
  console.log(cdkHelp(command));
  process.exit(0);
}
if (typeof values.profile === 'string') useProfile(values.profile);
const sentence = await objection();
if (sentence !== undefined) {
  console.error(sentence);
  process.exit(1);
}
process.exitCode = await runCdk([command, ...rest, ...bothStacks()]);
if (command === 'deploy' && process.exitCode === 0 && extension !== undefined) console.log(nextSteps(extension));

/** What the author's settings are in this deployment, and where secrets go. */
function nextSteps({ stage, settings, secrets, alarms }: Extension): string {
  const said = Object.entries(settings).map(([name, value]) => {
    const variable = variableOf(name);
    return `${name} = ${JSON.stringify(value)}${process.env[variable]?.trim() ? ` (from ${variable})` : ''}`;
  });
  const names = ['apiKey', 'apiSecret', ...Object.keys(secrets)].join(', ');
  const told = [alarms.email, alarms.topic].filter((each) => each !== undefined).join(', ');
  return [
    ...(said.length > 0 ? [`\nSettings: ${said.join(', ')}`] : []),
    `\nSecrets:  ${names}. Store them with npm run configure${stage === undefined ? '' : ` -- --stage ${stage.name}`}.`,
    `\nAlarms:   ${told === '' ? 'they tell nobody. Name an address in extension.config.ts: alarms: { email }.' : `they tell ${told}. Who gets the first e-mail must confirm it once.`}`,
  ].join('\n');
}
