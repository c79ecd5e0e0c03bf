// npm run doctor: finds what keeps an extension from working, and says how each finding is mended.
import { readExtensionDetails } from '../commands/extension-details.ts';
import { runCommand } from '../commands/run-command.ts';
import { selectExtension, whichExtension, whichUsage } from '../commands/select-extension.ts';
import { StartError } from '../local/host/start-error.ts';
import { type Check, checks, type Examined, type Finding } from './doctor/checks.ts';
import { type RegisteredExtension, readRegistered } from './registered-extension.ts';

const usage = `npm run doctor [-- options]

Looks at an extension that serves: its API key and secret, scopes and base URL as the platform has them, the clock, and
whether its addresses answer as they should. Changes nothing. Status 1 where something is wrong.

${whichUsage}`;

const patienceMs = 15_000;

await runCommand({ usage, options: whichExtension }, async ({ values }) => {
  const registered = await readRegistered(await selectExtension(values));
  const examined = examine(registered);
  const findings = await Promise.all(
    checks.map(async (check) => ({ name: check.name, ...(await judge(check, examined)) })),
  );
  const wrong = findings.filter(({ result }) => result === 'wrong').length;
  if (wrong > 0) process.exitCode = 1;
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.flatMap(({ name, result, says, remedy }) => [
    `  ${result.padEnd(7)}  ${name.padEnd(width)}  ${says}`,
    ...(remedy === undefined ? [] : [`  ${' '.repeat(7 + 2 + width)}  → ${remedy}`]),
  ]);
  const summary =
    wrong === 0 ? 'Nothing is wrong.' : wrong === 1 ? 'One thing is wrong.' : `${wrong} things are wrong.`;
  return {
    data: { extension: registered.name, findings },
    text: [registered.name, ...lines, summary].join('\n'),
  };
});

function examine(registered: RegisteredExtension): Examined {
  let details: ReturnType<Examined['details']> | undefined;
  // One that serves on this machine may speak TLS with a certificate that nobody else vouches for.
  const origin = registered.baseUrl.replace(/^https:\/\/localhost(?=:|$)/, 'http://localhost');
  return {
    ...registered,
    nowMs: Date.now,
    details: () => (details ??= readExtensionDetails(registered)),
    ask: (path) =>
      fetch(origin + path, { redirect: 'manual', signal: AbortSignal.timeout(patienceMs) }).catch((cause: unknown) => {
        throw new StartError(`${registered.baseUrl} cannot be reached`, { cause });
      }),
  };
}

async function judge({ run, remedy }: Check, examined: Examined): Promise<Finding> {
  const finding = await run(examined).catch((error: unknown): Finding => {
    if (error instanceof StartError) return { result: 'wrong', says: error.message.replace(/\.$/, '') };
    throw error;
  });
  return finding.result === 'wrong' ? { remedy, ...finding } : finding;
}
