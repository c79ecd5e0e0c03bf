import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createTables } from '../infra/local/dynamodb/tables.ts';
import { region } from '../infra/local/lambda/lambda-environment.ts';
import type { Extension } from '../shared/config.ts';
import { deliveriesTable, environment, installationsTable, userCacheTable } from '../shared/contract.ts';
import { platformPath } from '../shared/fynd/platform-path.ts';
import { deadlineIn } from '../shared/http/http-client.ts';
import { callAsUser } from '../shared/platform/call-as-user.ts';
import { deriveSealingKey } from '../shared/sealing.ts';
import { type Session, sealSession, sessionCookieName } from '../shared/session/sessions.ts';
import { sealTransaction, transactionCookieName } from '../shared/session/transactions.ts';
import { documentClient } from '../shared/store/dynamodb.ts';
import { attributesOf } from '../shared/store/installations.ts';
import { type CacheOwner, UserCache } from '../shared/store/user-cache.ts';
import { companyTenant, type Tenant, tenantKey } from '../shared/tenant.ts';
import { sealTokenSet } from '../shared/tokens/offline-token.ts';
import { type Child, startChild } from './child.ts';
import { listing, listingPath } from './platform-answers.ts';
import { acceptHeader } from './requests.ts';
import type { Services } from './services.ts';

export const baseUrl = 'https://extension.example';
export const webhookKey = 'bench-webhook-key-0123456789abcdef';
export const secrets = {
  apiKeySecretId: 'bench-api-key',
  apiSecretSecretId: 'bench-api-secret',
  sessionKeySecretId: 'bench-session-secret-0123456789abcdef',
  tokenKeySecretId: 'bench-token-secret-0123456789abcdef',
  webhookKeySecretId: webhookKey,
} as const;
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
/** The person of every benchmark, and how long everything that they have lasts. */
export const generation = 1;
const lifeSeconds = 86_400;

/** The services in their process, and the names of tables in it. */
export interface World {
  readonly services: Services;
  readonly child: Child;
  readonly client: DynamoDBDocumentClient;
}

export async function startWorld(): Promise<World> {
  const child = startChild('./services.ts');
  const services = await child.ask<Services>('start', secrets);
  const client = documentClient(new DynamoDBClient({ endpoint: services.dynamoDb, region, credentials }));
  return { services, child, client };
}

/** Tables of a benchmark's own. */
export interface Tables {
  readonly installations: string;
  readonly userCache: string;
  readonly deliveries: string;
}

export async function makeTables({ services }: World, name: string): Promise<Tables> {
  const table = (kind: string, ...keys: string[]) => ({
    name: `${name}-${kind}`,
    logicalId: kind,
    keySchema: keys.map((key, index) => ({ AttributeName: key, KeyType: index === 0 ? 'HASH' : 'RANGE' }) as const),
    attributeDefinitions: keys.map((key) => ({ AttributeName: key, AttributeType: 'S' }) as const),
    globalSecondaryIndexes: [],
    timeToLiveAttribute: undefined,
  });
  const installations = table('Installations', installationsTable.partitionKey);
  const userCache = table('UserCache', userCacheTable.partitionKey, userCacheTable.sortKey);
  const deliveries = table('Deliveries', deliveriesTable.partitionKey);
  await createTables(services.dynamoDb, credentials, [installations, userCache, deliveries], name);
  return { installations: installations.name, userCache: userCache.name, deliveries: deliveries.name };
}

/** What Lambda and the stack would put into a function's environment. */
export function functionEnvironment({ services }: World, tables: Tables): Record<string, string> {
  return {
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: services.dynamoDb,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: services.secretsManager,
    AWS_ENDPOINT_URL_SQS: services.sqs,
    [environment.baseUrl]: baseUrl,
    [environment.installationsTable]: tables.installations,
    [environment.userCacheTable]: tables.userCache,
    [environment.deliveriesTable]: tables.deliveries,
    [environment.workQueueUrl]: services.queueUrl,
    [environment.stackName]: 'bench',
    ...Object.fromEntries(Object.keys(secrets).map((name) => [environment[name as keyof typeof secrets], name])),
  };
}

type Item = Record<string, unknown>;

/** A row as an installation leaves it, its offline token included. */
export async function installationItem(companyId: string): Promise<Item> {
  const grant = {
    accessToken: 'bench-offline-token',
    refreshToken: 'bench-refresh',
    scopes: ['company/products', 'company/orders'],
  };
  const sealed = await sealTokenSet(
    deriveSealingKey(secrets.tokenKeySecretId, 'offline-token'),
    { tenant: companyTenant(companyId), generation },
    { ...grant, expiresInSeconds: lifeSeconds },
    new Date(),
  );
  return {
    [installationsTable.partitionKey]: tenantKey(companyTenant(companyId)),
    generation,
    version: 1,
    status: 'installed',
    installedAtMs: Date.now() - 60_000,
    ...attributesOf(sealed),
  };
}

/** The value of a signed-in person's `cookie` header. */
export async function sessionCookie(extension: Extension, { tenant, userId }: CacheOwner): Promise<string> {
  const sealed = await sealSession(sessionKeys, extension.scopes, sessionOf(extension, tenant, userId));
  return `${sessionCookieName(tenant)}=${sealed}`;
}

/** The same of somebody who comes back from the platform with this state. */
export async function transactionCookie({ accessMode }: Extension, tenant: Tenant, state: string): Promise<string> {
  const sealed = await sealTransaction(sessionKeys, {
    state,
    tenant,
    applicationId: undefined,
    redirectPath: undefined,
    accessMode,
    installEvent: false,
    startedAtMs: Date.now(),
  });
  return `${transactionCookieName(state)}=${sealed}`;
}

const sessionKey = deriveSealingKey(secrets.sessionKeySecretId, 'session');
const sessionKeys = { current: () => Promise.resolve(sessionKey) };

function sessionOf({ scopes }: Extension, tenant: Tenant, userId: string): Session {
  return {
    tenant,
    user: { id: userId, name: 'Asha Rao', email: 'asha@example.com' },
    generation,
    signedInAtMs: Date.now() - 1_000,
    accessToken: `bench-online-token-${'x'.repeat(40)}`,
    scopes,
    expiresAt: Math.floor(Date.now() / 1000) + lifeSeconds,
  };
}

/** The item that the product itself keeps once this person has asked for the listing with that query. */
export async function entryItem(
  extension: Extension,
  { tenant, userId }: CacheOwner,
  rawQuery: string,
  listed = listingPath,
): Promise<Item> {
  const items: Item[] = [];
  const gate = await gateItem;
  const tables = {
    send: async ({ input }: { input: { Item?: Item } }) => {
      if (input.Item !== undefined) items.push(input.Item);
      return { Responses: { installations: [gate] } };
    },
  };
  const dependencies = {
    extension,
    userCache: new UserCache(tables as never, { userCache: 'userCache', installations: 'installations' }),
    httpClient: () => Promise.resolve(listing),
    now: () => new Date(),
  };
  const call = {
    method: 'GET',
    path: platformPath(listed.split('/')),
    rawQuery,
    headers: { accept: acceptHeader },
    body: undefined,
  };
  await callAsUser(dependencies, sessionOf(extension, tenant, userId), call, deadlineIn(10_000));
  const [item] = items;
  if (item === undefined) throw new Error('The listing was not kept.');
  return item;
}

const gateItem = installationItem('1');

/** Writes items, 25 at once, as DynamoDB allows. */
export async function putItems({ client }: World, table: string, items: readonly Item[]): Promise<void> {
  for (let index = 0; index < items.length; index += 25) {
    const requests = items.slice(index, index + 25).map((item) => ({ PutRequest: { Item: item } }));
    await client.send(new BatchWriteCommand({ RequestItems: { [table]: requests } }));
  }
}
