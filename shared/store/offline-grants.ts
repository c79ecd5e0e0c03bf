import { type DynamoDBClient, GetItemCommand, QueryCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { installationsTable } from '../contract.ts';
import type { InstallationStatus } from '../session/live-session.ts';
import { parseTenantKey, type Tenant } from '../tenant.ts';
import {
  corrupt,
  expressionNames,
  type Item,
  integer,
  isConditionFailure,
  optionalInteger,
  optionalText,
  stringList,
  text,
} from './dynamodb.ts';
import { installationKey, parseStatus, type StoredTokenSet } from './installations.ts';

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
  /** Epoch milliseconds: when the grant last answered that it works to somebody who said that the tenant uninstalled. */
  readonly uninstallAskedAtMs: number | undefined;
}

export interface InstalledPage {
  readonly tenants: readonly Tenant[];
  readonly isLast: boolean;
}

/** The conditional writes of the refresh protocol: each on one item, each a verb of `OfflineTokens`. */
export class OfflineGrants {
  readonly #client: Pick<DynamoDBClient, 'send'>;
  readonly #tableName: string;

  constructor(client: Pick<DynamoDBClient, 'send'>, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
  }

  /** As of now (a consistent read); undefined where the tenant never installed. */
  async find(tenant: Tenant): Promise<OfflineGrant | undefined> {
    const { Item: item } = await this.#client.send(
      new GetItemCommand({
        TableName: this.#tableName,
        Key: installationKey(tenant),
        ConsistentRead: true,
        ProjectionExpression: installationsTable.refreshAttributes.map((name) => `#${name}`).join(', '),
        ExpressionAttributeNames: expressionNames(installationsTable.refreshAttributes),
      }),
    );
    if (item === undefined) return undefined;
    const version = integer(item, 'version');
    const accessTokenExpiresAt = optionalInteger(item, 'accessTokenExpiresAt') ?? 0;
    return {
      tenant,
      generation: integer(item, 'generation'),
      version,
      status: parseStatus(item),
      scopes: stringList(item, 'scopes') ?? [],
      sealedToken: optionalText(item, 'token'),
      accessTokenExpiresAt,
      refreshFrom: optionalInteger(item, 'refreshFrom') ?? accessTokenExpiresAt,
      retryFrom: optionalInteger(item, 'retryFrom') ?? 0,
      attempt: optionalInteger(item, 'attempt') ?? 0,
      isLeased: optionalInteger(item, 'leasedVersion') === version,
      installedAtMs: optionalInteger(item, 'installedAtMs') ?? 0,
      announced: optionalText(item, 'announced'),
      registered: optionalText(item, 'registered'),
      uninstallAskedAtMs: optionalInteger(item, 'uninstallAskedAtMs'),
    };
  }

  /**
   * Takes the lease, or takes it over from whoever took this very `attempt`; notes since when a refresh is tried. False
   * where the row has moved on.
   */
  async takeLease({ tenant, generation, version, attempt }: OfflineGrant, now: Date): Promise<boolean> {
    const isFirst = attempt === 0;
    return await this.#update(
      tenant,
      'SET #attempt = :next, #leasedVersion = :version, #refreshingSinceMs = if_not_exists(#refreshingSinceMs, :nowMs)',
      `#generation = :generation AND #version = :version AND #status = :installed AND ${isFirst ? 'attribute_not_exists(#attempt)' : '#attempt = :attempt'}`,
      {
        ':generation': { N: String(generation) },
        ':version': { N: String(version) },
        ':next': { N: String(attempt + 1) },
        ':nowMs': { N: String(now.getTime()) },
        ':installed': { S: 'installed' },
        ...(isFirst ? {} : { ':attempt': { N: String(attempt) } }),
      },
    );
  }

  /** Gives the lease of `attempt` back; nobody asks the platform before `retryFrom` (epoch seconds). */
  async giveLeaseBack({ tenant, version }: OfflineGrant, attempt: number, retryFrom: number): Promise<boolean> {
    return await this.#update(
      tenant,
      'SET #retryFrom = :retryFrom REMOVE #leasedVersion',
      '#version = :version AND #attempt = :attempt',
      {
        ':version': { N: String(version) },
        ':attempt': { N: String(attempt) },
        ':retryFrom': { N: String(retryFrom) },
      },
    );
  }

  /**
   * Writes the tokens of a refresh that began with `grant`. Whoever wrote first has the newer token: false, and nothing
   * changed. Also mends an installation that was marked `reauthorize` while the answer was on its way.
   */
  async renew({ tenant, generation, version }: OfflineGrant, next: StoredTokenSet, now: Date): Promise<boolean> {
    return await this.#update(
      tenant,
      'SET #version = :next, #status = :installed, #token = :token, #scopes = :scopes, #accessTokenExpiresAt = :expires, #refreshFrom = :refreshFrom, #updatedAt = :now REMOVE #leasedVersion, #retryFrom, #attempt, #refreshingSinceMs',
      '#generation = :generation AND #version = :version',
      {
        ':generation': { N: String(generation) },
        ':version': { N: String(version) },
        ':next': { N: String(version + 1) },
        ':installed': { S: 'installed' },
        ':token': { S: next.sealedToken },
        ':scopes': { L: next.scopes.map((scope) => ({ S: scope })) },
        ':expires': { N: String(next.accessTokenExpiresAt) },
        ':refreshFrom': { N: String(next.refreshFrom) },
        ':now': { N: String(Math.floor(now.getTime() / 1000)) },
      },
    );
  }

  /** Notes that the grant no longer works; the next launch asks for it again. False where the row has moved on. */
  async markReauthorize({ tenant, generation, version }: OfflineGrant): Promise<boolean> {
    return await this.#update(
      tenant,
      'SET #status = :reauthorize REMOVE #leasedVersion',
      '#generation = :generation AND #version = :version AND #status = :installed',
      {
        ':generation': { N: String(generation) },
        ':version': { N: String(version) },
        ':reauthorize': { S: 'reauthorize' },
        ':installed': { S: 'installed' },
      },
    );
  }

  /**
   * The same for a token that cannot be opened, which goes: the platform may still honour it, so whoever asks whether the
   * grant works must not take a token that nobody can try for a dead one. False where the row has moved on.
   */
  async dropToken({ tenant, generation, version }: OfflineGrant): Promise<boolean> {
    return await this.#update(
      tenant,
      'SET #version = :next, #status = :reauthorize REMOVE #token, #leasedVersion, #retryFrom, #attempt',
      '#generation = :generation AND #version = :version AND #status = :installed',
      {
        ':generation': { N: String(generation) },
        ':version': { N: String(version) },
        ':next': { N: String(version + 1) },
        ':reauthorize': { S: 'reauthorize' },
        ':installed': { S: 'installed' },
      },
    );
  }

  /**
   * Ends the installation: a new generation, so that every session, cached answer and message of the old one is dead,
   * and no token. False where the row has moved on, e.g. because the tenant installed again.
   */
  async uninstall({ tenant, generation, version }: OfflineGrant, now: Date): Promise<boolean> {
    return await this.#update(
      tenant,
      'SET #status = :uninstalled, #generation = :nextGeneration, #version = :nextVersion, #uninstalledAt = :now, #updatedAt = :now REMOVE #token, #scopes, #accessTokenExpiresAt, #refreshFrom, #retryFrom, #leasedVersion, #refreshingSinceMs, #listed, #registered',
      '#generation = :generation AND #version = :version',
      {
        ':generation': { N: String(generation) },
        ':version': { N: String(version) },
        ':nextGeneration': { N: String(generation + 1) },
        ':nextVersion': { N: String(version + 1) },
        ':uninstalled': { S: 'uninstalled' },
        ':now': { N: String(Math.floor(now.getTime() / 1000)) },
      },
    );
  }

  /** Notes that the grant was asked about, and works: for a while, nobody who proves nothing makes it be asked again. */
  async recordUninstallAsked({ tenant, generation }: OfflineGrant, now: Date): Promise<boolean> {
    return await this.#update(tenant, 'SET #uninstallAskedAtMs = :asked', '#generation = :generation', {
      ':generation': { N: String(generation) },
      ':asked': { N: String(now.getTime()) },
    });
  }

  /** Notes that the author's hooks know of this installation. */
  async recordAnnounced({ tenant, generation }: OfflineGrant, announced: string): Promise<boolean> {
    return await this.#update(tenant, 'SET #announced = :announced', '#generation = :generation', {
      ':generation': { N: String(generation) },
      ':announced': { S: announced },
    });
  }

  /** Notes which registration the platform took. */
  async recordRegistered({ tenant, generation }: OfflineGrant, registered: string): Promise<boolean> {
    return await this.#update(tenant, 'SET #registered = :registered', '#generation = :generation', {
      ':generation': { N: String(generation) },
      ':registered': { S: registered },
    });
  }

  /** A page of the installed tenants of one partition, after the tenant given; in the index's own order. */
  async listInstalled(partition: number, after: Tenant | undefined, limit: number): Promise<InstalledPage> {
    const { listing, partitionKey } = installationsTable;
    const value = { S: `installed#${partition}` };
    const { Items = [], LastEvaluatedKey } = await this.#client.send(
      new QueryCommand({
        TableName: this.#tableName,
        IndexName: listing.indexName,
        KeyConditionExpression: '#listed = :listed',
        ExpressionAttributeNames: { '#listed': listing.partitionKey },
        ExpressionAttributeValues: { ':listed': value },
        Limit: limit,
        ...(after === undefined
          ? {}
          : { ExclusiveStartKey: { ...installationKey(after), [listing.partitionKey]: value } }),
      }),
    );
    const tenants = Items.map((item) => parseTenantKey(text(item, partitionKey)) ?? corrupt(partitionKey));
    return { tenants, isLast: LastEvaluatedKey === undefined };
  }

  async #update(tenant: Tenant, update: string, condition: string, values: Item): Promise<boolean> {
    const names = [...new Set([...`${update} ${condition}`.matchAll(/#(\w+)/g)].map(([, name = '']) => name))];
    try {
      await this.#client.send(
        new UpdateItemCommand({
          TableName: this.#tableName,
          Key: installationKey(tenant),
          UpdateExpression: update,
          ConditionExpression: condition,
          ExpressionAttributeNames: expressionNames(names),
          ExpressionAttributeValues: values,
        }),
      );
      return true;
    } catch (error) {
      if (isConditionFailure(error)) return false;
      throw error;
    }
  }
}
