import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { deliveriesTable } from '../contract.ts';
import { type Tenant, tenantKey } from '../tenant.ts';
import { optionalInteger } from './dynamodb.ts';

/** An event is old after 30 days; a record outlives that by a day, whatever the clocks say. */
const keepSeconds = 31 * 86_400;

/**
 * Which events were handled. The queue forgets after five minutes what it has seen; this does not. A record is
 * made only when the handler has finished: a crash in the middle runs it again.
 */
export class Deliveries {
  readonly #client: Pick<DynamoDBClient, 'send'>;
  readonly #tableName: string;

  constructor(client: Pick<DynamoDBClient, 'send'>, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
  }

  async isHandled(tenant: Tenant, digest: string, now: Date): Promise<boolean> {
    const { Item: item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#tableName, Key: key(tenant, digest), ConsistentRead: true }),
    );
    return item !== undefined && (optionalInteger(item, deliveriesTable.ttlAttribute) ?? 0) > now.getTime() / 1000;
  }

  async recordHandled(tenant: Tenant, digest: string, now: Date): Promise<void> {
    const expiresAt = Math.floor(now.getTime() / 1000) + keepSeconds;
    await this.#client.send(
      new PutItemCommand({
        TableName: this.#tableName,
        Item: { ...key(tenant, digest), [deliveriesTable.ttlAttribute]: { N: String(expiresAt) } },
      }),
    );
  }
}

function key(tenant: Tenant, digest: string) {
  return { [deliveriesTable.partitionKey]: { S: `${tenantKey(tenant)}#${digest}` } };
}
