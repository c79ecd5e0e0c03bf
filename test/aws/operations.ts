import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../infra/emulator/child.ts';
import type { Emulator } from '../../infra/emulator/emulator.ts';
import { check } from '../../infra/emulator/failure.ts';
import { resolvesLocalhost } from '../../infra/emulator/resolve-localhost.ts';
import type { World } from '../start-world.ts';
import type { Resources } from './check-resources.ts';

export const apiSecret = 'CANARY-api-secret';
/** The company of the deployed extension's sign-ins before an update: survival.ts. */
const company = '60';

/** What the doctor cannot say of a stack in the emulator, with why. */
const notSaid: Readonly<Record<string, RegExp>> = {
  paths: /AWS decodes it, the emulator does not/,
  alarms: /they tell nobody/,
  subscribers: /nobody has looked/,
};

interface Finding {
  readonly name: string;
  readonly result: 'ok' | 'wrong' | 'unknown';
  readonly says: string;
}

/** Whoever operates the deployed extension, with the commands of package.json. */
export class Operator {
  readonly #emulator: Emulator;
  readonly #world: World;
  /** All that the commands printed. */
  said = '';

  constructor(emulator: Emulator, world: World) {
    this.#emulator = emulator;
    this.#world = world;
  }

  async run(
    command: string,
    programArguments: readonly string[] = [],
    changes: Readonly<Record<string, string>> = {},
  ): Promise<{ status: number; output: string }> {
    const finished = await run('npm', ['run', '--silent', command, '--', ...programArguments], {
      env: {
        ...this.#emulator.environment,
        FP_API_DOMAIN: this.#world.platformUrl,
        EXTENSION_BASE_URL: this.#world.baseUrl,
        NODE_OPTIONS: resolvesLocalhost,
        ...changes,
      },
    });
    this.said += finished.output;
    return finished;
  }

  /** @throws {Failure} where it ends with another status. */
  async succeed(command: string, programArguments: readonly string[], expected = 0): Promise<string> {
    const { status, output } = await this.run(command, programArguments);
    check(status === expected, `npm run ${command} ended with status ${status}.`, output);
    return output;
  }
}

/** Key and secret, as somebody stores them who gets it wrong first. */
export async function configure(operator: Operator, apiKey: string): Promise<void> {
  const attempt = async (EXTENSION_API_KEY: string, EXTENSION_API_SECRET: string, status: number, says: RegExp) => {
    const { status: ended, output } = await operator.run('configure', [], { EXTENSION_API_KEY, EXTENSION_API_SECRET });
    check(ended === status && says.test(output), `npm run configure ended with status ${ended}.`, output);
    check(!output.includes('CANARY'), 'npm run configure printed a secret.');
    console.log(`    ${output.trim().split('\n').join('\n    ')}`);
  };
  await attempt(apiKey, 'CANARY with spaces', 1, /^apiSecret .* Nothing was stored\.\n$/);
  await attempt(apiKey, 'CANARY-of-another-extension', 1, /Nothing was stored/);
  await attempt(apiKey, apiSecret, 0, /apiSecret +stored/);
  await attempt(apiKey, apiSecret, 0, /apiSecret +unchanged/);
}

/** Everything is well but what the emulator cannot do. */
export async function checkHealth(operator: Operator): Promise<void> {
  const findings = await examine(operator, 0);
  for (const { name, result, says } of findings) {
    if (result === 'unknown' && notSaid[name]?.test(says)) console.log(`    not said: ${name}. ${says}`);
    else check(result === 'ok', `The doctor says of ${name}: ${result}, ${says}.`);
  }
  console.log(`    ${findings.filter(({ result }) => result === 'ok').length} findings are well`);
}

/** Breaks what a person could break, and has the doctor find it; then mends it, and has it find nothing. */
export async function breakAndExamine(
  operator: Operator,
  { aws }: Emulator,
  resources: Resources,
  apiKey: string,
): Promise<void> {
  const nameOf = (type: string, start: string) =>
    resources.ofType(type).find(([name]) => name.startsWith(start))?.[1] ?? '';
  const TableName = nameOf('AWS::DynamoDB::GlobalTable', 'UserCache');
  const RoleName = nameOf('AWS::IAM::Role', 'PlatformProxy');
  const SecretId = nameOf('AWS::SecretsManager::Secret', 'SecretsApiSecret');
  const QueueUrl = nameOf('AWS::SQS::Queue', 'WorkQueueDeadLetters');
  const expire = (Enabled: boolean) =>
    aws.ask('dynamodb', 'UpdateTimeToLive', {
      TableName,
      TimeToLiveSpecification: { Enabled, AttributeName: 'expiresAt' },
    });
  const widened = { RoleName, PolicyName: 'AddedByHand' };
  await expire(false);
  await aws.ask('iam', 'PutRolePolicy', {
    ...widened,
    PolicyDocument: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'dynamodb:Get*', Resource: '*' }],
    }),
  });
  await aws.ask('secretsmanager', 'PutSecretValue', { SecretId, SecretString: 'CANARY-of-another-extension' });
  await aws.ask('sqs', 'SendMessage', {
    QueueUrl,
    MessageBody: '{}',
    MessageGroupId: 'by hand',
    MessageDeduplicationId: 'by hand',
  });
  const wrong = (await examine(operator, 1)).filter(({ result }) => result === 'wrong');
  for (const { name, says } of wrong) console.log(`    found: ${name}. ${says}`);
  const found = wrong.map(({ name }) => name).toSorted();
  const broken = ['IAM fence', 'dead letters', 'key and secret', 'time to live'];
  check(JSON.stringify(found) === JSON.stringify(broken), `The doctor found ${found.join(', ') || 'nothing'}.`);

  await expire(true);
  await aws.ask('iam', 'DeleteRolePolicy', widened);
  await aws.ask('sqs', 'PurgeQueue', { QueueUrl });
  await configureAgain(operator, apiKey);
  await checkHealth(operator);
}

/** What operators look at, and what they would take over. */
export async function lookAround(operator: Operator, directory: string): Promise<void> {
  const list = await operator.succeed('companies', ['list', '--json']);
  check(list.includes(company), 'npm run companies -- list does not name who installed.', list);
  const shown = await operator.succeed('companies', ['show', company]);
  check(/installed/.test(shown), 'npm run companies -- show does not say that it is installed.', shown);
  const exported = await operator.succeed('companies', ['export', company]);
  check(exported.trimStart().startsWith('{'), 'npm run companies -- export prints no JSON.', exported);
  const subscribers = await operator.succeed('webhooks', ['status', company, '--json']);
  check(/"state": "active"/.test(subscribers), 'The subscriber is not active.', subscribers);
  const file = join(directory, 'sessions.json');
  await writeFile(file, '{}');
  const { status, output } = await operator.run('migrate', ['--from', 'memory-dump', '--file', file]);
  check(status === 1 && /holds no offline session/.test(output), 'npm run migrate does not say what it found.', output);
}

async function configureAgain(operator: Operator, apiKey: string): Promise<void> {
  const { status, output } = await operator.run('configure', [], {
    EXTENSION_API_KEY: apiKey,
    EXTENSION_API_SECRET: apiSecret,
  });
  check(status === 0, `npm run configure ended with status ${status}.`, output);
}

async function examine(operator: Operator, expected: number): Promise<readonly Finding[]> {
  const output = await operator.succeed('doctor', ['--json'], expected);
  const { findings } = JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1)) as {
    readonly findings: readonly Finding[];
  };
  return findings;
}
