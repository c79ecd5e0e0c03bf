import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as v from 'valibot';
import { userCacheTable } from '../contract.ts';
import { maxAheadMs, type SharedCalls } from '../session/call-limiter.ts';
import { type DocumentClient, integer, parseItem, sendOnce, updateItem } from './dynamodb.ts';

const level = v.object({ usedUntilMs: integer });

/** Long after any debt is paid. DynamoDB deletes late, so that an old moment counts as none. */
const ttlSeconds = 3_600;

/** How busy people and companies are: an item each while they are, in the cache's table, with a moment and nothing else. */
export class CallLevels implements SharedCalls {
  readonly #client: DocumentClient;
  readonly #tableName: string;
  readonly #maxWaitMs: number;

  constructor(client: DocumentClient, tableName: string, maxWaitMs = 250) {
    this.#client = client;
    this.#tableName = tableName;
    this.#maxWaitMs = maxWaitMs;
  }

  /** One write; two where the item is new or its moment is past, as after a pause, or of a clock that is ahead. Somebody waits, and nothing rests on it: it is tried once and briefly. */
  async add(name: string, ms: number, now: Date): Promise<number> {
    const item = {
      TableName: this.#tableName,
      Key: { [userCacheTable.partitionKey]: name, [userCacheTable.sortKey]: '#calls' },
    };
    const expiresAt = Math.floor(now.getTime() / 1_000) + ttlSeconds;
    const { Attributes } = await sendOnce(
      this.#client,
      new UpdateCommand({
        ...item,
        UpdateExpression: 'ADD #usedUntilMs :ms SET #expiresAt = :expiresAt',
        ExpressionAttributeNames: { '#usedUntilMs': 'usedUntilMs', '#expiresAt': userCacheTable.ttlAttribute },
        ExpressionAttributeValues: { ':ms': ms, ':expiresAt': expiresAt },
        ReturnValues: 'UPDATED_NEW',
      }),
      this.#maxWaitMs,
    );
    const { usedUntilMs } = parseItem(level, Attributes);
    const aheadMs = usedUntilMs - now.getTime();
    if (aheadMs >= 0 && aheadMs <= maxAheadMs) return usedUntilMs;
    // Where somebody else begins at this moment, theirs counts: what is lost is ours alone.
    const begun = now.getTime() + ms;
    await updateItem(this.#client, item, { set: { usedUntilMs: begun }, expect: { usedUntilMs } });
    return begun;
  }
}
