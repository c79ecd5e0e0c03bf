import { describe, expect, test } from 'vitest';
import { judgeCallback } from '../../../shared/install/judge-callback.ts';
import type { Transaction } from '../../../shared/session/transactions.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { noon } from '../fixture/extension.ts';
import { problemOf } from '../fixture/problem.ts';

const applicationId = '0123456789abcdef0123abcd';
const transaction: Transaction = {
  state: 'CANARY-state',
  tenant: companyTenant('1'),
  applicationId,
  redirectPath: undefined,
  accessMode: 'offline',
  installEvent: false,
  startedAtMs: noon.getTime(),
};
const callback = { state: 'CANARY-state', tenant: companyTenant('1'), applicationId };

describe('a callback', () => {
  for (const [what, changes] of [
    ['all that its transaction has', {}],
    ['no tenant, as errors may', { tenant: undefined }],
    ['no application', { applicationId: undefined }],
    ['its application in other letters', { applicationId: applicationId.toUpperCase() }],
  ] as const) {
    test(`that names ${what} is that of its transaction`, () => {
      expect(judgeCallback({ ...callback, ...changes }, [transaction], 'offline')).toBe(transaction);
    });
  }

  test('finds its transaction beside others whose cookie has the same name', () => {
    const other = { ...transaction, state: 'CANARY-s-other' };
    expect(judgeCallback(callback, [other, transaction], 'offline')).toBe(transaction);
  });

  for (const [what, changes] of [
    ['another state', { state: 'CANARY-statf' }],
    ['another company', { tenant: companyTenant('2') }],
    ['an organization with the same id', { tenant: { kind: 'organization', id: '1' } }],
    ['another application', { applicationId: '0123456789abcdef01234567' }],
  ] as const) {
    test(`that names ${what} is a state_mismatch`, async () => {
      const refusal = await problemOf(() => judgeCallback({ ...callback, ...changes }, [transaction], 'offline'));
      expect(refusal).toMatchObject({ code: 'state_mismatch', status: 400 });
      expect(refusal.message).not.toContain('CANARY');
    });
  }

  test('that names an application where its transaction has none is a state_mismatch', async () => {
    const bare = { ...transaction, applicationId: undefined };
    expect(await problemOf(() => judgeCallback(callback, [bare], 'offline'))).toMatchObject({ code: 'state_mismatch' });
  });

  test('of a transaction from before the access mode changed, or of none, is a state_mismatch', async () => {
    for (const transactions of [[transaction], []]) {
      expect(await problemOf(() => judgeCallback(callback, transactions, 'online'))).toMatchObject({
        code: 'state_mismatch',
      });
    }
  });
});
