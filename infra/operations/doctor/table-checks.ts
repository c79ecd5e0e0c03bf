import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-dynamodb';
import { deliveriesTable, installationsTable, userCacheTable } from '../../../shared/contract.ts';
import { type AccountCheck, type Check, type Examined, judged, ok } from './examined.ts';

type Table = keyof Examined['data']['tables'];

/** What each table must have besides its items. */
const tables: Readonly<Record<Table, { readonly ttlAttribute?: string; readonly index?: string }>> = {
  installations: { index: installationsTable.listing.indexName },
  userCache: { ttlAttribute: userCacheTable.ttlAttribute },
  deliveries: { ttlAttribute: deliveriesTable.ttlAttribute },
};

/** Whether the tables are there. */
export const tableChecks: readonly Check[] = [
  {
    name: 'tables',
    remedy: 'docs/runbook.md says how a table that is lost comes back; npm run deploy makes an index again',
    run: async ({ data }) => {
      const faults = await ofEachTable(async (table, { index }) => {
        const name = data.tables[table];
        const { Table: found } = await data.dynamoDb.send(new DescribeTableCommand({ TableName: name }));
        if (found?.TableStatus !== 'ACTIVE') return `${name} is ${found?.TableStatus}`;
        if (index === undefined) return undefined;
        const made = found.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === index);
        // Engines on this machine have one at once, and may not say its status.
        const status = made && (made.IndexStatus ?? 'ACTIVE');
        return status === 'ACTIVE' ? undefined : `the index ${index} of ${name} is ${status ?? 'missing'}`;
      }, data);
      return judged(faults, 'all three are active, and so is the index of companies');
    },
  },
];

/** What only AWS does for tables: engines on this machine have none of it. */
export const tableSettingChecks: readonly AccountCheck[] = [
  {
    name: 'time to live',
    remedy: 'aws dynamodb update-time-to-live, or npm run deploy: what has expired is never deleted',
    run: async (_account, { data }) => {
      const faults = await ofEachTable(async (table, { ttlAttribute }) => {
        if (ttlAttribute === undefined) return undefined;
        const TableName = data.tables[table];
        const { TimeToLiveDescription: ttl } = await data.dynamoDb.send(new DescribeTimeToLiveCommand({ TableName }));
        const isOn = ['ENABLED', 'ENABLING'].includes(ttl?.TimeToLiveStatus ?? '');
        if (!isOn) return `${TableName} deletes nothing that has expired`;
        return ttl?.AttributeName === ttlAttribute
          ? undefined
          : `${TableName} goes by ${ttl?.AttributeName}, and not by ${ttlAttribute}`;
      }, data);
      return judged(faults, 'both tables with items that expire delete them');
    },
  },
  {
    name: 'recovery',
    remedy: 'npm run deploy; what was switched off by hand, switch on again',
    run: async (_account, { data, extension }) => {
      if (extension.stage?.protected === false) return ok('the stage may lose its data: protected is false');
      const faults = await Promise.all(
        Object.values(data.tables).map(async (TableName) => {
          const { ContinuousBackupsDescription: backups } = await data.dynamoDb.send(
            new DescribeContinuousBackupsCommand({ TableName }),
          );
          const isOn = backups?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus === 'ENABLED';
          return isOn ? [] : [`${TableName} cannot be restored to an earlier moment`];
        }),
      );
      const TableName = data.tables.installations;
      const { Table } = await data.dynamoDb.send(new DescribeTableCommand({ TableName }));
      if (!Table?.DeletionProtectionEnabled)
        faults.push([`${TableName} may be deleted by anybody who may delete tables`]);
      return judged(faults.flat(), 'each table can be restored, and the installations are protected');
    },
  },
];

async function ofEachTable(
  faultOf: (table: Table, wanted: (typeof tables)[Table]) => Promise<string | undefined>,
  data: Examined['data'],
): Promise<string[]> {
  const faults = await Promise.all(
    (Object.keys(tables) as Table[]).map((table) =>
      faultOf(table, tables[table]).catch((error: unknown) => {
        if (error instanceof ResourceNotFoundException) return `${data.tables[table]} does not exist`;
        throw error;
      }),
    ),
  );
  return faults.filter((fault) => fault !== undefined);
}
