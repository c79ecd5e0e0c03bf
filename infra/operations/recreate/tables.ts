import {
  CreateTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  ResourceNotFoundException,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { deliveriesTable, userCacheTable } from '../../../shared/contract.ts';
import { StartError } from '../../local/host/start-error.ts';
import type { OpenData } from '../open-data.ts';
import type { Repair } from './repair.ts';

interface TableShape {
  readonly name: string;
  /** For sentences. */
  readonly holds: string;
  /** Undefined: an empty one would be worse than none. */
  readonly keys: readonly string[] | undefined;
  readonly ttlAttribute?: string;
  readonly isProtected?: boolean;
}

function shapesOf({ tables }: Pick<OpenData, 'tables'>, isProtected: boolean): TableShape[] {
  const { partitionKey, sortKey, ttlAttribute } = userCacheTable;
  return [
    { name: tables.userCache, holds: 'stored responses', keys: [partitionKey, sortKey], ttlAttribute },
    {
      name: tables.deliveries,
      holds: 'handled events',
      keys: [deliveriesTable.partitionKey],
      ttlAttribute: deliveriesTable.ttlAttribute,
    },
    { name: tables.installations, holds: 'installations', keys: undefined, isProtected },
  ];
}

/**
 * What is to be done about the tables: each that was deleted is made again under its name, which the functions know; each
 * that was restored gets the settings that a restored table lacks. Nothing has been done yet.
 * @param hasSettings whether time to live, recovery and protection are this database's to have.
 * @param isProtected whether installations are protected from deletion, as the stage says.
 * @throws {StartError} where the installations are gone: they come back from their backup alone.
 */
export async function tableRepairs(
  data: Pick<OpenData, 'documents' | 'dynamoDb' | 'tables'>,
  hasSettings: boolean,
  isProtected: boolean,
): Promise<Repair[]> {
  const repairs: Repair[] = [];
  for (const shape of shapesOf(data, isProtected)) {
    const isThere = await exists(data, shape.name);
    if (!isThere && shape.keys === undefined) throw goneForGood(shape.name);
    if (!isThere)
      repairs.push({
        what: `the table of ${shape.holds} (${shape.name})`,
        losesRequests: true,
        run: () => create(data, shape, hasSettings),
      });
    else if (hasSettings) repairs.push(...(await settingRepairs(data, shape)));
  }
  return repairs;
}

function goneForGood(name: string): StartError {
  return new StartError(
    `The table of installations (${name}) is gone. Bring it back under this name from the backup that DynamoDB made when it was deleted (docs/loss.md), then run this again. Nothing was changed.`,
  );
}

async function exists({ documents }: Pick<OpenData, 'documents'>, TableName: string): Promise<boolean> {
  try {
    await documents.send(new DescribeTableCommand({ TableName }));
    return true;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return false;
    throw error;
  }
}

async function create(
  data: Pick<OpenData, 'documents' | 'dynamoDb'>,
  shape: TableShape,
  hasSettings: boolean,
): Promise<void> {
  const { name: TableName, keys = [] } = shape;
  await data.documents.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: keys.map((AttributeName, index) => ({ AttributeName, KeyType: index === 0 ? 'HASH' : 'RANGE' })),
      AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    }),
  );
  await waitUntilTableExists({ client: data.dynamoDb, minDelay: 1, maxDelay: 2, maxWaitTime: 300 }, { TableName });
  if (hasSettings) for (const { run } of await settingRepairs(data, shape)) await run();
}

async function settingRepairs({ documents }: Pick<OpenData, 'documents'>, shape: TableShape): Promise<Repair[]> {
  const { name: TableName, holds, ttlAttribute, isProtected = false } = shape;
  const repairs: Repair[] = [];
  const repair = (what: string, run: () => Promise<unknown>) =>
    repairs.push({ what: `${what} of the table of ${holds} (${TableName})`, run: async () => void (await run()) });
  const { Table: table } = await documents.send(new DescribeTableCommand({ TableName }));
  if (isProtected && table?.DeletionProtectionEnabled !== true) {
    repair('the deletion protection', () =>
      documents.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: true })),
    );
  }
  if (ttlAttribute !== undefined) {
    const { TimeToLiveDescription: ttl } = await documents.send(new DescribeTimeToLiveCommand({ TableName }));
    if (ttl?.AttributeName !== ttlAttribute) {
      const TimeToLiveSpecification = { AttributeName: ttlAttribute, Enabled: true };
      repair('the time to live', () =>
        documents.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification })),
      );
    }
  }
  const { ContinuousBackupsDescription: backups } = await documents.send(
    new DescribeContinuousBackupsCommand({ TableName }),
  );
  if (backups?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus !== 'ENABLED') {
    repair('the point-in-time recovery', () =>
      documents.send(
        new UpdateContinuousBackupsCommand({
          TableName,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        }),
      ),
    );
  }
  return repairs;
}
