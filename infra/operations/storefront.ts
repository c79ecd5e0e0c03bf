// npm run storefront: which calls of a storefront the platform forwards to this extension.
import * as v from 'valibot';
import { storefrontPathMessage } from '../../shared/background/messages.ts';
import { storefrontPathPattern } from '../../shared/background/storefront-paths.ts';
import { WorkQueue } from '../../shared/store/work-queue.ts';
import { applicationId, companyId, companyTenant } from '../../shared/tenant.ts';
import { runOnce } from '../commands/run-once.ts';
import { loadExtension } from '../load-extension.ts';
import { StartError } from '../local/host/start-error.ts';
import { whichData, withData } from './open-data.ts';
import { readArguments } from './read-arguments.ts';

const usage = `npm run storefront -- register | remove COMPANY APPLICATION PATH [options]

Has the platform forward {storefront}/ext/PATH/… to this extension, or no longer. Registering again does no harm.

COMPANY, APPLICATION   ids of the company and of its sales channel
PATH                   one segment of letters, digits, - and _, such as wishlist
--local                by the extension that runs on this machine, instead of the deployed one
--stack NAME, --region REGION, --profile PROFILE
--json                 prints what was asked for

The worker does it, which alone opens the company's token: its log says what the platform answered.`;

const tasks = ['register', 'remove'] as const;

await runOnce(async () => {
  const { values: options, positionals } = readArguments(usage, {
    ...whichData,
    help: { type: 'boolean', short: 'h', default: false },
    json: { type: 'boolean', default: false },
  });
  if (options.help) return usage;
  const [given, company = '', application = '', path = '', ...more] = positionals;
  const task = tasks.find((each) => each === given);
  if (task === undefined || more.length > 0) throw new StartError(usage);
  if (!v.is(companyId, company)) throw new StartError('COMPANY must be a company id: 1 to 18 digits.');
  if (!v.is(applicationId, application)) throw new StartError('APPLICATION must be 24 hexadecimal digits.');
  if (!storefrontPathPattern.test(path)) throw new StartError('PATH must be one segment, such as wishlist.');
  const extension = await loadExtension();
  if (extension.accessMode === 'online')
    throw new StartError('In online mode there is no token of the company to do it with.');
  const where = await withData(options, extension, 'Nothing was asked for.', async (data) => {
    const message = storefrontPathMessage({ tenant: companyTenant(company), task, application, path });
    await new WorkQueue(data.sqs, data.workQueueUrl).send([message]);
    return data.where;
  });
  if (options.json) return JSON.stringify({ task, company, application, path }, undefined, 2);
  return `The worker of ${where} was asked to ${task} /ext/${path}. Its log says what the platform answered.`;
});
