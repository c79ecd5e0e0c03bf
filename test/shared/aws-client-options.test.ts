import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, expect, test, vi } from 'vitest';
import { createDynamoDb } from '../../shared/store/dynamodb.ts';
import { Secrets } from '../../shared/store/secrets.ts';
import { createSqs, WorkQueue } from '../../shared/store/work-queue.ts';

/** The shortest that a function has; test/infra/extension-stack.test.ts lists them. */
const functionMs = 10_000;

/** What becomes of a request: `half` begins an answer and stops. */
type Fate = 'answered' | 'silent' | 'half';

/** DynamoDB, SQS or Secrets Manager, whose every connection may die without a word. */
async function startService(fateOf: (connection: number) => Fate) {
  const connections: Socket[] = [];
  const requests: number[] = [];
  const server = createServer((request, response) => {
    const connection = connections.indexOf(request.socket);
    requests.push(connection);
    const fate = fateOf(connection);
    if (fate === 'silent') return;
    const text = JSON.stringify({ SecretString: 'CANARY-1', Item: { pk: { S: 'x' } } });
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0', 'content-length': text.length });
    if (fate === 'half') response.write(text.slice(0, 5));
    else response.end(text);
  });
  server.on('connection', (socket) => connections.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as { port: number }).port}`, connections, requests };
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(closers.splice(0).map((close) => close()));
});

/** A call of each client, with a service of its own behind it. */
async function startAll(fateOf: (connection: number) => Fate) {
  const start = async <Answer>(name: string, client: (endpoint: string) => () => Promise<Answer>) => {
    const service = await startService(fateOf);
    vi.stubEnv(`AWS_ENDPOINT_URL_${name}`, service.endpoint);
    return { ...service, call: client(service.endpoint) };
  };
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'CANARY-aws-secret');
  return {
    dynamoDb: await start('DYNAMODB', () => {
      const client = createDynamoDb();
      return async () => (await client.send(new GetCommand({ TableName: 't', Key: {} }))).Item;
    }),
    sqs: await start('SQS', (endpoint) => {
      const queue = new WorkQueue(createSqs(), `${endpoint}/123456789012/work.fifo`);
      return () => queue.retryAfter('receipt', 5);
    }),
    secretsManager: await start('SECRETS_MANAGER', () => {
      const secrets = new Secrets();
      return () => secrets.value('a');
    }),
  };
}

for (const fate of ['silent', 'half'] as const) {
  test(`a request whose connection is dead (${fate}) is made again on another, whatever service it is for`, async () => {
    const { dynamoDb, sqs, secretsManager } = await startAll((connection) => (connection === 0 ? fate : 'answered'));
    const answers = await Promise.all([dynamoDb.call(), sqs.call(), secretsManager.call()]);
    expect(answers).toEqual([{ pk: 'x' }, undefined, 'CANARY-1']);
    for (const { requests } of [dynamoDb, sqs, secretsManager]) expect(requests).toEqual([0, 1]);
  });
}

test('a service that never answers is given up after three attempts, within the time of any function', async () => {
  const services = Object.values(await startAll(() => 'silent'));
  const startedAtMs = performance.now();
  await Promise.all(
    services.map(async ({ call, requests, connections }) => {
      await expect(call()).rejects.toMatchObject({ name: 'TimeoutError' });
      expect(requests).toEqual([0, 1, 2]);
      await Promise.all(connections.filter(({ closed }) => !closed).map((socket) => once(socket, 'close')));
    }),
  );
  expect(performance.now() - startedAtMs).toBeLessThan(functionMs);
});

test('where one kept connection is dead, the next attempt takes none of the others that were kept with it', async () => {
  let frozen = 0;
  const { dynamoDb } = await startAll((connection) => (connection < frozen ? 'silent' : 'answered'));
  await Promise.all(Array.from({ length: 5 }, () => dynamoDb.call()));
  expect(dynamoDb.connections).toHaveLength(5);
  frozen = 5;
  dynamoDb.requests.length = 0;
  expect(await dynamoDb.call()).toEqual({ pk: 'x' });
  expect(dynamoDb.requests).toEqual([expect.any(Number), 5]);
});
