// npm run base-url: tells the platform where the extension is, in place of the partner panel's field.
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { StartError } from '../local/host/start-error.ts';
import { readExtensionDetails, registerBaseUrl } from './extension-details.ts';
import { findRegisteredExtension, whichExtension, whichUsage } from './registered-extension.ts';
import { runOnce } from './run-once.ts';

const usage = `npm run base-url [-- [--yes] [--local] [--stack NAME] [--region REGION] [--profile PROFILE]]

Registers the address of the extension as its base URL with the platform. Shows the one that is registered and asks
first; --yes does not ask.
${whichUsage}`;

await runOnce(async () => {
  const options = readArguments();
  if (options.help) return usage;
  const registered = await findRegisteredExtension(options);
  const { baseUrl, cluster } = registered;
  const { baseUrl: before } = await readExtensionDetails(registered);
  if (before === baseUrl) return `The platform at ${cluster} has the base URL ${baseUrl} already.`;
  console.log(`Registered at ${cluster}: ${before ?? 'nothing'}\nServing now:  ${baseUrl}`);
  if (!options.yes && !(await isAgreed())) return 'Nothing was changed.';
  await registerBaseUrl(registered, baseUrl);
  return `The platform at ${cluster} opens the extension at ${baseUrl} now. Before: ${before ?? 'nothing'}.`;
});

async function isAgreed(): Promise<boolean> {
  if (!process.stdin.isTTY) throw new StartError('Nothing was changed: without a terminal to ask in, say --yes.');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  const answer = await Promise.race([
    terminal.question('People who open the extension get there. Change it? [y/N] '),
    ended,
  ]);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        ...whichExtension,
        yes: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return values;
  } catch {
    throw new StartError(usage);
  }
}
