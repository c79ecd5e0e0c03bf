import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createDynamoDb } from '../../../shared/store/dynamodb.ts';
import { createSqs, WorkQueue } from '../../../shared/store/work-queue.ts';

const asked: IncomingHttpHeaders[] = [];
const server = createServer((request, response) => {
  asked.push(request.headers);
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}');
});
let endpoint: string;
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endpoint = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  for (const [name, value] of Object.entries({
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'CANARY-aws-secret',
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    AWS_ENDPOINT_URL_SQS: endpoint,
    // What Lambda sets: a function's clients hand the count of its own calls on.
    AWS_LAMBDA_FUNCTION_NAME: 'worker',
    _X_AMZN_TRACE_ID: 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0;Lineage=1:abcd1234:3',
  })) {
    vi.stubEnv(name, value);
  }
});
afterAll(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

test('DynamoDB is told nothing but what it needs; the queue is told how often a function called itself', async () => {
  await createDynamoDb().send(new GetCommand({ TableName: 't', Key: { pk: 'x' } }));
  await new WorkQueue(createSqs(), `${endpoint}/1/work.fifo`).retryAfter('receipt', 5);
  const [dynamoDb, sqs] = asked;
  expect(Object.keys(dynamoDb ?? {}).sort()).toEqual([
    'amz-sdk-invocation-id',
    'amz-sdk-request',
    'authorization',
    'connection',
    'content-length',
    'content-type',
    'host',
    'x-amz-content-sha256',
    'x-amz-date',
    'x-amz-target',
  ]);
  expect(sqs).toMatchObject({ 'x-amzn-trace-id': expect.stringContaining('Lineage=1:abcd1234:3') });
});
