import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import * as v from 'valibot';
import { deliveriesTable } from '../contract.ts';
import { type Tenant, tenantKey } from '../tenant.ts';
import { type DocumentClient, integer, parseItem } from './dynamodb.ts';

/** An event is old after 30 days; a record outlives that by a day, whatever the clocks say. */
const keepSeconds = 31 * 86_400;

const record = v.object({ [deliveriesTable.ttlAttribute]: v.optional(integer, 0) });

/**
 * Which events were handled. The queue forgets after five minutes what it has seen; this does not. A record is
 * made only when the handler has finished: a crash in the middle runs it again.
 */
export class Deliveries {
  readonly #client: DocumentClient;
  readonly #tableName: string;

  constructor(client: DocumentClient, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
  }

  async isHandled(tenant: Tenant, digest: string, now: Date): Promise<boolean> {
    const { Item: item } = await this.#client.send(
      new GetCommand({ TableName: this.#tableName, Key: key(tenant, digest), ConsistentRead: true }),
    );
    return item !== undefined && parseItem(record, item)[deliveriesTable.ttlAttribute] > now.getTime() / 1000;
  }

  async recordHandled(tenant: Tenant, digest: string, now: Date): Promise<void> {
    const expiresAt = Math.floor(now.getTime() / 1000) + keepSeconds;
    await this.#client.send(
      new PutCommand({
        TableName: this.#tableName,
        Item: { ...key(tenant, digest), [deliveriesTable.ttlAttribute]: expiresAt },
      }),
    );
  }
}

function key(tenant: Tenant, digest: string) {
  return { [deliveriesTable.partitionKey]: `${tenantKey(tenant)}#${digest}` };
}
