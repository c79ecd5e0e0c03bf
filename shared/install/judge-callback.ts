import type { AccessMode } from '../config.ts';
import { equalInConstantTime } from '../equal-in-constant-time.ts';
import { AppError } from '../problems.ts';
import type { Transaction } from '../session/transactions.ts';
import { isSameTenant, type Tenant } from '../tenant.ts';

/** What names a sign-in where a browser comes back from the platform; undefined where the address does not say. */
export interface Callback {
  readonly state: string;
  readonly tenant: Tenant | undefined;
  readonly applicationId: string | undefined;
}

/**
 * Finds the transaction of a callback among those that the browser's cookies hold: for this very state (RFC 6749 §10.12),
 * compared in constant time, for this tenant and application, and begun under the access mode that still counts.
 * @param transactions those that opened: old and foreign ones are not among them.
 * @throws {AppError} `state_mismatch`.
 */
export function judgeCallback(
  callback: Callback,
  transactions: readonly Transaction[],
  accessMode: AccessMode,
): Transaction {
  const transaction = transactions.find(({ state }) => equalInConstantTime(callback.state, state));
  if (transaction === undefined || !isOf(transaction, callback) || transaction.accessMode !== accessMode) {
    throw stateMismatch();
  }
  return transaction;
}

function stateMismatch(): AppError {
  return new AppError('state_mismatch', 'This browser did not begin this sign-in, or it is already over.');
}

function isOf(transaction: Transaction, { tenant, applicationId }: Callback): boolean {
  return (
    (tenant === undefined || isSameTenant(tenant, transaction.tenant)) &&
    (applicationId === undefined || applicationId.toLowerCase() === transaction.applicationId?.toLowerCase())
  );
}
