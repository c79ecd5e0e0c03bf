// The CDK CLI for `npm run deploy`, `diff`, `destroy` and `bootstrap`, after asking what it would find out late, say at
// length or, for the region, decide by itself.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { awsClientOptions } from '../../shared/aws-client-options.ts';
import { ConfigurationError } from '../../shared/config.ts';
import { loadExtension } from '../load-extension.ts';

const [command = '', ...rest] = process.argv.slice(2);
const { values } = parseArgs({
  args: rest,
  strict: false,
  options: { profile: { type: 'string' }, context: { type: 'string', short: 'c', multiple: true } },
});

/** Why the command cannot work, in one sentence; undefined where nothing is known against it. */
async function objection(): Promise<string | undefined> {
  try {
    await loadExtension();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  const configured = context('region');
  const asked = process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION;
  if (configured && asked && configured !== asked) {
    return `The configuration names the region ${configured} (context "region", cdk.json), the environment ${asked}: change one of them.`;
  }
  const profile = typeof values.profile === 'string' ? values.profile : process.env.AWS_PROFILE;
  const named = configured || asked;
  const ssm = new SSMClient({
    ...(profile && { profile }),
    ...(named && { region: named }),
    ...awsClientOptions({ requestTimeoutMs: 5_000 }),
  });
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
    return 'No AWS credentials can be used: sign in (aws sso login, aws configure), or name a profile with AWS_PROFILE or --profile.';
  }
  const qualifier = context('@aws-cdk/core:bootstrapQualifier') ?? 'hnb659fds';
  try {
    await ssm.send(new GetParameterCommand({ Name: `/cdk-bootstrap/${qualifier}/version` }));
  } catch (error) {
    return refusal(error as Error & { code?: string }, region);
  }
  return undefined;
}

/** Only what is certain; with all else, a missing permission above all, the CLI itself may get further. */
function refusal(error: Error & { code?: string }, region: string): string | undefined {
  if (error.name === 'ParameterNotFound') {
    return command === 'bootstrap'
      ? undefined
      : `The CDK has not been set up in ${region} of this account: run "npm run bootstrap" once, or name the region that you mean in AWS_REGION.`;
  }
  if (/UnrecognizedClient|InvalidClientTokenId|InvalidSignature|ExpiredToken|InvalidToken/.test(error.name)) {
    return `AWS does not accept the credentials (${error.name}): sign in again.`;
  }
  if (/^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT)$/.test(error.code ?? '') || /valid hostname/.test(error.message)) {
    return `AWS cannot be reached in ${region}: there is no such region, or this machine is offline.`;
  }
  return undefined;
}

function context(name: string): string | undefined {
  const given = (values.context as string[] | undefined)?.findLast((text) => text.startsWith(`${name}=`));
  if (given !== undefined) return given.slice(name.length + 1);
  const file = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context?: Record<string, unknown> };
  const value = file.context?.[name];
  return typeof value === 'string' ? value : undefined;
}

const sentence = values.help || values.h ? undefined : await objection();
if (sentence !== undefined) {
  console.error(sentence);
  process.exit(1);
}
const cli = fileURLToPath(new URL('../../node_modules/aws-cdk/bin/cdk', import.meta.url));
const child = spawn(process.execPath, [cli, command, ...rest], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1)));
