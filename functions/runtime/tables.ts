import { Deliveries } from '../../shared/store/deliveries.ts';
import { createDynamoDb } from '../../shared/store/dynamodb.ts';
import { Installations } from '../../shared/store/installations.ts';
import { OfflineGrants } from '../../shared/store/offline-grants.ts';
import { openConnection } from '../../shared/store/open-connection.ts';
import { UserCache } from '../../shared/store/user-cache.ts';
import { isHanded, once, setting } from './settings.ts';

const dynamoDb = once(createDynamoDb);

// While the instance starts, beside the secrets.
if (isHanded('installationsTable')) void openConnection(dynamoDb());

export const installations = once(() => new Installations(dynamoDb(), setting('installationsTable')));

export const userCache = once(
  () =>
    new UserCache(dynamoDb(), {
      userCache: setting('userCacheTable'),
      installations: setting('installationsTable'),
    }),
);

export const offlineGrants = once(() => new OfflineGrants(dynamoDb(), setting('installationsTable')));

export const deliveries = once(() => new Deliveries(dynamoDb(), setting('deliveriesTable')));
