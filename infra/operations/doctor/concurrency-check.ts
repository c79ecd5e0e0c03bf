import { GetAccountSettingsCommand } from '@aws-sdk/client-lambda';
import { type AccountCheck, ok, unknown, wrong } from './examined.ts';

/**
 * Whether the worker leaves pages enough of what the account runs at once: many a new account runs ten functions, and Lambda takes
 * a worker that may be twenty of them.
 */
export const concurrencyCheck: AccountCheck = {
  name: 'concurrency',
  remedy: 'docs/capacity.md#the-accounts-concurrency',
  run: async ({ lambda }, { extension }) => {
    const { AccountLimit: limit } = await lambda.send(new GetAccountSettingsCommand({}));
    const all = limit?.UnreservedConcurrentExecutions ?? limit?.ConcurrentExecutions;
    if (all === undefined) return unknown('AWS does not say how many functions run at once');
    const { maxConcurrency } = extension.worker;
    const says = `${all} functions at once in this account, of which the worker may be ${maxConcurrency}`;
    if (2 * maxConcurrency <= all) return ok(says);
    const most = Math.max(2, Math.floor(all / 5));
    return wrong(
      says,
      `ask AWS for 1,000 (Service Quotas, Lambda, Concurrent executions), and set worker.maxConcurrency: ${most} until then; pages are refused otherwise while a schedule runs`,
    );
  },
};
