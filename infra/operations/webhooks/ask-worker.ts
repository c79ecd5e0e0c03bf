import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import * as v from 'valibot';
import { type SubscriberMessage, subscriberMessage } from '../../../shared/background/messages.ts';
import { installationsTable } from '../../../shared/contract.ts';
import { parseItem, projection, readTogether } from '../../../shared/store/dynamodb.ts';
import { installationKey } from '../../../shared/store/installations.ts';
import { OfflineGrants } from '../../../shared/store/offline-grants.ts';
import { WorkQueue } from '../../../shared/store/work-queue.ts';
import { companyOf, companyTenant, parseTenantKey, type Tenant } from '../../../shared/tenant.ts';
import type { OpenData } from '../open-data.ts';

type Access = Pick<OpenData, 'documents' | 'tables' | 'sqs' | 'workQueueUrl'>;

/** What is known of a company's subscriber. */
export interface SubscriberAnswer {
  readonly company: string;
  /** `unanswered`: the worker has not got to it yet. */
  readonly state: 'active' | 'blocked' | 'missing' | 'problem' | 'not_installed' | 'unanswered';
  /** A sentence, where it is `problem`. */
  readonly problem?: string | undefined;
  /** Epoch milliseconds. */
  readonly seenAtMs?: number;
}

const row = v.object({
  [installationsTable.partitionKey]: v.string(),
  status: v.optional(v.string()),
  subscriber: v.optional(
    v.object({
      state: v.picklist(['active', 'blocked', 'missing', 'problem']),
      problem: v.optional(v.string()),
      request: v.optional(v.string()),
      seenAtMs: v.number(),
    }),
  ),
});

/** As many as DynamoDB reads at once. */
const pageSize = 100;
const pauseMs = 500;

/** The installed companies, in the order of their ids. */
export async function listCompanies({ documents, tables }: Access): Promise<string[]> {
  const grants = new OfflineGrants(documents, tables.installations);
  const companies: string[] = [];
  for (let partition = 0; partition < installationsTable.listing.partitions; partition++) {
    let after: Tenant | undefined;
    do {
      const page = await grants.listInstalled(partition, after, pageSize);
      companies.push(...page.tenants.map(companyOf));
      after = page.isLast ? undefined : page.tenants.at(-1);
    } while (after !== undefined);
  }
  return companies.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/**
 * Has the worker look at these companies' subscribers, or register them again, and waits for what it notes in their rows: it
 * alone opens their tokens. A company without an installation is not asked about.
 */
export async function askWorker(
  access: Access,
  task: SubscriberMessage['task'],
  companies: readonly string[],
  options: { readonly waitMs: number; readonly onProgress: (answered: number) => void },
): Promise<SubscriberAnswer[]> {
  const request = randomUUID();
  const installed = new Set((await readRows(access, companies)).filter(isInstalled).map(({ company }) => company));
  const answers = new Map<string, SubscriberAnswer>(
    companies.map((company) => [company, { company, state: installed.has(company) ? 'unanswered' : 'not_installed' }]),
  );
  await new WorkQueue(access.sqs, access.workQueueUrl).send(
    [...installed].map((company) => subscriberMessage({ tenant: companyTenant(company), task, request }, request)),
  );
  const endsAtMs = Date.now() + options.waitMs;
  for (;;) {
    const open = [...answers.values()].filter(({ state }) => state === 'unanswered').map(({ company }) => company);
    for (const found of await readRows(access, open)) {
      const { company, subscriber } = found;
      if (!isInstalled(found)) answers.set(company, { company, state: 'not_installed' });
      else if (subscriber?.request === request) {
        const { state, problem, seenAtMs } = subscriber;
        answers.set(company, { company, state, problem, seenAtMs });
      }
    }
    const left = [...answers.values()].filter(({ state }) => state === 'unanswered').length;
    options.onProgress(companies.length - left);
    if (left === 0 || Date.now() >= endsAtMs) return [...answers.values()];
    await wait(pauseMs);
  }
}

const isInstalled = ({ status }: { readonly status: string | undefined }) => status === 'installed';

/** What these companies' rows say of their subscribers, as the last look found them. */
export async function readRows(
  { documents, tables }: Pick<Access, 'documents' | 'tables'>,
  companies: readonly string[],
) {
  const rows = [];
  for (let index = 0; index < companies.length; index += pageSize) {
    const keys = companies.slice(index, index + pageSize).map((company) => installationKey(companyTenant(company)));
    const found = await readTogether(documents, {
      [tables.installations]: { Keys: keys, ...projection(installationsTable.subscriberAttributes) },
    });
    rows.push(...[...found.values()].flat().map((item) => parseItem(row, item)));
  }
  return rows.map(({ pk, status, subscriber }) => ({ company: parseTenantKey(pk)?.id ?? pk, status, subscriber }));
}
