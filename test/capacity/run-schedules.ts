import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { parseMessage, scheduleMessage } from '../../shared/background/messages.ts';
import { fanOutSchedule } from '../../shared/background/run-schedule.ts';
import { registeredNote, registrationOf } from '../../shared/background/webhook-registration.ts';
import { installationsTable } from '../../shared/contract.ts';
import { webhookKid } from '../../shared/fynd/webhook-secret.ts';
import type { QueuedMessage } from '../../shared/store/work-queue.ts';
import { companyTenant, tenantKey } from '../../shared/tenant.ts';
import type { TestTables } from '../shared/fixture/dynamodb.ts';
import { testExtension } from '../shared/fixture/extension.ts';

const webhookKey = 'CANARY-webhook-key-0123456789abcdef';
const extension = testExtension({
  webhooks: { notificationEmail: 'developers@example.com' },
  events: { 'company/product/update/v1': './test/extension/on-product-update.ts' },
  schedules: { nightly: { every: '1 day', handler: './test/extension/nightly.ts' } },
});
const known = { extension, baseUrl: 'https://extension.example', apiKey: 'extension-client-1', webhookKey };
// In step: the sweep looks at the subscriber, and finds nothing else to do.
const registered = registeredNote(registrationOf(known, 1) ?? '', webhookKid(webhookKey));

/** What a run of a schedule did. */
export interface Run {
  readonly name: string;
  readonly pages: number;
  /** For companies; each page but the last sends one more for the next. */
  readonly messages: number;
  readonly databaseCalls: number;
  /** From the first page to the last, without the companies' own work. */
  readonly ms: number;
}

/** Companies 1 to so many, installed, each with a sealed token of the usual size. */
export async function putCompanies(tables: TestTables, from: number, to: number): Promise<void> {
  const rows = Array.from({ length: to - from + 1 }, (_, index) => ({
    [installationsTable.partitionKey]: tenantKey(companyTenant(String(from + index))),
    [installationsTable.listing.partitionKey]: `installed#${(from + index) % installationsTable.listing.partitions}`,
    status: 'installed',
    generation: 1,
    version: 1,
    scopes: ['company/products', 'company/orders'],
    token: 'x'.repeat(900),
    installedAtMs: Date.now(),
    updatedAt: Math.floor(Date.now() / 1_000),
    accessTokenExpiresAt: Math.floor(Date.now() / 1_000) + 3_600,
    refreshFrom: Math.floor(Date.now() / 1_000) + 3_000,
    registered,
  }));
  for (let index = 0; index < rows.length; index += 25) {
    const puts = rows.slice(index, index + 25).map((Item) => ({ PutRequest: { Item } }));
    await tables.documents.send(new BatchWriteCommand({ RequestItems: { [tables.names.installations]: puts } }));
  }
}

/** Runs a schedule of the author's, or the sweep, through all of its pages; nothing handles the companies' messages. */
export async function runThroughPages(tables: TestTables, name: string): Promise<Run> {
  const sent: QueuedMessage[] = [];
  const send = (messages: readonly QueuedMessage[]) => {
    sent.push(...messages);
    return Promise.resolve();
  };
  const deps = {
    ...known,
    handlers: { schedules: { nightly: () => Promise.resolve() } },
    installations: tables.installations,
    grants: tables.grants,
    queue: { send },
    now: () => new Date(),
  };
  const run = new Date().toISOString();
  const first = scheduleMessage({ name, run, partition: 0, after: undefined, page: 1, mark: undefined });
  const counted = { pages: 0, messages: 0, databaseCalls: -tables.calls.length };
  const began = performance.now();
  for (let next: QueuedMessage | undefined = first; next !== undefined; ) {
    const message = parseMessage(next.body);
    if (message?.kind !== 'schedule') throw new Error('A page sends the next one.');
    sent.length = 0;
    const outcome = await fanOutSchedule(deps, message);
    if (outcome !== 'fanned_out') throw new Error(`Page ${message.page} of ${name}: ${outcome}.`);
    counted.pages++;
    next = sent.find(({ group }) => group === `schedule#${name}`);
    counted.messages += sent.length - (next === undefined ? 0 : 1);
  }
  const ms = performance.now() - began;
  return { name, ...counted, databaseCalls: counted.databaseCalls + tables.calls.length, ms };
}
