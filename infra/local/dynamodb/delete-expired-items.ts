import { DeleteItemCommand, type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import type { TableDefinition } from './tables.ts';

/**
 * Does what DynamoDB's TTL does, once: it deletes late there too, so that the start of a run is soon enough
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html).
 */
export async function deleteExpiredItems(client: DynamoDBClient, table: TableDefinition): Promise<void> {
  const { name: TableName, keySchema, timeToLiveAttribute } = table;
  if (timeToLiveAttribute === undefined) return;
  const pages = paginateScan(
    { client },
    {
      TableName,
      FilterExpression: 'attribute_type(#ttl, :number) AND #ttl < :now',
      ExpressionAttributeNames: { '#ttl': timeToLiveAttribute },
      ExpressionAttributeValues: { ':number': { S: 'N' }, ':now': { N: String(Math.floor(Date.now() / 1000)) } },
    },
  );
  const keyNames = new Set(keySchema.map(({ AttributeName }) => AttributeName));
  for await (const { Items = [] } of pages) {
    for (const item of Items) {
      const Key = Object.fromEntries(Object.entries(item).filter(([attribute]) => keyNames.has(attribute)));
      await client.send(new DeleteItemCommand({ TableName, Key }));
    }
  }
}
