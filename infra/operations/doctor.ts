// npm run doctor: finds what keeps an extension from working, and says how each finding is mended.
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { IAMClient } from '@aws-sdk/client-iam';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { awsClientOptions } from '../../shared/aws-client-options.ts';
import { isLoopback } from '../../shared/config.ts';
import { sentenceOfAws } from '../commands/aws-access.ts';
import { type DeployedStack, listStackResources } from '../commands/deployed-stack.ts';
import { readExtensionDetails } from '../commands/extension-details.ts';
import { runCommand } from '../commands/run-command.ts';
import { type SelectedExtension, selectExtension, whichExtension, whichUsage } from '../commands/select-extension.ts';
import { StartError } from '../local/host/start-error.ts';
import { checksOf } from './doctor/checks.ts';
import { type Account, type Check, type Examined, type Finding, unknown } from './doctor/examined.ts';
import { type OpenData, withData } from './open-data.ts';
import { placeOf, readCredentials } from './registered-extension.ts';

const usage = `npm run doctor [-- options]

Looks at an extension that serves: its API key and secret, scopes and base URL as the platform has them, clocks, whether each
route answers as it should, tables, queues, events and subscribers; on AWS also keys, backups, alarms, and whether IAM keeps
tokens from whoever answers browsers. Changes nothing. Status 1 where something is wrong.

unknown is what nobody says, or what your credentials may not look at: ReadOnlyAccess and secretsmanager:GetSecretValue do.

${whichUsage}`;

const patienceMs = 15_000;

await runCommand({ usage, options: whichExtension }, async ({ values }) => {
  const selected = await selectExtension(values, { whileUpdating: true });
  const { name } = placeOf(selected);
  const findings = await withData(selected, 'Nothing was changed.', async (data) => {
    const examined = examine(selected, data);
    return await Promise.all(
      checksOf(examined).map(async (check) => ({ name: check.name, ...(await judge(check, examined)) })),
    );
  });
  const wrong = findings.filter(({ result }) => result === 'wrong').length;
  if (wrong > 0) process.exitCode = 1;
  const width = Math.max(...findings.map((finding) => finding.name.length));
  const lines = findings.flatMap(({ name: of, result, says, remedy }) => [
    `  ${result.padEnd(7)}  ${of.padEnd(width)}  ${says}`,
    ...(remedy === undefined ? [] : [`  ${' '.repeat(7 + 2 + width)}  → ${remedy}`]),
  ]);
  const summary =
    wrong === 0 ? 'Nothing is wrong.' : wrong === 1 ? 'One thing is wrong.' : `${wrong} things are wrong.`;
  return { data: { extension: name, findings }, text: [name, ...lines, summary].join('\n') };
});

function examine(selected: SelectedExtension, data: OpenData): Examined {
  const { extension, cluster, baseUrl } = placeOf(selected);
  let details: ReturnType<Examined['details']> | undefined;
  // One that serves on this machine may speak TLS with a certificate that nobody else vouches for.
  const origin = baseUrl.replace(/^https:\/\/localhost(?=:|$)/, 'http://localhost');
  return {
    extension,
    cluster,
    baseUrl,
    nowMs: Date.now,
    details: () =>
      (details ??= readCredentials(selected).then((credentials) => readExtensionDetails({ cluster, ...credentials }))),
    ask: (path, request = {}) =>
      fetch(origin + path, {
        ...request,
        // So that whoever reads the log knows who asked.
        headers: { 'user-agent': 'fynd-extension-doctor', ...request.headers },
        redirect: 'manual',
        signal: AbortSignal.timeout(patienceMs),
      }).catch((cause: unknown) => {
        throw new StartError(`${baseUrl} cannot be reached`, { cause });
      }),
    data,
    account: selected.stack && accountOf(selected.stack),
  };
}

function accountOf(stack: DeployedStack): Account {
  const options = { region: stack.region, ...awsClientOptions({ requestTimeoutMs: 10_000, maxAttempts: 6 }) };
  let resources: ReturnType<Account['resources']> | undefined;
  const endpoint = process.env['AWS_ENDPOINT_URL'];
  return {
    stack,
    resources: () => (resources ??= listStackResources(stack)),
    cloudWatch: new CloudWatchClient(options),
    iam: new IAMClient(options),
    lambda: new LambdaClient(options),
    isEmulated: endpoint !== undefined && URL.canParse(endpoint) && isLoopback(new URL(endpoint).hostname),
  };
}

/** A check that cannot be made is none that found something: what AWS refuses, or what nobody expected, is unknown. */
async function judge({ run, remedy }: Check, examined: Examined): Promise<Finding> {
  const finding = await run(examined).catch((error: unknown): Finding => {
    if (error instanceof StartError) return { result: 'wrong', says: error.message.replace(/\.$/, '') };
    const sentence = sentenceOfAws(error) ?? `it could not be looked at (${(error as Error).name})`;
    return unknown(sentence.replace(/\.$/, ''));
  });
  return finding.result === 'wrong' ? { remedy, ...finding } : finding;
}
