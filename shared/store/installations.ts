import { GetCommand } from '@aws-sdk/lib-dynamodb';
import * as v from 'valibot';
import { installationsTable } from '../contract.ts';
import type { InstallationGate, InstallationStatus } from '../session/live-session.ts';
import { parseTenantKey, type Tenant, tenantKey } from '../tenant.ts';
import { type DocumentClient, integer, parseItem, projection, readTogether, updateItem } from './dynamodb.ts';

const statuses = ['installed', 'reauthorize', 'uninstalled'] as const satisfies InstallationStatus[];

/** What the callback knows of a tenant's installation. The token is not among it: the callback cannot read it. */
export interface Installation {
  readonly tenant: Tenant;
  /** New at each installation; what was made under another one is dead. */
  readonly generation: number;
  /** Moves at each write, so that no write overwrites one that it has not seen. */
  readonly version: number;
  readonly status: InstallationStatus;
  /** Scopes of the offline grant; undefined where there is none (online mode). */
  readonly scopes: readonly string[] | undefined;
  /** Epoch milliseconds: when this generation began. */
  readonly installedAtMs: number;
  /** The installation that the author's hooks were last told of, as `announcementOf` names it. */
  readonly announced?: string | undefined;
  /** The registration of webhooks that the platform last took, as `registeredNote` names it. */
  readonly registered?: string | undefined;
  /** Epoch milliseconds: since when no refresh of the grant has worked; undefined where none is tried. */
  readonly refreshingSinceMs?: number | undefined;
  /** As in `InstallationGate`. */
  readonly blockedAtMs?: number | undefined;
}

/** The offline grant as it is stored: sealed, and bound to its row. */
export interface StoredTokenSet {
  readonly sealedToken: string;
  readonly scopes: readonly string[];
  /** Epoch seconds. */
  readonly accessTokenExpiresAt: number;
  /** Epoch seconds from which a refresh is worth it. */
  readonly refreshFrom: number;
}

/** The status of a row, for its schema. */
export const installationStatus = v.picklist(statuses);

const row = v.object({
  generation: integer,
  version: integer,
  status: installationStatus,
  scopes: v.optional(v.array(v.string())),
  installedAtMs: v.optional(integer, 0),
  announced: v.optional(v.string()),
  registered: v.optional(v.string()),
  refreshingSinceMs: v.optional(integer),
  blockedAtMs: v.optional(integer),
});
const gate = v.object({
  generation: integer,
  status: installationStatus,
  sessionsValidFromMs: v.optional(integer),
  blockedAtMs: v.optional(integer),
});

/**
 * Why a grant has no newer token: the platform refused for now, said that the grant no longer works, was not heard of, or no
 * key of ours opens the token.
 */
export type RefreshFailure = 'refused' | 'invalid_grant' | 'unknown' | 'unreadable';

/** Where the last of these is noted, and when. It stays when a refresh works. */
export const failureAttributes = ['refreshFailure', 'refreshFailedAtMs'] as const;

/** What a row has only with an offline grant. */
export const grantAttributes = ['token', 'scopes', 'accessTokenExpiresAt', 'refreshFrom'] as const;

export function installationKey(tenant: Tenant): Record<string, string> {
  return { [installationsTable.partitionKey]: tenantKey(tenant) };
}

/** A grant as the row's attributes. */
export function attributesOf({ sealedToken, scopes, accessTokenExpiresAt, refreshFrom }: StoredTokenSet) {
  return { token: sealedToken, scopes, accessTokenExpiresAt, refreshFrom };
}

/** Installed companies are listed by partition, so that none of them grows hot. No schedule runs for an organization. */
function listingPartition(tenant: Tenant): string | undefined {
  if (tenant.kind !== 'company') return undefined;
  return `installed#${Number(tenant.id.slice(-6)) % installationsTable.listing.partitions}`;
}

const callbackProjection = projection(installationsTable.callbackAttributes);

export class Installations {
  readonly #client: DocumentClient;
  readonly #tableName: string;

  constructor(client: DocumentClient, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
  }

  /** The installation as of now (a consistent read); undefined where the tenant never installed. */
  async find(tenant: Tenant): Promise<Installation | undefined> {
    const { Item: item } = await this.#client.send(
      new GetCommand({ TableName: this.#tableName, Key: installationKey(tenant), ...callbackProjection }),
    );
    if (item === undefined) return undefined;
    return toInstallation(tenant, item);
  }

  /**
   * The installations of up to 100 tenants, in any order and eventually consistent. Rows that are not there are left out,
   * and those that cannot be read: they must not stand in the way of the others.
   * @throws {AppError} `try_again` where DynamoDB leaves out some of them again and again.
   */
  async findAll(tenants: readonly Tenant[]): Promise<Installation[]> {
    if (tenants.length === 0) return [];
    const found = await readTogether(this.#client, {
      [this.#tableName]: { Keys: tenants.map(installationKey), ...callbackProjection, ConsistentRead: false },
    });
    return [...found.values()].flat().flatMap((item) => readable(item) ?? []);
  }

  /**
   * Makes the tenant installed, in one write: the old installation is there until it succeeds, the new one afterwards.
   * `seen` is the row that the decision rests on. False where somebody else wrote in the meantime; nothing changed then.
   */
  async save(
    tenant: Tenant,
    seen: Installation | undefined,
    { generation, grant, now }: { generation: number; grant: StoredTokenSet | undefined; now: Date },
  ): Promise<boolean> {
    return await updateItem(
      this.#client,
      { TableName: this.#tableName, Key: installationKey(tenant) },
      {
        set: {
          generation,
          version: (seen?.version ?? 0) + 1,
          status: 'installed',
          listed: listingPartition(tenant),
          updatedAt: Math.floor(now.getTime() / 1000),
          installedAtMs: seen?.generation === generation ? undefined : now.getTime(),
          ...(grant && attributesOf(grant)),
        },
        // What was tried with the token before is no reason to spare the platform with this one.
        remove: [
          'refreshingSinceMs',
          'attempt',
          'retryFrom',
          ...failureAttributes,
          ...(grant === undefined ? grantAttributes : []),
        ],
        expect:
          seen === undefined
            ? { [installationsTable.partitionKey]: undefined }
            : { version: seen.version, generation: seen.generation },
      },
    );
  }
}

function toInstallation(tenant: Tenant, item: unknown): Installation {
  return { tenant, scopes: undefined, ...parseItem(row, item) };
}

/** Undefined where it cannot be read: whoever needs that one alone is told so. */
function readable(item: Record<string, unknown>): Installation | undefined {
  const tenant = parseTenantKey(String(item[installationsTable.partitionKey]));
  try {
    return tenant && toInstallation(tenant, item);
  } catch {
    return undefined;
  }
}

/**
 * Reads the attributes that gate a session out of a stored row.
 * @throws {CorruptItemError}
 */
export function parseInstallationGate(item: unknown): InstallationGate {
  return { sessionsValidFromMs: undefined, ...parseItem(gate, item) };
}
