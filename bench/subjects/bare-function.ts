import {
  BatchGetItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { environment, paths } from '../../shared/contract.ts';
import { callByHttp } from './bare-handler.ts';

/**
 * A function that makes the same calls as the extension's own, as most people would write it: each when it is needed and
 * after the one before, secrets at the first request that needs them. What it finds out it neither opens nor judges.
 */
export async function handler(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  await secret(setting('apiKeySecretId'));
  await secret(setting('sessionKeySecretId'));
  if (event.rawPath === paths.callback) return await callback();
  if (!event.rawPath.startsWith('/api/')) return await page();
  return event.requestContext.http.method === 'GET' ? await read(event) : await write(event);
}

const dynamoDb = new DynamoDBClient({ maxAttempts: 4 });
const secretsManager = new SecretsManagerClient({ maxAttempts: 4 });
const setting = (name: keyof typeof environment): string => process.env[environment[name]] ?? '';
const platform = process.env['FP_API_DOMAIN'] ?? '';
const UserCache = setting('userCacheTable');
const company = { pk: { S: 'company#1' } };
const person = { S: 'company#1#bare' };
const expiresAt = () => ({ N: String(Math.floor(Date.now() / 1000) + 3_600) });

const secrets = new Map<string, string>();
async function secret(SecretId: string): Promise<void> {
  if (secrets.has(SecretId)) return;
  const { SecretString = '' } = await secretsManager.send(new GetSecretValueCommand({ SecretId }));
  secrets.set(SecretId, SecretString);
}

async function page(): Promise<APIGatewayProxyStructuredResultV2> {
  await view();
  return { statusCode: 200, headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>Products</title>' };
}

async function read({ rawPath, rawQueryString }: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  const target = `/service/platform/${rawPath.slice('/api/platform/'.length)}?${rawQueryString}`;
  const stored = await view(target);
  const headers = { 'content-type': 'application/json' };
  if (stored !== undefined) {
    return { statusCode: 200, headers: { ...headers, 'cache-status': 'bare; hit; ttl=3600' }, body: stored };
  }
  const { status, text } = await callByHttp(platform, 'GET', target);
  const item = { pk: person, sk: { S: target }, body: { S: text }, expiresAt: expiresAt() };
  await dynamoDb.send(new PutItemCommand({ TableName: UserCache, Item: item }));
  return { statusCode: status, headers: { ...headers, 'cache-status': 'bare; fwd=uri-miss; stored' }, body: text };
}

async function write({ rawPath, body }: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  const target = `/service/platform/${rawPath.slice('/api/platform/'.length)}`;
  await view();
  await moveEpoch();
  const { status, text } = await callByHttp(platform, 'POST', target, body);
  await moveEpoch();
  return { statusCode: status, headers: { 'content-type': 'application/json' }, body: text };
}

async function callback(): Promise<APIGatewayProxyStructuredResultV2> {
  await secret(setting('apiSecretSecretId'));
  const target = '/service/panel/authentication/v1.0/company/1/oauth/token';
  const { status } = await callByHttp(platform, 'POST', target, 'grant_type=authorization_code&code=bench-code');
  const { Item } = await dynamoDb.send(
    new GetItemCommand({ TableName: setting('installationsTable'), Key: company, ConsistentRead: true }),
  );
  if (status !== 200 || Item === undefined) return { statusCode: 502 };
  return { statusCode: 302, headers: { location: `${setting('baseUrl')}/company/1` } };
}

/** Who is installed, the epoch and, where it is there, what is stored for the target. */
async function view(target?: string): Promise<string | undefined> {
  const sortKeys = target === undefined ? ['#epoch'] : ['#epoch', target];
  const { Responses } = await dynamoDb.send(
    new BatchGetItemCommand({
      RequestItems: {
        [setting('installationsTable')]: { Keys: [company], ConsistentRead: true },
        [UserCache]: { Keys: sortKeys.map((sk) => ({ pk: person, sk: { S: sk } })), ConsistentRead: true },
      },
    }),
  );
  return Responses?.[UserCache]?.find(({ sk }) => sk?.S === target)?.['body']?.S;
}

async function moveEpoch(): Promise<void> {
  await dynamoDb.send(
    new UpdateItemCommand({
      TableName: UserCache,
      Key: { pk: person, sk: { S: '#epoch' } },
      UpdateExpression: 'SET epoch = :epoch, expiresAt = :expiresAt',
      ExpressionAttributeValues: { ':epoch': { S: crypto.randomUUID() }, ':expiresAt': expiresAt() },
    }),
  );
}
