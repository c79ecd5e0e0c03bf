// npm run github-role: deploys a role that one environment of one GitHub repository may take, so that no key is stored there.
import { awsClientOptions } from '../../shared/aws-client-options.ts';
import { StartError } from '../local/host/start-error.ts';
import { contextOf, useProfile } from './aws-access.ts';
import { findAccess } from './find-access.ts';
import { bootstrapObjection, runCdk } from './run-cdk.ts';
import { runCommand } from './run-command.ts';

const usage = `npm run github-role -- --repository owner/name --environment production
npm run github-role -- --repository owner/name --environment diff --diff

Makes a role in this AWS account that the workflows in .github/workflows take, without a key.

  --repository owner/name  the repository on GitHub
  --environment name       the environment of that repository whose jobs may take the role
  --diff                   a role that may look at stacks, and change none
  --has-provider           the account knows GitHub already: it can hold one provider for an issuer
  --region REGION          where the extension is deployed. Default: that of cdk.json, or AWS_REGION
  --profile NAME           with the credentials of this profile
  --json                   prints JSON after what the CDK says

It needs the CDK's bootstrap in the region (npm run bootstrap), and prints the role's name for the repository's variables.`;

const options = {
  repository: { type: 'string', default: '' },
  environment: { type: 'string', default: '' },
  diff: { type: 'boolean', default: false },
  'has-provider': { type: 'boolean', default: false },
  region: { type: 'string' },
  profile: { type: 'string' },
} as const;

await runCommand({ usage, options }, async ({ values }) => {
  const { repository, environment } = values;
  // What goes into the trust of a role: no wildcard.
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository)) throw new StartError('--repository must be owner/name, as on GitHub.');
  if (!/^[\w .-]{1,255}$/.test(environment)) {
    throw new StartError('--environment must be the name of an environment of the repository.');
  }
  if (values.profile) useProfile(values.profile);
  const region = await findAccess(values.region);
  process.env['AWS_REGION'] = region;
  const qualifier = contextOf('@aws-cdk/core:bootstrapQualifier') ?? 'hnb659fds';
  const objection = await bootstrapObjection(region, qualifier, awsClientOptions({ requestTimeoutMs: 5_000 }));
  if (objection !== undefined) throw new StartError(objection);
  const purpose = values.diff ? 'diff' : 'deploy';
  const name = `github-${purpose}-${repository}-${environment}`.replaceAll(/[^A-Za-z0-9-]+/g, '-').slice(0, 128);
  const context = { repository, environment, purpose, stackName: name, hasProvider: String(values['has-provider']) };
  process.exitCode = await runCdk([
    'deploy',
    '--app',
    'node infra/github-role.ts',
    '--output',
    'cdk.out/github-role',
    ...Object.entries(context).flatMap(([key, value]) => ['--context', `${key}=${value}`]),
  ]);
  return { data: { stack: name, region, deployed: process.exitCode === 0 }, text: undefined };
});
