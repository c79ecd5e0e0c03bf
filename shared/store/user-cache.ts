import {
  BatchGetItemCommand,
  type DynamoDBClient,
  type KeysAndAttributes,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { installationsTable, userCacheTable } from '../contract.ts';
import type { InstallationGate, LiveSession, SessionState } from '../session/live-session.ts';
import type { Session } from '../session/sessions.ts';
import { type Tenant, tenantKey } from '../tenant.ts';
import { corrupt, expressionNames, type Item, integer, optionalInteger, optionalText, text } from './dynamodb.ts';
import { installationKey, parseInstallationGate } from './installations.ts';

/** Whose cache: a person of a tenant, under one installation of it. Nothing is ever shared between two of these. */
export interface CacheOwner {
  readonly tenant: Tenant;
  readonly userId: string;
  readonly generation: number;
}

/** Whose cache a session reads; it need not be live for that. */
export function ownerOf({ tenant, user, generation }: Session): CacheOwner {
  return { tenant, userId: user.id, generation };
}

/** A cached answer. Everything in it came from the platform in answer to this owner's own token. */
export interface CacheEntry {
  /** The owner's epoch as the reader saw it before it asked the platform; another epoch makes the entry stale. */
  readonly epoch: string | undefined;
  /** The HTTP cache policy as JSON. It holds no request header. */
  readonly policy: string;
  readonly status: number;
  readonly body: Uint8Array;
  /** How `body` is compressed. */
  readonly coding: 'identity' | 'br';
  /** Epoch seconds; after that the entry is not used, whether DynamoDB has deleted it or not. */
  readonly expiresAt: number;
}

/** What one round trip tells about a signed-in person and, where asked for, one cached answer. */
export interface CacheView extends SessionState {
  readonly epoch: string | undefined;
  readonly entry: CacheEntry | undefined;
}

/** An item holds 400 KB, its attribute names included (DynamoDB's quota). */
export const maxEntryBytes = 390_000;

const epochSortKey = '#epoch';
/** The epoch outlives every entry and every session that it ends: browsers keep a cookie for at most 400 days. */
const epochTtlSeconds = 400 * 86_400;

/** DynamoDB asks for unprocessed keys again under load; after this many rounds the request fails. */
const maxBatchRounds = 5;

export class UserCache {
  readonly #client: Pick<DynamoDBClient, 'send'>;
  readonly #tableName: string;
  readonly #installationsTableName: string;

  constructor(client: Pick<DynamoDBClient, 'send'>, tableNames: { userCache: string; installations: string }) {
    this.#client = client;
    this.#tableName = tableNames.userCache;
    this.#installationsTableName = tableNames.installations;
  }

  /** One consistent round trip: the installation's gate, the owner's epoch and, with `entryKey`, a cached answer. */
  async view(owner: CacheOwner, entryKey?: string): Promise<CacheView> {
    const { partitionKey, sortKey } = userCacheTable;
    const sortKeys = entryKey === undefined ? [epochSortKey] : [epochSortKey, entryKey];
    let pending: Record<string, KeysAndAttributes> = {
      [this.#installationsTableName]: {
        Keys: [installationKey(owner.tenant)],
        ConsistentRead: true,
        ProjectionExpression: installationsTable.sessionAttributes.map((name) => `#${name}`).join(', '),
        ExpressionAttributeNames: expressionNames(installationsTable.sessionAttributes),
      },
      [this.#tableName]: {
        Keys: sortKeys.map((key) => ({ [partitionKey]: { S: partition(owner) }, [sortKey]: { S: key } })),
        ConsistentRead: true,
        ProjectionExpression: userCacheTable.attributes.map((name) => `#${name}`).join(', '),
        ExpressionAttributeNames: expressionNames(userCacheTable.attributes),
      },
    };
    let installation: InstallationGate | undefined;
    const items = new Map<string, Item>();
    for (let round = 0; ; round++) {
      const { Responses = {}, UnprocessedKeys = {} } = await this.#client.send(
        new BatchGetItemCommand({ RequestItems: pending }),
      );
      for (const item of Responses[this.#installationsTableName] ?? []) installation = parseInstallationGate(item);
      for (const item of Responses[this.#tableName] ?? []) items.set(text(item, sortKey), item);
      if (Object.keys(UnprocessedKeys).length === 0) break;
      if (round === maxBatchRounds) throw new Error('DynamoDB left keys unprocessed.');
      await new Promise((resolve) => setTimeout(resolve, 2 ** round * 20 * (0.5 + Math.random() / 2)));
      pending = UnprocessedKeys;
    }
    const epochItem = items.get(epochSortKey) ?? {};
    const entryItem = entryKey === undefined ? undefined : items.get(entryKey);
    return {
      installation,
      epoch: optionalText(epochItem, 'epoch'),
      signedOutAtMs: optionalInteger(epochItem, 'validFrom'),
      entry: entryItem === undefined ? undefined : parseEntry(entryItem),
    };
  }

  async put(owner: CacheOwner, entryKey: string, entry: CacheEntry): Promise<void> {
    const { partitionKey, sortKey, ttlAttribute } = userCacheTable;
    await this.#client.send(
      new PutItemCommand({
        TableName: this.#tableName,
        Item: {
          [partitionKey]: { S: partition(owner) },
          [sortKey]: { S: entryKey },
          ...(entry.epoch === undefined ? {} : { epoch: { S: entry.epoch } }),
          policy: { S: entry.policy },
          httpStatus: { N: String(entry.status) },
          body: { B: entry.body },
          coding: { S: entry.coding },
          [ttlAttribute]: { N: String(entry.expiresAt) },
        },
      }),
    );
  }

  /** Makes all of the owner's cached answers stale, also those that are being fetched at this moment. */
  async moveEpoch(owner: CacheOwner, now: Date): Promise<void> {
    await this.#updateEpochItem(owner, 'epoch', { S: crypto.randomUUID() }, now);
  }

  /** Ends all of this person's sessions that began until now, copies of their cookies included. */
  async signOut(session: LiveSession, now: Date): Promise<void> {
    await this.#updateEpochItem(ownerOf(session), 'validFrom', { N: String(now.getTime()) }, now);
  }

  async #updateEpochItem(owner: CacheOwner, attribute: string, value: Item[string], now: Date): Promise<void> {
    const { partitionKey, sortKey, ttlAttribute } = userCacheTable;
    await this.#client.send(
      new UpdateItemCommand({
        TableName: this.#tableName,
        Key: { [partitionKey]: { S: partition(owner) }, [sortKey]: { S: epochSortKey } },
        UpdateExpression: 'SET #attribute = :value, #ttl = :ttl',
        ExpressionAttributeNames: { '#attribute': attribute, '#ttl': ttlAttribute },
        ExpressionAttributeValues: {
          ':value': value,
          ':ttl': { N: String(Math.floor(now.getTime() / 1000) + epochTtlSeconds) },
        },
      }),
    );
  }
}

/** The user id is escaped, so that no id can reach into another partition. */
function partition({ tenant, userId, generation }: CacheOwner): string {
  return `${tenantKey(tenant)}#user#${encodeURIComponent(userId)}#g${generation}`;
}

function parseEntry(item: Item): CacheEntry {
  const coding = text(item, 'coding');
  if (coding !== 'identity' && coding !== 'br') return corrupt('coding');
  return {
    epoch: optionalText(item, 'epoch'),
    policy: text(item, 'policy'),
    status: integer(item, 'httpStatus'),
    body: item['body']?.B ?? corrupt('body'),
    coding,
    expiresAt: integer(item, userCacheTable.ttlAttribute),
  };
}
