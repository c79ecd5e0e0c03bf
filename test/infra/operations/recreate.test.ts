import type {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { tableRepairs } from '../../../infra/operations/recreate/tables.ts';

type Asked = DescribeContinuousBackupsCommand | DescribeTableCommand | DescribeTimeToLiveCommand;

/** Tables that lack nothing but the protection. */
const documents = {
  send: (_asked: Asked) =>
    Promise.resolve({
      Table: { DeletionProtectionEnabled: false },
      TimeToLiveDescription: { AttributeName: 'expiresAt' },
      ContinuousBackupsDescription: { PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'ENABLED' } },
    }),
};

test('installations are protected from deletion again, unless their stage is to be thrown away', async () => {
  const tables = { installations: 'i', userCache: 'u', deliveries: 'd' };
  const repairs = async (isProtected: boolean) =>
    (await tableRepairs({ documents, tables } as never, true, isProtected)).map(({ what }) => what);
  expect(await repairs(true)).toEqual(['the deletion protection of the table of installations (i)']);
  expect(await repairs(false)).toEqual([]);
});
