import { environment } from '../../shared/contract.ts';
import { AppError } from '../../shared/problems.ts';
import { CallLimiter } from '../../shared/session/call-limiter.ts';
import { CallLevels } from '../../shared/store/call-levels.ts';
import { Deliveries } from '../../shared/store/deliveries.ts';
import { createDynamoDb } from '../../shared/store/dynamodb.ts';
import { Installations } from '../../shared/store/installations.ts';
import { OfflineGrants } from '../../shared/store/offline-grants.ts';
import { openConnection } from '../../shared/store/open-connection.ts';
import { UserCache } from '../../shared/store/user-cache.ts';
import { isHanded, once, setting } from './settings.ts';

// Marked as pure, each is left out of the bundles of functions that do not use it: three to five kilobytes.

/**
 * DynamoDB, with plain values, for tables of the author's own too: one client, whose connections all share. What
 * DynamoDB throttles or does not answer is `try_again`.
 */
export const dynamoDb = /* @__PURE__ */ once(createDynamoDb);

/**
 * The name of a table of the author's own, from the variable that infra/own-resources.ts hands to the function.
 * @throws {AppError} `internal` where there is no such variable, or it is one of the template's.
 * @public for extensions
 */
export function table(variable: string): string {
  if (Object.values<string>(environment).includes(variable)) {
    throw new AppError('internal', `${variable} is the template's own: its tables are not for handlers.`);
  }
  const name = process.env[variable];
  if (name) return name;
  throw new AppError(
    'internal',
    `This function has no ${variable}: infra/own-resources.ts hands it over, with addEnvironment('${variable}', …).`,
  );
}

// While the instance starts, beside the secrets.
if (isHanded('installationsTable')) void openConnection(dynamoDb());

export const installations = /* @__PURE__ */ once(() => new Installations(dynamoDb(), setting('installationsTable')));

export const userCache = /* @__PURE__ */ once(
  () =>
    new UserCache(dynamoDb(), {
      userCache: setting('userCacheTable'),
      installations: setting('installationsTable'),
    }),
);

/** Keeps its counts while this instance lives. */
export const callLimiter = /* @__PURE__ */ once(
  () => new CallLimiter(new CallLevels(dynamoDb(), setting('userCacheTable'))),
);

export const offlineGrants = /* @__PURE__ */ once(() => new OfflineGrants(dynamoDb(), setting('installationsTable')));

export const deliveries = /* @__PURE__ */ once(() => new Deliveries(dynamoDb(), setting('deliveriesTable')));
