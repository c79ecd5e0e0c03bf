import type { KeyRing } from '../../../shared/sealing.ts';
import type { Installations } from '../../../shared/store/installations.ts';
import { type Tenant, tenantKey } from '../../../shared/tenant.ts';
import { sealTokenSet } from '../../../shared/tokens/offline-token.ts';
import { type OfflineSession, parseSession, type Skipped } from './parse-session.ts';
import type { Entry } from './read-source.ts';

/** What became of a tenant, or would. */
export type Result =
  | 'migrated'
  /** The extension has a row of it already, from an earlier run or a sign-in: that one is never older. */
  | 'kept'
  /** Its token has ended, and there is none to refresh it with. */
  | 'ended'
  /** An organization, and the configuration has no partner side. */
  | 'no_partner_side';

export interface Migrated {
  readonly tenants: readonly { readonly tenant: Tenant; readonly result: Result }[];
  readonly skipped: Readonly<Partial<Record<Skipped, number>>>;
}

export interface Migration {
  readonly entries: AsyncIterable<Entry>;
  readonly apiKey: string;
  readonly clusters: readonly string[];
  readonly hasPartnerSide: boolean;
  readonly installations: Pick<Installations, 'find' | 'save'>;
  readonly tokenKeys: Pick<KeyRing, 'current'>;
  /** Only looks. */
  readonly isDryRun: boolean;
  readonly onProgress?: (done: number, all: number) => void;
  readonly now: () => Date;
}

/** How many rows are written at once. */
const width = 16;

/** Writes an installation for each offline session, where there is no row yet. What an interrupted run wrote, the next one keeps. */
export async function migrateSessions(migration: Migration): Promise<Migrated> {
  const newest = new Map<string, OfflineSession>();
  const skipped: Partial<Record<Skipped, number>> = {};
  for await (const [key, stored] of migration.entries) {
    const session = parseSession(key, stored, migration);
    if (typeof session === 'string') {
      skipped[session] = (skipped[session] ?? 0) + 1;
      continue;
    }
    const name = tenantKey(session.tenant);
    if (session.expiresAtMs >= (newest.get(name)?.expiresAtMs ?? 0)) newest.set(name, session);
  }
  const sessions = [...newest.values()].toSorted((a, b) => compare(a.tenant, b.tenant));
  const tenants: { tenant: Tenant; result: Result }[] = [];
  for (let start = 0; start < sessions.length; start += width) {
    const results = sessions
      .slice(start, start + width)
      .map(async (session) => ({ tenant: session.tenant, result: await migrate(migration, session) }));
    tenants.push(...(await Promise.all(results)));
    migration.onProgress?.(tenants.length, sessions.length);
  }
  return { tenants, skipped };
}

async function migrate(migration: Migration, session: OfflineSession): Promise<Result> {
  const { installations, tokenKeys, isDryRun, hasPartnerSide, now } = migration;
  const { tenant, expiresAtMs, ...grant } = session;
  if (tenant.kind === 'organization' && !hasPartnerSide) return 'no_partner_side';
  const expiresInSeconds = Math.max(0, Math.floor((expiresAtMs - now().getTime()) / 1000));
  if (expiresInSeconds === 0 && grant.refreshToken === undefined) return 'ended';
  if ((await installations.find(tenant)) !== undefined) return 'kept';
  if (isDryRun) return 'migrated';
  const generation = 1;
  const key = await tokenKeys.current();
  const stored = await sealTokenSet(key, { tenant, generation }, { ...grant, expiresInSeconds }, now());
  return (await installations.save(tenant, undefined, { generation, grant: stored, now: now() })) ? 'migrated' : 'kept';
}

function compare(a: Tenant, b: Tenant): number {
  return a.kind.localeCompare(b.kind) || a.id.localeCompare(b.id, 'en', { numeric: true });
}
