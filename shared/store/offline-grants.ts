import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import * as v from 'valibot';
import { installationsTable } from '../contract.ts';
import type { InstallationStatus } from '../session/live-session.ts';
import { parseTenantKey, type Tenant } from '../tenant.ts';
import { type Change, corrupt, type DocumentClient, integer, parseItem, projection, updateItem } from './dynamodb.ts';
import {
  attributesOf,
  failureAttributes,
  grantAttributes,
  installationKey,
  installationStatus,
  type RefreshFailure,
  type StoredTokenSet,
} from './installations.ts';

/** A tenant's offline grant and who is refreshing it. Only background functions can read it. */
export interface OfflineGrant {
  readonly tenant: Tenant;
  readonly generation: number;
  readonly version: number;
  readonly status: InstallationStatus;
  readonly scopes: readonly string[];
  /** Undefined where there is no token: online mode, or uninstalled. */
  readonly sealedToken: string | undefined;
  /** Epoch seconds. */
  readonly accessTokenExpiresAt: number;
  /** Epoch seconds from which a refresh is worth it, well before the token expires. */
  readonly refreshFrom: number;
  /** Epoch seconds before which the platform should not be asked again; 0 where it may. */
  readonly retryFrom: number;
  /** +1 at each take of the lease for this version; with the version it names a holder. */
  readonly attempt: number;
  /** Somebody has taken the lease for this version and has neither written nor given it back. */
  readonly isLeased: boolean;
  /** Epoch milliseconds: when this generation began. */
  readonly installedAtMs: number;
  /** As in `Installation`. */
  readonly announced: string | undefined;
  readonly registered: string | undefined;
  readonly refreshingSinceMs: number | undefined;
  /** Epoch milliseconds: when it last turned out to work after somebody said that the tenant uninstalled; 0 for never. */
  readonly uninstallAskedAtMs: number;
  /** Epoch milliseconds before which background work makes no call, as the platform asked; 0 where it never did. */
  readonly callsFromMs: number;
  /** Epoch milliseconds: since when an operator keeps this tenant out; 0 where nobody does. */
  readonly blockedAtMs: number;
}

/** Whether background work may act for a tenant: it is installed, nobody keeps it out, and its grant is not known to be dead. */
export function mayWorkFor(grant: OfflineGrant | undefined): grant is OfflineGrant {
  return grant?.status === 'installed' && grant.blockedAtMs === 0;
}

/** What was last seen of a company's subscriber at the platform: for people, who read it from the row. */
export interface SubscriberNote {
  readonly state: string;
  /** A sentence, where the platform did not say. */
  readonly problem: string | undefined;
  /** Whose question it answers; undefined for the sweep's. */
  readonly request: string | undefined;
  readonly seenAtMs: number;
}

export interface InstalledPage {
  readonly tenants: readonly Tenant[];
  readonly isLast: boolean;
}

const row = v.object({
  generation: integer,
  version: integer,
  status: installationStatus,
  scopes: v.optional(v.array(v.string()), []),
  token: v.optional(v.string()),
  accessTokenExpiresAt: v.optional(integer, 0),
  refreshFrom: v.optional(integer),
  retryFrom: v.optional(integer, 0),
  attempt: v.optional(integer, 0),
  leasedVersion: v.optional(integer),
  installedAtMs: v.optional(integer, 0),
  uninstallAskedAtMs: v.optional(integer, 0),
  callsFromMs: v.optional(integer, 0),
  blockedAtMs: v.optional(integer, 0),
  announced: v.optional(v.string()),
  registered: v.optional(v.string()),
  refreshingSinceMs: v.optional(integer),
});
const listed = v.object({ [installationsTable.partitionKey]: v.string() });

const refreshProjection = projection(installationsTable.refreshAttributes);

/** The conditional writes of the refresh protocol: each on one item, each a verb of `OfflineTokens`. */
export class OfflineGrants {
  readonly #client: DocumentClient;
  readonly #tableName: string;

  constructor(client: DocumentClient, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
  }

  /** As of now (a consistent read); undefined where the tenant never installed. */
  async find(tenant: Tenant): Promise<OfflineGrant | undefined> {
    const { Item: item } = await this.#client.send(
      new GetCommand({ TableName: this.#tableName, Key: installationKey(tenant), ...refreshProjection }),
    );
    if (item === undefined) return undefined;
    const { token, leasedVersion, refreshFrom, announced, registered, refreshingSinceMs, ...found } = parseItem(
      row,
      item,
    );
    return {
      ...found,
      tenant,
      sealedToken: token,
      refreshFrom: refreshFrom ?? found.accessTokenExpiresAt,
      isLeased: leasedVersion === found.version,
      announced,
      registered,
      refreshingSinceMs,
    };
  }

  /**
   * Takes the lease, or takes it over from whoever took this very `attempt` and was never heard of again; notes since when
   * a refresh is tried. False where the row has moved on.
   */
  async takeLease(
    { tenant, generation, version, attempt, isLeased, refreshingSinceMs }: OfflineGrant,
    now: Date,
  ): Promise<boolean> {
    return await this.#update(tenant, {
      set: {
        attempt: attempt + 1,
        leasedVersion: version,
        refreshingSinceMs: refreshingSinceMs ?? now.getTime(),
        ...(isLeased && failed('unknown', now.getTime())),
      },
      expect: { generation, version, status: 'installed', attempt: attempt === 0 ? undefined : attempt },
    });
  }

  /**
   * Gives the lease of `attempt` back; nobody asks the platform before `retryFrom` (epoch seconds).
   * @param refusedAtMs when the platform refused, if it was asked.
   */
  async giveLeaseBack(
    { tenant, version }: OfflineGrant,
    attempt: number,
    retryFrom: number,
    refusedAtMs?: number,
  ): Promise<boolean> {
    return await this.#update(tenant, {
      set: { retryFrom, ...(refusedAtMs !== undefined && failed('refused', refusedAtMs)) },
      remove: ['leasedVersion'],
      expect: { version, attempt },
    });
  }

  /**
   * Writes the tokens of a refresh that began with `grant`. Whoever wrote first has the newer token: false, and nothing
   * changed. Also mends an installation that was marked `reauthorize` while the response was on its way.
   */
  async renew({ tenant, generation, version }: OfflineGrant, next: StoredTokenSet, now: Date): Promise<boolean> {
    return await this.#update(tenant, {
      set: { version: version + 1, status: 'installed', ...attributesOf(next), updatedAt: seconds(now) },
      remove: ['leasedVersion', 'retryFrom', 'attempt', 'refreshingSinceMs'],
      expect: { generation, version },
    });
  }

  /** Notes that the grant no longer works; the next launch asks for it again. False where the row has moved on. */
  async markReauthorize({ tenant, generation, version }: OfflineGrant, now: Date): Promise<boolean> {
    return await this.#update(tenant, {
      set: { status: 'reauthorize', ...failed('invalid_grant', now.getTime()) },
      remove: ['leasedVersion'],
      expect: { generation, version, status: 'installed' },
    });
  }

  /**
   * The same for a token that cannot be opened, which goes: the platform may still honour it, so whoever asks whether the
   * grant works must not take a token that nobody can try for a dead one. False where the row has moved on.
   */
  async dropToken({ tenant, generation, version }: OfflineGrant, now: Date): Promise<boolean> {
    return await this.#update(tenant, {
      set: { version: version + 1, status: 'reauthorize', ...failed('unreadable', now.getTime()) },
      remove: ['token', 'leasedVersion', 'retryFrom', 'attempt'],
      expect: { generation, version, status: 'installed' },
    });
  }

  /**
   * Ends the installation: a new generation, so that every session, stored response and message of the old one is dead,
   * and no token. False where the row has moved on, e.g. because the tenant installed again.
   */
  async uninstall({ tenant, generation, version }: OfflineGrant, now: Date): Promise<boolean> {
    return await this.#update(tenant, {
      set: {
        status: 'uninstalled',
        generation: generation + 1,
        version: version + 1,
        uninstalledAt: seconds(now),
        updatedAt: seconds(now),
      },
      remove: [
        ...grantAttributes,
        'retryFrom',
        'leasedVersion',
        'refreshingSinceMs',
        'listed',
        'registered',
        'subscriber',
        ...failureAttributes,
      ],
      expect: { generation, version },
    });
  }

  /** Notes that the grant was asked about, and works: for a while, nobody who proves nothing makes it be asked again. */
  async recordUninstallAsked({ tenant, generation }: OfflineGrant, now: Date): Promise<boolean> {
    return await this.#update(tenant, { set: { uninstallAskedAtMs: now.getTime() }, expect: { generation } });
  }

  /** Lets everybody's background work wait until `callsFromMs`. False where somebody has noted another moment since. */
  async pauseCalls(
    { tenant, generation, callsFromMs: known }: Pick<OfflineGrant, 'tenant' | 'generation' | 'callsFromMs'>,
    callsFromMs: number,
  ): Promise<boolean> {
    const expect = { generation, callsFromMs: known === 0 ? undefined : known };
    return await this.#update(tenant, { set: { callsFromMs }, expect });
  }

  /** Notes that the author's hooks know of this installation. */
  async recordAnnounced({ tenant, generation }: OfflineGrant, announced: string): Promise<boolean> {
    return await this.#update(tenant, { set: { announced }, expect: { generation } });
  }

  /** Notes which registration the platform took. */
  async recordRegistered({ tenant, generation }: OfflineGrant, registered: string): Promise<boolean> {
    return await this.#update(tenant, { set: { registered }, expect: { generation } });
  }

  /** Notes what was seen of the subscriber. Nothing rests on it. */
  async recordSubscriber({ tenant, generation }: OfflineGrant, subscriber: SubscriberNote): Promise<boolean> {
    return await this.#update(tenant, { set: { subscriber }, expect: { generation } });
  }

  /** A page of the installed tenants of one partition, after the tenant given; in the index's own order. */
  async listInstalled(partition: number, after: Tenant | undefined, limit: number): Promise<InstalledPage> {
    const { listing, partitionKey } = installationsTable;
    const value = `installed#${partition}`;
    const { Items = [], LastEvaluatedKey } = await this.#client.send(
      new QueryCommand({
        TableName: this.#tableName,
        IndexName: listing.indexName,
        KeyConditionExpression: '#listed = :listed',
        ExpressionAttributeNames: { '#listed': listing.partitionKey },
        ExpressionAttributeValues: { ':listed': value },
        Limit: limit,
        ...(after && { ExclusiveStartKey: { ...installationKey(after), [listing.partitionKey]: value } }),
      }),
    );
    const tenants = Items.map((item) => parseTenantKey(parseItem(listed, item)[partitionKey]) ?? corrupt(partitionKey));
    return { tenants, isLast: LastEvaluatedKey === undefined };
  }

  async #update(tenant: Tenant, change: Change): Promise<boolean> {
    return await updateItem(this.#client, { TableName: this.#tableName, Key: installationKey(tenant) }, change);
  }
}

/** What became of the grant last that was no new token: for whoever looks at the row. Nothing rests on it. */
function failed(refreshFailure: RefreshFailure, refreshFailedAtMs: number) {
  return { refreshFailure, refreshFailedAtMs };
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
