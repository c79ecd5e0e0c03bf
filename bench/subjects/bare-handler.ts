import { Agent, request } from 'node:http';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, DynamoDBDocumentClient, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { installationsTable, userCacheTable } from '../../shared/contract.ts';
import { inventoryPath, listingPath } from '../platform-answers.ts';
import { readEvent, writeEvent } from '../requests.ts';
import type { Subject } from '../subject.ts';

export interface BareSetup {
  readonly kind: 'hit' | 'miss' | 'write';
  readonly upstream: 'node:http' | 'fetch';
  readonly platform: string;
  readonly tables: { readonly installations: string; readonly userCache: string };
  readonly cookie: string;
  readonly companyKey: string;
  /** The entry that a hit finds: its key, its policy, and a body as the cache keeps it. */
  readonly entry: Readonly<Record<string, unknown>>;
}

/**
 * The least that could be written: the same calls of DynamoDB with the same keys, attributes and bytes, the same call of
 * the platform, and nothing else. No session is opened, nothing is signed, judged, compressed, checked or logged.
 */
export async function start(setup: BareSetup): Promise<Subject<APIGatewayProxyEventV2>> {
  const { kind, cookie } = setup;
  const handle = { hit, miss, write }[kind];
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({ maxAttempts: 4 }));
  const call = setup.upstream === 'fetch' ? callByFetch : callByHttp;
  let asked = 0;
  return {
    input() {
      asked += 1;
      return kind === 'write' ? writeEvent(cookie) : readEvent(cookie, kind === 'miss' ? 1 + asked : 1);
    },
    async run(event) {
      const { statusCode } = await handle(client, setup, call, event);
      if (statusCode !== 200) throw new Error(`The bare ${kind} was answered ${statusCode}.`);
    },
  };
}

type Call = (
  origin: string,
  method: string,
  target: string,
  body?: string,
) => Promise<{ status: number; text: string }>;
type Handle = (
  client: DynamoDBDocumentClient,
  setup: BareSetup,
  call: Call,
  event: APIGatewayProxyEventV2,
) => Promise<APIGatewayProxyStructuredResultV2>;

const hit: Handle = async (client, setup) => {
  const body = await view(client, setup, setup.entry['sk']);
  if (body === undefined) return { statusCode: 404 };
  const headers = { 'content-type': 'application/json', 'content-encoding': 'br' };
  return { statusCode: 200, headers, body: Buffer.from(body).toString('base64'), isBase64Encoded: true };
};

const miss: Handle = async (client, setup, call, event) => {
  // As long as a digest.
  const key = event.rawQueryString.padEnd(43, '-');
  await view(client, setup, key);
  const target = `/service/platform/${listingPath}?${event.rawQueryString}`;
  const { status, text } = await call(setup.platform, 'GET', target);
  const { pk, policy, body } = setup.entry;
  const expiresAt = Math.floor(Date.now() / 1000) + 3_600;
  const item = { pk, sk: key, policy, httpStatus: status, body, coding: 'br', expiresAt };
  await client.send(new PutCommand({ TableName: setup.tables.userCache, Item: item }));
  return { statusCode: status, headers: { 'content-type': 'application/json' }, body: text };
};

const write: Handle = async (client, setup, call, event) => {
  await Promise.all([view(client, setup), moveEpoch(client, setup)]);
  const { status, text } = await call(setup.platform, 'POST', `/service/platform/${inventoryPath}`, event.body);
  await moveEpoch(client, setup);
  return { statusCode: status, headers: { 'content-type': 'application/json' }, body: text };
};

const projection = (attributes: readonly string[]) => ({
  ConsistentRead: true,
  ProjectionExpression: attributes.map((name) => `#${name}`).join(', '),
  ExpressionAttributeNames: Object.fromEntries(attributes.map((name) => [`#${name}`, name])),
});
const ofInstallation = projection(installationsTable.sessionAttributes);
const ofEntry = projection(userCacheTable.attributes);

async function view(client: DynamoDBDocumentClient, setup: BareSetup, key?: unknown): Promise<Uint8Array | undefined> {
  const { tables, entry, companyKey } = setup;
  const sortKeys = key === undefined ? ['#epoch'] : ['#epoch', key];
  const { Responses } = await client.send(
    new BatchGetCommand({
      RequestItems: {
        [tables.installations]: { Keys: [{ pk: companyKey }], ...ofInstallation },
        [tables.userCache]: { Keys: sortKeys.map((sk) => ({ pk: entry['pk'], sk })), ...ofEntry },
      },
    }),
  );
  return Responses?.[tables.userCache]?.find(({ sk }) => sk === key)?.['body'];
}

async function moveEpoch(client: DynamoDBDocumentClient, { tables, entry }: BareSetup): Promise<void> {
  await client.send(
    new UpdateCommand({
      TableName: tables.userCache,
      Key: { pk: entry['pk'], sk: '#epoch' },
      UpdateExpression: 'SET #epoch = :epoch, #expiresAt = :expiresAt',
      ExpressionAttributeNames: { '#epoch': 'epoch', '#expiresAt': 'expiresAt' },
      ExpressionAttributeValues: {
        ':epoch': crypto.randomUUID(),
        ':expiresAt': Math.floor(Date.now() / 1000) + 3_600,
      },
    }),
  );
}

const headersOf = (body: string | undefined) => ({
  accept: 'application/json',
  authorization: 'Bearer bench-online-token',
  ...(body === undefined ? {} : { 'content-type': 'application/json' }),
});

export const callByFetch: Call = async (origin, method, target, body) => {
  const headers = headersOf(body);
  const answer = await fetch(`${origin}${target}`, body === undefined ? { headers } : { method, headers, body });
  return { status: answer.status, text: await answer.text() };
};

const agent = new Agent({ keepAlive: true });

export const callByHttp: Call = (origin, method, target, body) =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin);
    const headers = {
      ...headersOf(body),
      ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
    };
    request({ agent, hostname, port, method, path: target, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
    })
      .on('error', reject)
      .end(body);
  });
