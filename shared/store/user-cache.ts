import { hash } from 'node:crypto';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import * as v from 'valibot';
import { maxSessionHours } from '../config.ts';
import { installationsTable, userCacheTable } from '../contract.ts';
import type { LiveSession, SessionState } from '../session/live-session.ts';
import type { Session } from '../session/sessions.ts';
import { type Tenant, tenantKey } from '../tenant.ts';
import {
  type Change,
  type DocumentClient,
  integer,
  parseItem,
  projection,
  readTogether,
  sendOnce,
  updateItem,
} from './dynamodb.ts';
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

/** A stored response. Everything in it came from the platform in response to this owner's own token. */
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

/** What one round trip tells about a signed-in person and, where asked for, one stored response. */
export interface CacheView extends SessionState {
  readonly epoch: string | undefined;
  readonly entry: CacheEntry | undefined;
}

/** An item holds 400 KB, its attribute names included (DynamoDB's quota). */
export const maxEntryBytes = 390_000;

export const epochSortKey = '#epoch';
/**
 * The epoch outlives what it ends. A session that was signed out lives for 24 hours, and an entry that was stored before
 * the first write is fresh for as long (`maxTtlSeconds` of the platform's cache policy); what is stale is revalidated
 * with or without an epoch. The hour more is for responses that were on their way and for clocks that differ.
 */
export const epochTtlSeconds = (maxSessionHours + 1) * 3_600;

/** A finished response waits no longer for being stored. */
const maxPutMs = 1_000;

const key = v.object({ [userCacheTable.sortKey]: v.string() });
const epochItem = v.object({
  epoch: v.optional(v.string()),
  sessionsValidFromMs: v.optional(integer),
});
const entryItem = v.object({
  epoch: v.optional(v.string()),
  policy: v.string(),
  httpStatus: integer,
  body: v.instance(Uint8Array),
  coding: v.picklist(['identity', 'br']),
  [userCacheTable.ttlAttribute]: integer,
});

const gateProjection = projection(installationsTable.sessionAttributes);
const itemProjection = projection(userCacheTable.attributes);

export class UserCache {
  readonly #client: DocumentClient;
  readonly #tableName: string;
  readonly #installationsTableName: string;

  constructor(client: DocumentClient, tableNames: { userCache: string; installations: string }) {
    this.#client = client;
    this.#tableName = tableNames.userCache;
    this.#installationsTableName = tableNames.installations;
  }

  /** One consistent round trip: the installation's gate, the owner's epoch and, with `entryKey`, a stored response. */
  async view(owner: CacheOwner, entryKey?: string): Promise<CacheView> {
    const sortKeys = entryKey === undefined ? [epochSortKey] : [epochSortKey, entryKey];
    const found = await readTogether(this.#client, {
      [this.#installationsTableName]: { Keys: [installationKey(owner.tenant)], ...gateProjection },
      [this.#tableName]: { Keys: sortKeys.map((each) => itemKey(owner, each)), ...itemProjection },
    });
    const [gate] = found.get(this.#installationsTableName) ?? [];
    const items = new Map<string, unknown>();
    for (const item of found.get(this.#tableName) ?? []) {
      items.set(parseItem(key, item)[userCacheTable.sortKey], item);
    }
    const { epoch, sessionsValidFromMs } = parseItem(epochItem, items.get(epochSortKey) ?? {});
    const item = entryKey === undefined ? undefined : items.get(entryKey);
    return {
      installation: gate && parseInstallationGate(gate),
      epoch,
      signedOutAtMs: sessionsValidFromMs,
      entry: item === undefined ? undefined : parseEntry(item),
    };
  }

  /**
   * Stores a response, or does not: it is tried once and briefly, since the response is there and a person waits for it.
   * @throws where it was not stored.
   */
  async put(owner: CacheOwner, entryKey: string, entry: CacheEntry): Promise<void> {
    const { status, expiresAt, ...attributes } = entry;
    const Item = {
      ...itemKey(owner, entryKey),
      ...attributes,
      httpStatus: status,
      [userCacheTable.ttlAttribute]: expiresAt,
    };
    await sendOnce(this.#client, new PutCommand({ TableName: this.#tableName, Item }), maxPutMs);
  }

  /** Makes all of the owner's stored responses stale, also those that are being fetched at this moment. */
  async moveEpoch(owner: CacheOwner, now: Date): Promise<void> {
    await this.#updateEpochItem(owner, now, { set: { epoch: crypto.randomUUID() } });
  }

  /**
   * As `moveEpoch`, for a session of which nothing is known yet: only where there is an epoch to move, so that a session
   * of an installation that was erased leaves nothing behind. False where there is none, or where this person was signed
   * out since the session began: nothing is written then.
   */
  async moveEpochOf(session: Session, now: Date): Promise<boolean> {
    const owner = ownerOf(session);
    return await this.#moveSince(session, now, { [userCacheTable.partitionKey]: partitionOf(owner) });
  }

  /** The same for a session that counts, whether there is an epoch or not. */
  async beginEpochOf(session: LiveSession, now: Date): Promise<boolean> {
    return await this.#moveSince(session, now, {});
  }

  async #moveSince(session: Session, now: Date, expect: Change['expect']): Promise<boolean> {
    return await this.#updateEpochItem(ownerOf(session), now, {
      set: { epoch: crypto.randomUUID() },
      expect: { ...expect, sessionsValidFromMs: { absentOrBelow: session.signedInAtMs } },
    });
  }

  /** Ends all of this person's sessions that began until now, copies of their cookies included. */
  async signOut(session: LiveSession, now: Date): Promise<void> {
    await this.#updateEpochItem(ownerOf(session), now, { set: { sessionsValidFromMs: now.getTime() } });
  }

  async #updateEpochItem(owner: CacheOwner, now: Date, { set, expect = {} }: Change): Promise<boolean> {
    const expiresAt = Math.floor(now.getTime() / 1000) + epochTtlSeconds;
    return await updateItem(
      this.#client,
      { TableName: this.#tableName, Key: itemKey(owner, epochSortKey) },
      { set: { ...set, [userCacheTable.ttlAttribute]: expiresAt }, expect },
    );
  }
}

function itemKey(owner: CacheOwner, sortKey: string): Record<string, string> {
  return { [userCacheTable.partitionKey]: partitionOf(owner), [userCacheTable.sortKey]: sortKey };
}

/**
 * Names a person by a digest, 128 bits of it: no key holds an id, so that a sign-out can be remembered of somebody who
 * was erased, and no id can reach into another partition.
 */
export function partitionOf({ tenant, userId, generation }: CacheOwner): string {
  const owner = tenantKey(tenant);
  return `${owner}#user#${hash('sha256', `${owner} ${userId}`, 'base64url').slice(0, 22)}#g${generation}`;
}

/** Undefined where another version of this code stored it otherwise: as good as no entry. */
function parseEntry(item: unknown): CacheEntry | undefined {
  const parsed = v.safeParse(entryItem, item);
  if (!parsed.success) return undefined;
  const { epoch, httpStatus, ...entry } = parsed.output;
  return { ...entry, epoch, status: httpStatus };
}
