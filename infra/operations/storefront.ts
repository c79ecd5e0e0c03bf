// npm run storefront: which calls of a storefront the platform forwards to this extension.
import * as v from 'valibot';
import { storefrontPathMessage } from '../../shared/background/messages.ts';
import { storefrontPathPattern } from '../../shared/background/storefront-paths.ts';
import { WorkQueue } from '../../shared/store/work-queue.ts';
import { applicationId, companyId, companyTenant } from '../../shared/tenant.ts';
import { runCommand, usageError } from '../commands/run-command.ts';
import { selectExtension, whichExtension, whichUsage } from '../commands/select-extension.ts';
import { StartError } from '../local/host/start-error.ts';
import { withData } from './open-data.ts';

const usage = `npm run storefront -- register | remove COMPANY APPLICATION PATH [options]

Has the platform forward {storefront}/ext/PATH/… to this extension, or no longer. Registering again does no harm.

  COMPANY, APPLICATION  ids of the company and of its sales channel
  PATH                  one segment of letters, digits, - and _, such as wishlist

The worker does it, which alone opens the company's token: its log says what the platform answered.

${whichUsage}`;

const tasks = ['register', 'remove'] as const;

await runCommand({ usage, options: whichExtension, mostArguments: 4 }, async ({ values, positionals }) => {
  const [given, company = '', application = '', path = ''] = positionals;
  const task = tasks.find((each) => each === given);
  if (task === undefined) throw usageError(usage, 'Say register or remove.');
  if (!v.is(companyId, company)) throw new StartError('COMPANY must be a company id: 1 to 18 digits.');
  if (!v.is(applicationId, application)) throw new StartError('APPLICATION must be 24 hexadecimal digits.');
  if (!storefrontPathPattern.test(path)) throw new StartError('PATH must be one segment, such as wishlist.');
  const selected = await selectExtension(values);
  const { extension, where } = selected;
  if (extension.accessMode === 'online') {
    throw new StartError('In online mode there is no token of the company to do it with.');
  }
  await withData(selected, 'Nothing was asked for.', async (data) => {
    const message = storefrontPathMessage({ tenant: companyTenant(company), task, application, path });
    await new WorkQueue(data.sqs, data.workQueueUrl).send([message]);
  });
  return {
    data: { task, company, application, path },
    text: `The worker of ${where} was asked to ${task} /ext/${path}. Its log says what the platform answered.`,
  };
});
