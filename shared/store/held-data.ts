import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  BatchWriteCommand,
  type BatchWriteCommandInput,
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  paginateQuery,
  paginateScan,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import * as v from 'valibot';
import { deliveriesTable, installationsTable, userCacheTable } from '../contract.ts';
import { parseTenantKey, type Tenant, tenantKey } from '../tenant.ts';
import { type Change, integer, projection, update, updateItem } from './dynamodb.ts';
import { installationKey } from './installations.ts';
import { epochSortKey, epochTtlSeconds, partitionOf } from './user-cache.ts';

/** An item as it is stored. */
export type HeldItem = Readonly<Record<string, unknown>>;

/** A tenant's row, without its token: whether it has one is all that is told of it. */
export interface HeldInstallation {
  readonly tenant: Tenant;
  readonly hasToken: boolean;
  readonly attributes: HeldItem;
}

/** A stored token, sealed, and what a write in its place must still find. */
export interface HeldToken {
  readonly tenant: Tenant;
  readonly generation: number;
  readonly version: number;
  readonly sealedToken: string;
}

/** The physical names of the template's tables. */
export interface TableNames {
  readonly installations: string;
  readonly userCache: string;
  readonly deliveries: string;
}

/** What is kept of an erased installation: that it is over, since when, and which sessions and messages that ends. */
const tombstone = new Set([
  installationsTable.partitionKey,
  'generation',
  'version',
  'status',
  'sessionsValidFromMs',
  'blockedAtMs',
  'uninstalledAt',
  'updatedAt',
]);

/**
 * Everything that the template's tables hold of a tenant or a person, for whoever operates them. No function uses this:
 * the cache and the deliveries have no index by tenant, so that both are read from end to end.
 */
export class HeldData {
  readonly #client: DynamoDBDocumentClient;
  readonly #tables: TableNames;

  constructor(client: DynamoDBDocumentClient, tables: TableNames) {
    this.#client = client;
    this.#tables = tables;
  }

  /** Every row, of companies and organizations, also of those that have uninstalled; in no order. */
  async *installations(): AsyncGenerator<HeldInstallation> {
    const pages = paginateScan({ client: this.#client }, { TableName: this.#tables.installations });
    for await (const { Items = [] } of pages) yield* Items.flatMap((item) => toHeld(item) ?? []);
  }

  /** Every stored token, of companies and organizations, whether its grant still works or not; in no order. */
  async *tokens(): AsyncGenerator<HeldToken> {
    const { ExpressionAttributeNames, ProjectionExpression } = projection(tokenAttributes);
    const pages = paginateScan(
      { client: this.#client },
      {
        TableName: this.#tables.installations,
        ConsistentRead: true,
        FilterExpression: 'attribute_exists(#token)',
        ProjectionExpression,
        ExpressionAttributeNames,
      },
    );
    for await (const { Items = [] } of pages) yield* Items.flatMap((item) => toHeldToken(item) ?? []);
  }

  /**
   * Puts the same token, sealed otherwise, in the place of this very one. Nothing else of the row moves: who is refreshing it
   * has the lease as before, and writes over this. False where the row has moved on.
   */
  async replaceToken({ tenant, generation, version, sealedToken }: HeldToken, sealedAnew: string): Promise<boolean> {
    return await updateItem(
      this.#client,
      { TableName: this.#tables.installations, Key: installationKey(tenant) },
      {
        set: { [installationsTable.tokenAttribute]: sealedAnew },
        expect: { generation, version, [installationsTable.tokenAttribute]: sealedToken },
      },
    );
  }

  /** As of now; undefined where the tenant never installed, or its row was removed. */
  async installation(tenant: Tenant): Promise<HeldInstallation | undefined> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#tables.installations, Key: installationKey(tenant), ConsistentRead: true }),
    );
    return Item && toHeld(Item);
  }

  /** A person's items in the cache, under every generation up to this one. */
  async *cachedOf(tenant: Tenant, userId: string, generation: number): AsyncGenerator<HeldItem> {
    for (let each = 1; each <= generation; each++) {
      const pages = paginateQuery(
        { client: this.#client },
        {
          TableName: this.#tables.userCache,
          ConsistentRead: true,
          KeyConditionExpression: '#pk = :pk',
          ExpressionAttributeNames: { '#pk': userCacheTable.partitionKey },
          ExpressionAttributeValues: { ':pk': partitionOf({ tenant, userId, generation: each }) },
        },
      );
      for await (const { Items = [] } of pages) yield* Items;
    }
  }

  /** Everybody's items in the cache, and how busy they all are together. */
  cached(tenant: Tenant, keysOnly: boolean): AsyncGenerator<HeldItem> {
    const keys = keysOnly ? [userCacheTable.partitionKey, userCacheTable.sortKey] : undefined;
    return this.#of(tenant, this.#tables.userCache, 'user#', keys);
  }

  /** What was noted of events that were handled. */
  deliveries(tenant: Tenant): AsyncGenerator<HeldItem> {
    return this.#of(tenant, this.#tables.deliveries, '', undefined);
  }

  /**
   * Ends the installation and leaves nothing of it but a tombstone: one write, which ends every session first of all.
   * False where somebody wrote meanwhile; nothing was changed then.
   * @param kept attributes that stay beside the tombstone's.
   */
  async leaveTombstone({ tenant, attributes }: HeldInstallation, now: Date, kept: readonly string[]): Promise<boolean> {
    const { generation, version, status, sessionsValidFromMs, uninstalledAt } = attributes;
    const isOver = status === 'uninstalled';
    const seconds = Math.floor(now.getTime() / 1000);
    // A row that was damaged is erased like any other.
    const after = (count: unknown) => (v.is(integer, count) ? count + 1 : 1);
    return await updateItem(
      this.#client,
      { TableName: this.#tables.installations, Key: installationKey(tenant) },
      {
        set: {
          status: 'uninstalled',
          sessionsValidFromMs: isOver && sessionsValidFromMs !== undefined ? undefined : now.getTime(),
          generation: isOver ? undefined : after(generation),
          version: after(version),
          uninstalledAt: isOver ? (uninstalledAt ?? seconds) : seconds,
          updatedAt: seconds,
        },
        // The token is not among what was read.
        remove: [
          installationsTable.tokenAttribute,
          ...Object.keys(attributes).filter((name) => !tombstone.has(name) && !kept.includes(name)),
        ],
        expect: { generation: comparable(generation), version: comparable(version) },
      },
    );
  }

  /** Removes the tombstone. False where somebody wrote meanwhile. */
  async removeTombstone({ tenant, attributes }: HeldInstallation): Promise<boolean> {
    try {
      await this.#client.send(
        new DeleteCommand({
          TableName: this.#tables.installations,
          Key: installationKey(tenant),
          ConditionExpression: '#version = :version AND #status = :status',
          ExpressionAttributeNames: { '#version': 'version', '#status': 'status' },
          ExpressionAttributeValues: { ':version': attributes['version'], ':status': 'uninstalled' },
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  /** Ends the tenant's sessions that began until now. False where there is no such row. */
  async endSessions(tenant: Tenant, now: Date): Promise<boolean> {
    return await this.#updateRow(tenant, { set: { sessionsValidFromMs: now.getTime() } });
  }

  /** Keeps a tenant out from now on: people, background work, storefronts. False where there is no such row. */
  async block(tenant: Tenant, now: Date): Promise<boolean> {
    return await this.#updateRow(tenant, { set: { blockedAtMs: now.getTime(), updatedAt: seconds(now) } });
  }

  /** Lets a tenant in again. False where there is no such row. */
  async unblock(tenant: Tenant, now: Date): Promise<boolean> {
    return await this.#updateRow(tenant, { set: { updatedAt: seconds(now) }, remove: ['blockedAtMs'] });
  }

  async #updateRow(tenant: Tenant, change: Change): Promise<boolean> {
    const key = installationKey(tenant);
    const item = { TableName: this.#tables.installations, Key: key };
    return await updateItem(this.#client, item, { ...change, expect: { ...key, ...change.expect } });
  }

  /**
   * Forgets a token: nothing works for the tenant in the background until its next launch, which asks for the grant again. A
   * refresh that is under way is lost. False where the row has moved on.
   */
  async dropToken({ tenant, generation, version }: HeldToken, now: Date): Promise<boolean> {
    return await this.#updateRow(tenant, {
      set: { version: version + 1, status: 'reauthorize', updatedAt: seconds(now) },
      remove: [installationsTable.tokenAttribute, 'leasedVersion', 'retryFrom', 'attempt', 'refreshingSinceMs'],
      expect: { generation, version },
    });
  }

  /** Ends a person's sessions that began until now. @returns when the mark itself ends, in epoch seconds. */
  async endSessionsOf(tenant: Tenant, userId: string, generation: number, now: Date): Promise<number> {
    const expiresAt = Math.floor(now.getTime() / 1000) + epochTtlSeconds;
    const Key = {
      [userCacheTable.partitionKey]: partitionOf({ tenant, userId, generation }),
      [userCacheTable.sortKey]: epochSortKey,
    };
    const set = { sessionsValidFromMs: now.getTime(), [userCacheTable.ttlAttribute]: expiresAt };
    await this.#client.send(new UpdateCommand({ TableName: this.#tables.userCache, Key, ...update({ set }) }));
    return expiresAt;
  }

  /** Deletes items of the cache or of the deliveries; those that are not there any more count too. */
  async remove(from: 'userCache' | 'deliveries', items: AsyncIterable<HeldItem>): Promise<number> {
    let count = 0;
    let batch: HeldItem[] = [];
    for await (const item of items) {
      batch.push(item);
      if (batch.length < maxBatchItems) continue;
      await this.#removeBatch(from, batch.splice(0));
      count += maxBatchItems;
    }
    if (batch.length > 0) await this.#removeBatch(from, batch);
    return count + batch.length;
  }

  async #removeBatch(from: 'userCache' | 'deliveries', items: readonly HeldItem[]): Promise<void> {
    const keys =
      from === 'userCache' ? [userCacheTable.partitionKey, userCacheTable.sortKey] : [deliveriesTable.partitionKey];
    const deletes = items.map((item) => ({
      DeleteRequest: { Key: Object.fromEntries(keys.map((name) => [name, item[name]])) },
    }));
    let pending: BatchWriteCommandInput['RequestItems'] = { [this.#tables[from]]: deletes };
    for (let round = 0; Object.keys(pending ?? {}).length > 0; round++) {
      if (round > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(5_000, 2 ** round * 50)));
      ({ UnprocessedItems: pending } = await this.#client.send(new BatchWriteCommand({ RequestItems: pending })));
    }
  }

  async *#of(tenant: Tenant, TableName: string, kind: string, keys: string[] | undefined): AsyncGenerator<HeldItem> {
    const pages = paginateScan(
      { client: this.#client },
      {
        TableName,
        ConsistentRead: true,
        FilterExpression: 'begins_with(#pk, :beginning) OR #pk = :own',
        ...(keys && { ProjectionExpression: keys.map((name) => (name === 'pk' ? '#pk' : name)).join(', ') }),
        ExpressionAttributeNames: { '#pk': 'pk' },
        ExpressionAttributeValues: { ':beginning': `${tenantKey(tenant)}#${kind}`, ':own': tenantKey(tenant) },
      },
    );
    for await (const { Items = [] } of pages) yield* Items;
  }
}

/** What DynamoDB takes at once. */
const maxBatchItems = 25;

/** An attribute for a condition; undefined where it must be missing. @throws where it is neither a text nor a number. */
function comparable(value: unknown): string | number | undefined {
  return v.parse(v.optional(v.union([v.string(), v.number()])), value);
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

const tokenAttributes = [
  installationsTable.partitionKey,
  'generation',
  'version',
  installationsTable.tokenAttribute,
] as const;
const tokenRow = v.object({ generation: integer, version: integer, token: v.string() });

/** Undefined where there is none, or where it cannot be read: one row must not stand in the way of the others. */
function toHeldToken(item: HeldItem): HeldToken | undefined {
  const tenant = parseTenantKey(String(item[installationsTable.partitionKey]));
  const parsed = v.safeParse(tokenRow, item);
  if (tenant === undefined || !parsed.success) return undefined;
  const { token, ...row } = parsed.output;
  return { tenant, ...row, sealedToken: token };
}

function toHeld(item: HeldItem): HeldInstallation | undefined {
  const tenant = parseTenantKey(String(item[installationsTable.partitionKey]));
  const { [installationsTable.tokenAttribute]: token, ...attributes } = item;
  return tenant && { tenant, hasToken: token !== undefined, attributes };
}
