// npm run base-url: tells the platform where the extension is, in place of the partner panel's field.
import { ask } from '../commands/ask.ts';
import { readExtensionDetails, registerBaseUrl } from '../commands/extension-details.ts';
import { runCommand } from '../commands/run-command.ts';
import { selectExtension, whichExtension, whichUsage } from '../commands/select-extension.ts';
import { readRegistered } from './registered-extension.ts';

const usage = `npm run base-url [-- options]

Registers the address of the extension as its base URL with the platform. Shows the one that is registered and asks first.

  --yes            does not ask
${whichUsage}`;

const options = { ...whichExtension, yes: { type: 'boolean', default: false } } as const;

await runCommand({ usage, options }, async ({ values }) => {
  const registered = await readRegistered(await selectExtension(values));
  const { baseUrl, cluster } = registered;
  const { baseUrl: before } = await readExtensionDetails(registered);
  const outcome = (isChanged: boolean, text: string) => ({
    data: { cluster, baseUrl, before: before ?? null, changed: isChanged },
    text,
  });
  if (before === baseUrl) return outcome(false, `The platform at ${cluster} has the base URL ${baseUrl} already.`);
  if (
    !values.yes &&
    !(await isAgreed(`Registered at ${cluster}: ${before ?? 'nothing'}\nServing now:  ${baseUrl}\n`))
  ) {
    process.exitCode = 1;
    return outcome(false, 'Nothing was changed.');
  }
  await registerBaseUrl(registered, baseUrl);
  return outcome(
    true,
    `The platform at ${cluster} opens the extension at ${baseUrl} now. Before: ${before ?? 'nothing'}.`,
  );
});

async function isAgreed(shown: string): Promise<boolean> {
  const answer = await ask(
    `${shown}People who open the extension get there. Change it? [y/N] `,
    'Nothing was changed: without a terminal to ask in, say --yes.',
  );
  return /^y(es)?$/i.test(answer);
}
