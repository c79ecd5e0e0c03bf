import { installationsTable } from '../../../shared/contract.ts';
import { OfflineGrants } from '../../../shared/store/offline-grants.ts';
import { companyOf } from '../../../shared/tenant.ts';
import { questionsAbout } from '../../questions.ts';
import { countMessages } from '../redrive-messages.ts';
import { readRows } from '../webhooks/ask-worker.ts';
import { type Check, type Examined, judged, lasting, ok, unknown } from './examined.ts';

/** As many companies of each partition of the listing: what blocks subscribers blocks those of many. */
const sampledCompanies = 100;

/** Queues, events, and what rows say of the companies' subscribers. */
export const storedChecks: readonly Check[] = [
  {
    name: 'dead letters',
    remedy: 'find the cause in the worker’s log (npm run logs), mend it, then npm run redrive',
    run: async ({ data, account }) => {
      const received = /--from (\S+)/.exec(account?.stack.outputs.get('RedriveReceivedEvents') ?? '')?.[1];
      const urls = [data.deadLettersUrl, received].filter((url) => url !== undefined);
      const counts = await Promise.all(urls.map((url) => countMessages(data.sqs, url)));
      const count = counts.reduce((sum, each) => sum + each, 0);
      return judged(
        count === 0 ? [] : [`${count} ${count === 1 ? 'message' : 'messages'} failed for good`],
        'none: nothing has failed for good',
      );
    },
  },
  {
    name: 'events',
    remedy: 'correct the event in extension.config.ts, or name it under unlisted',
    run: async ({ extension }) => {
      const questions = questionsAbout(extension, 'extension.config.ts').filter((question) => /\bevent/.test(question));
      if (questions.length > 0) return unknown(questions.join(' '), 'if the platform refuses it, correct its name');
      const count = extension.events.length;
      return ok(count === 0 ? 'the configuration names none' : `all ${count} are known`);
    },
  },
  {
    name: 'subscribers',
    remedy: 'mend what deliveries fail of, then npm run webhooks -- activate',
    run: async ({ extension, data, nowMs }) => {
      if (extension.events.length === 0) return ok('there are none, since there are no events');
      const companies = await sampleCompanies(data);
      if (companies.length === 0) return ok('there are none, since no company is installed');
      const rows = (await readRows(data, companies)).filter(({ status }) => status === 'installed');
      const seen = rows.flatMap(({ company, subscriber }) => (subscriber ? [{ company, ...subscriber }] : []));
      const bad = seen.filter(({ state }) => state !== 'active');
      if (bad.length > 0) {
        const some = bad.slice(0, 5).map(({ company, state, problem, seenAtMs }) => {
          return `company ${company}: ${problem ?? state} (seen ${lasting(nowMs() - seenAtMs)} ago)`;
        });
        return judged([`${bad.length} of ${rows.length} do not deliver: ${some.join(', ')}`], '');
      }
      const unseen = rows.length - seen.length;
      const well = `${seen.length} of ${rows.length} deliver, by the last look`;
      return unseen > 0 && seen.length === 0
        ? unknown(
            `nobody has looked at any of ${rows.length} yet: the sweep does, each day`,
            'npm run webhooks -- status looks now',
          )
        : ok(well);
    },
  },
];

async function sampleCompanies({ documents, tables: names }: Examined['data']): Promise<string[]> {
  const grants = new OfflineGrants(documents, names.installations);
  const pages = await Promise.all(
    Array.from({ length: installationsTable.listing.partitions }, (_, partition) =>
      grants.listInstalled(partition, undefined, sampledCompanies),
    ),
  );
  return pages.flatMap(({ tenants }) => tenants.map(companyOf));
}
