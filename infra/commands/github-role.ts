// npm run github-role: deploys a role that one environment of one GitHub repository may take, so that no key is stored there.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const help = `Makes a role in this AWS account that the workflows in .github/workflows take, without a key.

  npm run github-role -- --repository owner/name --environment production
  npm run github-role -- --repository owner/name --environment diff --diff

  --repository owner/name   the repository on GitHub
  --environment name        the environment of that repository whose jobs may take the role
  --diff                    a role that may look at stacks, and change none
  --has-provider            the account knows GitHub already: it can hold one provider for an issuer

It needs the CDK's bootstrap in the region (npm run bootstrap), and prints the role's name for the repository's variables.`;

function options() {
  const { values } = parseArgs({
    options: {
      repository: { type: 'string', default: '' },
      environment: { type: 'string', default: '' },
      diff: { type: 'boolean', default: false },
      'has-provider': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return values;
}

function refuse(sentence: string): never {
  console.error(sentence);
  process.exit(1);
}

let given: ReturnType<typeof options>;
try {
  given = options();
} catch (error) {
  refuse(`${(error as Error).message.split('. ')[0]}. See npm run github-role -- --help.`);
}
if (given.help) {
  console.log(help);
  process.exit(0);
}
const { repository, environment } = given;
// What goes into the trust of a role: no wildcard.
if (!/^[\w.-]+\/[\w.-]+$/.test(repository)) refuse('--repository must be owner/name, as on GitHub.');
if (!/^[\w .-]{1,255}$/.test(environment))
  refuse('--environment must be the name of an environment of the repository.');
if (!process.env.AWS_REGION) refuse('Set AWS_REGION to the region that the extension is deployed to.');

const purpose = given.diff ? 'diff' : 'deploy';
const stackName = `github-${purpose}-${repository}-${environment}`.replaceAll(/[^A-Za-z0-9-]+/g, '-').slice(0, 128);
const context = { repository, environment, purpose, stackName, hasProvider: String(given['has-provider']) };
const cli = fileURLToPath(new URL('../../node_modules/aws-cdk/bin/cdk', import.meta.url));
const { status } = spawnSync(
  process.execPath,
  [
    cli,
    'deploy',
    '--app',
    'node infra/github-role.ts',
    '--output',
    'cdk.out/github-role',
    ...Object.entries(context).flatMap(([name, value]) => ['--context', `${name}=${value}`]),
  ],
  { stdio: 'inherit' },
);
process.exit(status ?? 1);
