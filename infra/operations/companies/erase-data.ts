import { announcementOf, lifecycleMessage } from '../../../shared/background/messages.ts';
import type { Extension } from '../../../shared/config.ts';
import { userCacheTable } from '../../../shared/contract.ts';
import type { HeldData, HeldInstallation, HeldItem } from '../../../shared/store/held-data.ts';
import { epochSortKey, partitionOf } from '../../../shared/store/user-cache.ts';
import { WorkQueue } from '../../../shared/store/work-queue.ts';
import type { Tenant } from '../../../shared/tenant.ts';
import { StartError } from '../../local/host/start-error.ts';
import type { OpenData } from '../open-data.ts';
import { countMessages } from '../redrive-messages.ts';
import { deleteDeadLetters } from './dead-letters.ts';

export interface Erasure {
  readonly tenant: Tenant;
  /** Of a person, whose data alone is erased; undefined for all of the tenant's. */
  readonly userId: string | undefined;
  readonly extension: Pick<Extension, 'hooks'>;
  /** Lets requests end that were under way when the sessions did. */
  readonly wait: () => Promise<void>;
  readonly now: () => Date;
}

/** What was erased and what remains, each with a sentence that says why. */
export interface Erased {
  readonly erased: Readonly<Record<string, number | boolean>>;
  /** Items that a last look found: what came while this ran. Running it again erases them. */
  readonly found: number;
  readonly remains: readonly string[];
}

/**
 * A tombstone outlives every session (25 hours) and every message that may wait in the work queue (4 days): without it,
 * an installation that follows would be the first again, and what was made under the first one before would count.
 */
const tombstoneSeconds = 5 * 86_400;
const maxWriteAttempts = 5;

const always = [
  'Backups: DynamoDB can restore the tables to any second of the last 35 days. After 35 days they hold nothing of it.',
  'Logs: the company’s id for one month; access logs hold addresses (IP) and paths for three months.',
  'Your own tables: your code deletes what it stored.',
];

/** Erases what is held. May be interrupted anywhere and run again: each step leaves less, and the first ends the sessions. */
export async function eraseData(held: HeldData, data: OpenData, erasure: Erasure): Promise<Erased> {
  return erasure.userId === undefined
    ? await eraseTenant(held, data, erasure)
    : await erasePerson(held, erasure, erasure.userId);
}

async function erasePerson(held: HeldData, { tenant, wait, now }: Erasure, userId: string): Promise<Erased> {
  const row = await held.installation(tenant);
  const generation = Number(row?.attributes['generation'] ?? 0);
  const isOver = row === undefined || row.attributes['status'] === 'uninstalled';
  const markEndsAt = isOver ? undefined : await held.endSessionsOf(tenant, userId, generation, now());
  await wait();
  const mark = isOver ? undefined : partitionOf({ tenant, userId, generation });
  const others = () => without(held.cachedOf(tenant, userId, generation), mark);
  const cached = await held.remove('userCache', others());
  return {
    erased: { sessionsEnded: !isOver, cachedResponses: cached },
    found: await count(others()),
    remains: [
      ...(markEndsAt === undefined
        ? []
        : [
            `That this person was signed out, under a digest of their id, until ${dateOf(markEndsAt)}: until then a copy of an old cookie could exist.`,
          ]),
      'The cookie in the person’s own browser, which opens nothing any more and ends within a day.',
      'Events of the company that name the person and failed for good, for 14 days: erase the company, or delete them in SQS.',
      ...always,
    ],
  };
}

async function eraseTenant(held: HeldData, data: OpenData, erasure: Erasure): Promise<Erased> {
  const { tenant, extension, wait, now } = erasure;
  const row = await endInstallation(held, tenant, now);
  const told = row !== undefined && (await tellHook(data, extension, row));
  await wait();
  const cached = await held.remove('userCache', held.cached(tenant, true));
  const deliveries = await held.remove('deliveries', held.deliveries(tenant));
  const deadLetters = await deleteDeadLetters(data, tenant);
  const found = (await count(held.cached(tenant, true))) + (await count(held.deliveries(tenant)));

  const goesAt = Number(row?.attributes['uninstalledAt'] ?? 0) + tombstoneSeconds;
  const mayGo = row !== undefined && !told && goesAt <= now().getTime() / 1000;
  const isGone = mayGo && (await held.removeTombstone(row));
  const waiting = await countMessages(data.sqs, data.workQueueUrl);
  return {
    erased: { installation: row !== undefined, tombstone: isGone, cachedItems: cached, deliveries, deadLetters },
    found,
    remains: [
      ...(row === undefined || isGone
        ? []
        : [
            `That ${tenant.kind} ${tenant.id} was here, which installation was the last, and that its sessions are over. Run this again after ${dateOf(goesAt)}, and that goes too.`,
          ]),
      ...(told ? ['Your hook uninstalled is told by the worker: what it keeps is yours.'] : []),
      ...(waiting === 0
        ? []
        : [
            `About ${waiting} messages of all companies wait for the worker. It drops those of this one when they come, within four days.`,
          ]),
      'At the platform: the grant and the subscriber, until the company uninstalls there. Whoever opens the extension there installs it again.',
      ...always,
    ],
  };
}

/** Ends the installation, whatever is written at the same time. Undefined where there is no row. */
async function endInstallation(held: HeldData, tenant: Tenant, now: () => Date): Promise<HeldInstallation | undefined> {
  for (let attempt = 1; attempt <= maxWriteAttempts; attempt++) {
    const row = await held.installation(tenant);
    if (row === undefined) return undefined;
    // Whether the hook knows that it is over is kept, so that it is not told twice.
    if (await held.leaveTombstone(row, now(), knowsOfEnd(row) ? ['announced'] : [])) {
      return await held.installation(tenant);
    }
  }
  throw new StartError(`The row of ${tenant.kind} ${tenant.id} is written to all the time: run this again.`);
}

function knowsOfEnd({ attributes }: HeldInstallation): boolean {
  return (
    attributes['status'] === 'uninstalled' &&
    attributes['announced'] === announcementOf(Number(attributes['generation']), [])
  );
}

/** Has the author's hook told that the installation is over, unless it knows. */
async function tellHook(data: OpenData, { hooks }: Erasure['extension'], row: HeldInstallation): Promise<boolean> {
  if (row.tenant.kind !== 'company' || hooks.uninstalled === undefined || knowsOfEnd(row)) return false;
  const generation = Number(row.attributes['generation']);
  const message = lifecycleMessage({ tenant: row.tenant, hook: 'uninstalled', generation, scopes: [] });
  await new WorkQueue(data.sqs, data.workQueueUrl).send([message]);
  return true;
}

async function* without(items: AsyncIterable<HeldItem>, mark: string | undefined): AsyncGenerator<HeldItem> {
  for await (const item of items) {
    const isMark = item[userCacheTable.partitionKey] === mark && item[userCacheTable.sortKey] === epochSortKey;
    if (!isMark) yield item;
  }
}

async function count(items: AsyncIterable<HeldItem>): Promise<number> {
  let total = 0;
  for await (const _item of items) total += 1;
  return total;
}

function dateOf(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString();
}
