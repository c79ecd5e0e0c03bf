import {
  type AttributeDefinition,
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  type GlobalSecondaryIndex,
  type KeySchemaElement,
  ResourceNotFoundException,
  type TableDescription,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import type { AccessKey } from '../host/access.ts';
import { StartError } from '../host/start-error.ts';
import { region } from '../lambda/lambda-environment.ts';
import { deleteExpiredItems } from './delete-expired-items.ts';

/** A table as the template describes it. */
export interface TableDefinition {
  readonly logicalId: string;
  readonly name: string;
  readonly keySchema: KeySchemaElement[];
  readonly attributeDefinitions: AttributeDefinition[];
  readonly globalSecondaryIndexes: GlobalSecondaryIndex[];
  readonly timeToLiveAttribute: string | undefined;
}

/**
 * Creates the tables that are not there yet and waits until they can be used; the others keep what they hold, but for
 * what has expired.
 * @throws {StartError} where one is there with other keys or indexes.
 */
export async function createTables(
  endpoint: string,
  credentials: AccessKey,
  tables: readonly TableDefinition[],
  directory: string,
): Promise<void> {
  const client = new DynamoDBClient({ endpoint, region, credentials });
  try {
    for (const table of tables) {
      const existing = await describe(client, table.name);
      if (existing === undefined) {
        await create(client, table);
        continue;
      }
      if (shape(existing) !== shape(expected(table))) {
        throw new StartError(
          `The table ${table.logicalId} in ${directory} has other keys or indexes than the stack now has: delete that folder to begin again.`,
        );
      }
      await deleteExpiredItems(client, table);
    }
  } finally {
    client.destroy();
  }
}

async function describe(client: DynamoDBClient, name: string): Promise<TableDescription | undefined> {
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
    return Table;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

async function create(client: DynamoDBClient, table: TableDefinition): Promise<void> {
  await client.send(
    new CreateTableCommand({ ...expected(table), TableName: table.name, BillingMode: 'PAY_PER_REQUEST' }),
  );
  await waitUntilTableExists({ client, minDelay: 1, maxDelay: 1, maxWaitTime: 10 }, { TableName: table.name });
}

function expected(table: TableDefinition) {
  return {
    KeySchema: table.keySchema,
    AttributeDefinitions: table.attributeDefinitions,
    ...(table.globalSecondaryIndexes.length > 0 && {
      GlobalSecondaryIndexes: table.globalSecondaryIndexes.map(({ IndexName, KeySchema, Projection }) => ({
        IndexName,
        KeySchema,
        Projection,
      })),
    }),
  };
}

function shape(table: Pick<TableDescription, 'KeySchema' | 'AttributeDefinitions' | 'GlobalSecondaryIndexes'>): string {
  const keys = (schema: KeySchemaElement[] = []) =>
    schema.map(({ AttributeName, KeyType }) => [AttributeName, KeyType]);
  const types = (table.AttributeDefinitions ?? []).map(
    ({ AttributeName, AttributeType }) => `${AttributeName}:${AttributeType}`,
  );
  const indexes = (table.GlobalSecondaryIndexes ?? []).map(
    ({ IndexName, KeySchema }) => `${IndexName} ${JSON.stringify(keys(KeySchema))}`,
  );
  return JSON.stringify([keys(table.KeySchema), types.sort(), indexes.sort()]);
}
