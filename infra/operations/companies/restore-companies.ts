import { DescribeTableCommand, ResourceNotFoundException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, paginateScan } from '@aws-sdk/lib-dynamodb';
import * as v from 'valibot';
import { announcedGeneration } from '../../../shared/background/messages.ts';
import { installationsTable } from '../../../shared/contract.ts';
import type { RefreshOutcome } from '../../../shared/fynd/token-response.ts';
import type { KeyRing } from '../../../shared/sealing.ts';
import { integer, updateItem } from '../../../shared/store/dynamodb.ts';
import { installationKey, installationStatus } from '../../../shared/store/installations.ts';
import { OfflineGrants } from '../../../shared/store/offline-grants.ts';
import { isSameTenant, parseTenantKey, type Tenant } from '../../../shared/tenant.ts';
import { openTokenSet, sealTokenSet } from '../../../shared/tokens/offline-token.ts';
import { StartError } from '../../local/host/start-error.ts';

/**
 * What becomes of one row of the backup.
 * - `kept`: the row that is there is as new, or newer.
 * - `works`: it is back, and its grant works; without a grant (online mode), it is back.
 * - `launch`: it is back, and the next launch asks for the grant again.
 * - `over`: it had uninstalled; its tombstone is back.
 * - `left_out`: it is none of an Installations table.
 */
export type Restored = 'kept' | 'works' | 'launch' | 'over' | 'left_out';

export interface RestoreOptions {
  readonly documents: DynamoDBDocumentClient;
  /** The table of the stack. */
  readonly table: string;
  /** The table that a backup was restored to. */
  readonly backup: string;
  /** Restores nobody else; undefined: everybody. */
  readonly only: Tenant | undefined;
  readonly tokenKeys: KeyRing;
  /** Has the platform renew a grant; undefined where no token of the backup is to be tried. */
  readonly refresh:
    | ((tenant: Tenant, refreshToken: string, scopes: readonly string[]) => Promise<RefreshOutcome>)
    | undefined;
  readonly isDryRun: boolean;
  readonly now: () => Date;
  readonly wait: (milliseconds: number) => Promise<void>;
  readonly onResult: (tenant: Tenant | undefined, result: Restored) => void;
}

/**
 * A restored installation goes on under a generation that none of the lost ones had, however often a company installed
 * since the backup: sessions, stored responses, messages and dead letters of those count nowhere.
 */
const skippedGenerations = 100;
const together = 8;
/** Tokens that are opened before anything is written, to see whether the backup is of this extension. */
const maxTried = 20;
const maxRefreshAttempts = 3;
const maxPauseSeconds = 60;

/** What is about one moment, about the lost token, or about what the platform has; a sweep or a launch makes it anew. */
const momentary = new Set([
  installationsTable.tokenAttribute,
  'accessTokenExpiresAt',
  'refreshFrom',
  'retryFrom',
  'attempt',
  'leasedVersion',
  'refreshingSinceMs',
  'uninstallAskedAtMs',
  'callsFromMs',
  'registered',
  'subscriber',
]);

const row = v.looseObject({
  generation: integer,
  version: integer,
  status: installationStatus,
  scopes: v.optional(v.array(v.string()), []),
  token: v.optional(v.string()),
  announced: v.optional(v.string()),
  installedAtMs: v.optional(integer, 0),
  updatedAt: v.optional(integer, 0),
});
type Row = v.InferOutput<typeof row>;
type Item = Readonly<Record<string, unknown>>;

/**
 * Brings rows of a backup back into the Installations table. A row that is as new or newer is kept, and every write is on
 * condition that the row is as it was seen, so that this may run beside the extension, be interrupted, and run again.
 *
 * No grant comes back to life unasked: a row is back without its token, for the next launch to mend. Then its refresh
 * token is tried once; what the platform gives is written. A refresh token that was used since the backup is refused: the
 * one that followed it is lost with its row, so that nobody holds what its reuse may end.
 * @throws {StartError} where the backup is no table of installations, or none of this extension's.
 */
export async function restoreCompanies(options: RestoreOptions): Promise<void> {
  await judgeBackup(options);
  for await (const items of pagesOf(options)) {
    for (let index = 0; index < items.length; index += together) {
      await Promise.all(items.slice(index, index + together).map((item) => restoreOne(options, item)));
    }
  }
}

async function judgeBackup(options: RestoreOptions): Promise<void> {
  const { documents, table, backup, tokenKeys, refresh, now } = options;
  if (backup === table)
    throw new StartError(`${backup} is the table itself: name the one that a backup was restored to.`);
  const { Table: described } = await documents
    .send(new DescribeTableCommand({ TableName: backup }))
    .catch((cause: unknown) => {
      if (!(cause instanceof ResourceNotFoundException)) throw cause;
      throw new StartError(`There is no table ${backup} yet: restore the backup to it first (docs/loss.md).`, {
        cause,
      });
    });
  const keys = (described?.KeySchema ?? []).map(({ AttributeName: name }) => name).join(' ');
  if (keys !== installationsTable.partitionKey) throw new StartError(`${backup} is no table of installations.`);
  if (refresh === undefined) return;
  let sealed = 0;
  for await (const items of pagesOf(options)) {
    for (const item of items) {
      const found = readRow(item);
      if (found?.row.token === undefined) continue;
      sealed += 1;
      const opened = await openTokenSet(tokenKeys, ownerOf(found), found.row.token, now());
      if (opened !== undefined) return;
      if (sealed === maxTried) break;
    }
    if (sealed === maxTried) break;
  }
  if (sealed > 0) {
    throw new StartError(
      `No token in ${backup} was sealed with this extension’s token key: it is the table of another one, or the key is lost. In the latter case add --leave-tokens.`,
    );
  }
}

async function* pagesOf({ documents, backup }: RestoreOptions): AsyncGenerator<Item[]> {
  const pages = paginateScan({ client: documents }, { TableName: backup, ConsistentRead: true });
  for await (const { Items = [] } of pages) yield Items;
}

interface Found {
  readonly tenant: Tenant;
  readonly row: Row;
}

function readRow(item: Item): Found | undefined {
  const tenant = parseTenantKey(String(item[installationsTable.partitionKey]));
  const parsed = v.safeParse(row, item);
  return tenant !== undefined && parsed.success ? { tenant, row: parsed.output } : undefined;
}

const ownerOf = ({ tenant, row: { generation } }: Found) => ({ tenant, generation });

async function restoreOne(options: RestoreOptions, item: Item): Promise<void> {
  const { documents, table, only, isDryRun, now, onResult } = options;
  const found = readRow(item);
  if (found === undefined) return onResult(undefined, 'left_out');
  const { tenant, row: lost } = found;
  if (only !== undefined && !isSameTenant(only, tenant)) return;
  const { Item: there } = await documents.send(
    new GetCommand({ TableName: table, Key: installationKey(tenant), ConsistentRead: true }),
  );
  if (there !== undefined && isAsNew(there, lost)) return onResult(tenant, 'kept');
  const next = rowAfter(lost, there, now());
  if (!isDryRun) {
    const written = await updateItem(
      documents,
      { TableName: table, Key: installationKey(tenant) },
      {
        set: next,
        remove: Object.keys(there ?? {}).filter((name) => !(name in next) && name !== installationsTable.partitionKey),
        expect: there === undefined ? { [installationsTable.partitionKey]: undefined } : asSeen(there),
      },
    );
    if (!written) return onResult(tenant, 'kept');
  }
  onResult(tenant, await resultOf(options, found));
}

/** Whether a row that is there is newer than the backup's, or the same: then it stays. One that cannot be read is damaged. */
function isAsNew(there: Item, lost: Row): boolean {
  const parsed = v.safeParse(row, there);
  if (!parsed.success) return false;
  const { generation, version, installedAtMs, updatedAt, token, status } = parsed.output;
  // Installed since, into a table that was empty: it counts from 1, and is newer all the same.
  if (installedAtMs > lost.installedAtMs || updatedAt > lost.updatedAt) return true;
  if (generation !== lost.generation) return generation > lost.generation;
  if (version !== lost.version) return version > lost.version;
  return token === lost.token && (status === lost.status || status === 'reauthorize');
}

function asSeen(there: Item): Record<string, string | number | undefined> {
  const names = ['generation', 'version', 'status', 'updatedAt'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = there[name];
      return value === undefined || typeof value === 'string' || typeof value === 'number' ? [[name, value]] : [];
    }),
  );
}

function rowAfter(lost: Row, there: Item | undefined, now: Date): Record<string, unknown> {
  const known = (name: string) => (typeof there?.[name] === 'number' ? there[name] : 0);
  const generation = Math.max(lost.generation, known('generation')) + skippedGenerations;
  const kept = Object.entries(lost).filter(
    ([name]) => name !== installationsTable.partitionKey && !momentary.has(name),
  );
  const wasTold = announcedGeneration(lost.announced) === lost.generation;
  return {
    ...Object.fromEntries(kept),
    generation,
    version: Math.max(lost.version, known('version')) + 1,
    status: lost.token === undefined ? lost.status : 'reauthorize',
    // The author's hooks know of it: it is the same installation.
    ...(wasTold && { announced: lost.announced?.replace(/^g\d+/, `g${generation}`) }),
    updatedAt: Math.floor(now.getTime() / 1000),
  };
}

/** Of a row that is back, or would be: whether its grant works again. */
async function resultOf(options: RestoreOptions, found: Found): Promise<Restored> {
  const { token, status } = found.row;
  if (status === 'uninstalled') return 'over';
  if (token === undefined) return status === 'installed' ? 'works' : 'launch';
  return (await renewGrant(options, found, token)) ? 'works' : 'launch';
}

async function renewGrant(options: RestoreOptions, found: Found, sealedToken: string): Promise<boolean> {
  const { documents, table, tokenKeys, refresh, isDryRun, now, wait } = options;
  if (refresh === undefined || found.row.status !== 'installed') return false;
  const opened = await openTokenSet(tokenKeys, ownerOf(found), sealedToken, now());
  if (opened?.refreshToken === undefined) return false;
  if (isDryRun) return true;
  const { tenant } = found;
  const grants = new OfflineGrants(documents, table);
  const back = await grants.find(tenant);
  if (back === undefined) return false;
  const key = await tokenKeys.current();
  for (let attempt = 1; attempt <= maxRefreshAttempts; attempt++) {
    const askedAt = now();
    const result = await refresh(tenant, opened.refreshToken, found.row.scopes);
    if (result.outcome === 'granted') {
      return await grants.renew(back, await sealTokenSet(key, back, result.tokens, askedAt), now());
    }
    // Only what the platform did not look at may be asked again.
    if (result.outcome !== 'refused') return false;
    await wait(Math.min(maxPauseSeconds, Math.max(attempt, result.retryAfterSeconds ?? 0)) * 1000);
  }
  return false;
}
