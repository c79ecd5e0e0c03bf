import { BatchGetItemCommand, type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { installationsTable } from '../contract.ts';
import type { InstallationGate, InstallationStatus } from '../session/live-session.ts';
import { companyOf, parseTenantKey, type Tenant, tenantKey } from '../tenant.ts';
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
}

/** The offline grant as it is kept: sealed, and bound to its row. */
export interface StoredTokenSet {
  readonly sealedToken: string;
  readonly scopes: readonly string[];
  /** Epoch seconds. */
  readonly accessTokenExpiresAt: number;
  /** Epoch seconds from which a refresh is worth it. */
  readonly refreshFrom: number;
}

export function installationKey(tenant: Tenant): Item {
  return { [installationsTable.partitionKey]: { S: tenantKey(tenant) } };
}

/** Installed companies are listed by partition, so that none of them grows hot. */
function listingPartition(tenant: Tenant): string {
  return `installed#${Number(companyOf(tenant).slice(-6)) % installationsTable.listing.partitions}`;
}

/** DynamoDB may answer a part of a batch; the rest is asked for again. */
const maxBatchReads = 5;

export class Installations {
  readonly #client: Pick<DynamoDBClient, 'send'>;
  readonly #tableName: string;

  constructor(client: Pick<DynamoDBClient, 'send'>, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
  }

  /** The installation as of now (a consistent read); undefined where the tenant never installed. */
  async find(tenant: Tenant): Promise<Installation | undefined> {
    const { Item: item } = await this.#client.send(
      new GetItemCommand({
        TableName: this.#tableName,
        Key: installationKey(tenant),
        ConsistentRead: true,
        ProjectionExpression: installationsTable.callbackAttributes.map((name) => `#${name}`).join(', '),
        ExpressionAttributeNames: expressionNames(installationsTable.callbackAttributes),
      }),
    );
    return item && parseInstallation(tenant, item);
  }

  /**
   * The installations of up to 100 tenants, in any order and eventually consistent. Rows that are not there are left out,
   * and those that cannot be read: they must not stand in the way of the others.
   * @throws where DynamoDB leaves out some of them again and again.
   */
  async findAll(tenants: readonly Tenant[]): Promise<Installation[]> {
    const items: Item[] = [];
    let keys: Item[] = tenants.map(installationKey);
    for (let attempt = 1; keys.length > 0; attempt++) {
      if (attempt > maxBatchReads) throw new Error('DynamoDB left out items of a batch again and again.');
      const { Responses, UnprocessedKeys } = await this.#client.send(
        new BatchGetItemCommand({
          RequestItems: {
            [this.#tableName]: {
              Keys: keys,
              ProjectionExpression: installationsTable.callbackAttributes.map((name) => `#${name}`).join(', '),
              ExpressionAttributeNames: expressionNames(installationsTable.callbackAttributes),
            },
          },
        }),
      );
      items.push(...(Responses?.[this.#tableName] ?? []));
      keys = UnprocessedKeys?.[this.#tableName]?.Keys ?? [];
    }
    return items.flatMap((item) => {
      try {
        const tenant = parseTenantKey(text(item, installationsTable.partitionKey));
        return tenant === undefined ? [] : [parseInstallation(tenant, item)];
      } catch {
        return [];
      }
    });
  }

  /**
   * Makes the tenant installed, in one write: the old installation is there until it succeeds, the new one afterwards.
   * `seen` is the row that the decision rests on. False where somebody else wrote in the meantime; nothing changed then.
   */
  async save(
    tenant: Tenant,
    seen: Installation | undefined,
    next: { generation: number; grant: StoredTokenSet | undefined; now: Date },
  ): Promise<boolean> {
    const now = { N: String(Math.floor(next.now.getTime() / 1000)) };
    const isNewGeneration = seen?.generation !== next.generation;
    const set: Item = {
      generation: { N: String(next.generation) },
      version: { N: String((seen?.version ?? 0) + 1) },
      status: { S: 'installed' },
      listed: { S: listingPartition(tenant) },
      updatedAt: now,
      ...(isNewGeneration ? { installedAtMs: { N: String(next.now.getTime()) } } : {}),
      ...(next.grant === undefined
        ? {}
        : {
            token: { S: next.grant.sealedToken },
            scopes: { L: next.grant.scopes.map((scope) => ({ S: scope })) },
            accessTokenExpiresAt: { N: String(next.grant.accessTokenExpiresAt) },
            refreshFrom: { N: String(next.grant.refreshFrom) },
          }),
    };
    const withoutGrant = ['token', 'scopes', 'accessTokenExpiresAt', 'refreshFrom'];
    const remove = ['refreshingSinceMs', ...(next.grant === undefined ? withoutGrant : [])];
    const update = [
      `SET ${Object.keys(set)
        .map((name) => `#${name} = :${name}`)
        .join(', ')}`,
      `REMOVE ${remove.map((name) => `#${name}`).join(', ')}`,
    ].join(' ');
    try {
      await this.#client.send(
        new UpdateItemCommand({
          TableName: this.#tableName,
          Key: installationKey(tenant),
          UpdateExpression: update,
          ConditionExpression:
            seen === undefined
              ? 'attribute_not_exists(#pk)'
              : '#version = :seenVersion AND #generation = :seenGeneration',
          ExpressionAttributeNames: expressionNames([
            ...Object.keys(set),
            ...remove,
            ...(seen === undefined ? [installationsTable.partitionKey] : []),
          ]),
          ExpressionAttributeValues: {
            ...Object.fromEntries(Object.entries(set).map(([name, value]) => [`:${name}`, value])),
            ...(seen === undefined
              ? {}
              : { ':seenVersion': { N: String(seen.version) }, ':seenGeneration': { N: String(seen.generation) } }),
          },
          ReturnValues: 'NONE',
        }),
      );
      return true;
    } catch (error) {
      if (isConditionFailure(error)) return false;
      throw error;
    }
  }
}

function parseInstallation(tenant: Tenant, item: Item): Installation {
  return {
    tenant,
    generation: integer(item, 'generation'),
    version: integer(item, 'version'),
    status: parseStatus(item),
    scopes: stringList(item, 'scopes'),
    installedAtMs: optionalInteger(item, 'installedAtMs') ?? 0,
    announced: optionalText(item, 'announced'),
    registered: optionalText(item, 'registered'),
    refreshingSinceMs: optionalInteger(item, 'refreshingSinceMs'),
  };
}

/** Reads the attributes that gate a session out of a stored row. */
export function parseInstallationGate(item: Item): InstallationGate {
  return {
    generation: integer(item, 'generation'),
    status: parseStatus(item),
    sessionsValidFromMs: optionalInteger(item, 'sessionsValidFromMs'),
  };
}

export function parseStatus(item: Item): InstallationStatus {
  const status = text(item, 'status');
  return statuses.find((each) => each === status) ?? corrupt('status');
}
