// npm run webhooks: how companies' subscribers are at the platform, and what brings them back after it blocked one.
import * as v from 'valibot';
import { companyId } from '../../shared/tenant.ts';
import { runCommand, usageError } from '../commands/run-command.ts';
import { selectExtension, whichExtension, whichUsage } from '../commands/select-extension.ts';
import { StartError } from '../local/host/start-error.ts';
import { withData } from './open-data.ts';
import { askWorker, listCompanies, type SubscriberAnswer } from './webhooks/ask-worker.ts';

const usage = `npm run webhooks -- status | activate | resync [COMPANY …] [options]

Events come through a subscriber that the platform has for each company. It blocks one whose deliveries failed for
48 hours or 20 times, and sends what it held back once the subscriber is active again.

  status      asks the platform how the subscribers are
  activate    registers those again that are not active
  resync      registers all of them again, as extension.config.ts says

  COMPANY     ids of companies. Default: every company that is installed
  --wait N    how many seconds to wait for answers. Default: 60

${whichUsage}

Status 0: all are active. 2: some are not, or nobody knows. 1: nothing could be asked.`;

const tasks = ['status', 'activate', 'resync'] as const;
const words: Readonly<Record<SubscriberAnswer['state'], string>> = {
  active: 'active',
  blocked: 'blocked: once deliveries work again, npm run webhooks -- activate',
  missing: 'missing at the platform: npm run webhooks -- activate',
  problem: 'not known',
  not_installed: 'not installed, or its grant does not work: nothing was asked',
  unanswered: 'not answered yet: the worker is busy, or fails (see its log)',
};

const options = { ...whichExtension, wait: { type: 'string', default: '60' } } as const;

await runCommand({ usage, options, mostArguments: Infinity }, async ({ values, positionals }) => {
  const [given, ...companies] = positionals;
  const task = tasks.find((each) => each === given);
  if (task === undefined) throw usageError(usage, 'Say status, activate or resync.');
  const waitMs = Number(values.wait) * 1_000;
  if (!(waitMs >= 0)) throw new StartError('--wait is a number of seconds.');
  const wrong = companies.find((company) => !v.is(companyId, company));
  if (wrong !== undefined) throw new StartError(`${JSON.stringify(wrong)} is no company id: 1 to 18 digits.`);
  const selected = await selectExtension(values);
  if (selected.extension.events.length === 0)
    throw new StartError('The configuration names no events, so that there are no subscribers.');
  const answers = await withData(selected, 'What was asked may still be done.', async (data) => {
    const asked = companies.length > 0 ? [...new Set(companies)] : await listCompanies(data);
    return await askWorker(data, task, asked, { waitMs, onProgress: progress(asked.length) });
  });
  if (answers.some(({ state }) => state !== 'active')) process.exitCode = 2;
  const width = Math.max(...answers.map(({ company }) => company.length));
  const lines = answers.map(({ company, state, problem }) => `${company.padStart(width)}  ${problem ?? words[state]}`);
  return { data: answers, text: lines.join('\n') || 'No company is installed.' };
});

/** Only for who looks on: a pipe gets the answers alone. */
function progress(total: number): (answered: number) => void {
  let last = -1;
  return (answered) => {
    if (!process.stderr.isTTY || answered === last || answered === total) return;
    last = answered;
    console.error(`${answered} of ${total} answered …`);
  };
}
