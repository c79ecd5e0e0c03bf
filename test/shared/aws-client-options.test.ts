import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, expect, test, vi } from 'vitest';
import { createDynamoDb } from '../../shared/store/dynamodb.ts';
import { Secrets } from '../../shared/store/secrets.ts';
import { UserCache } from '../../shared/store/user-cache.ts';
import { createSqs, WorkQueue } from '../../shared/store/work-queue.ts';
import { companyTenant } from '../../shared/tenant.ts';
import { problemOf } from './fixture/problem.ts';

/** The shortest that a function has; test/infra/extension-stack.test.ts lists them. */
const functionMs = 10_000;

/** What becomes of a request: `half` begins an answer and stops; an error is what AWS names it, with its status. */
type Fate = 'answered' | 'silent' | 'half' | readonly [status: number, error: string];

/** DynamoDB, SQS or Secrets Manager, whose every connection may die without a word. */
async function startService(fateOf: (connection: number) => Fate) {
  const connections: Socket[] = [];
  const requests: number[] = [];
  const server = createServer((request, response) => {
    const connection = connections.indexOf(request.socket);
    requests.push(connection);
    const fate = fateOf(connection);
    if (fate === 'silent') return;
    const [status, error] = typeof fate === 'string' ? [200] : fate;
    const answer = { SecretString: 'CANARY-1', Item: { pk: { S: 'x' } } };
    const text = JSON.stringify(error === undefined ? answer : { __type: `com.amazonaws.v1#${error}` });
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', 'content-length': text.length });
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
  vi.restoreAllMocks();
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

test('a service that never answers is given up after a few attempts, within the time of any function', async () => {
  const { dynamoDb, sqs, secretsManager } = await startAll(() => 'silent');
  const timeout = { name: 'TimeoutError' };
  const tryAgain = { code: 'try_again', cause: timeout };
  const startedAtMs = performance.now();
  await Promise.all(
    (
      [
        [dynamoDb, [0, 1], tryAgain],
        [sqs, [0, 1, 2], tryAgain],
        [secretsManager, [0, 1, 2], timeout],
      ] as const
    ).map(async ([{ call, requests, connections }, attempts, error]) => {
      await expect(call()).rejects.toMatchObject(error);
      expect(requests).toEqual(attempts);
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

/** No pause between attempts, which the SDK makes random. */
const withoutPauses = () => vi.spyOn(Math, 'random').mockReturnValue(0);

for (const [what, status, name] of [
  ['throttles', 400, 'ProvisionedThroughputExceededException'],
  ['throttles', 400, 'ThrottlingException'],
  ['throttles', 400, 'RequestLimitExceeded'],
  ['throttles', 403, 'RequestThrottled'],
  ['fails', 500, 'InternalServerError'],
  ['fails', 503, 'ServiceUnavailable'],
] as const) {
  test(`a table or a queue that ${what} (${name}) is a 503 that says when to come again, after a few attempts`, async () => {
    withoutPauses();
    const { dynamoDb, sqs } = await startAll(() => [status, name]);
    for (const { call, requests } of [dynamoDb, sqs]) {
      const refusal = await problemOf(call());
      expect(refusal).toMatchObject({ code: 'try_again', status: 503, cause: { name } });
      expect(Number(refusal.headers['retry-after'])).toBeGreaterThan(0);
      expect(requests.length).toBe(call === dynamoDb.call ? 2 : 3);
    }
  });
}

test('a table or a queue that cannot be reached is the same', async () => {
  const { dynamoDb, sqs } = await startAll(() => 'answered');
  withoutPauses();
  await Promise.all(closers.splice(0).map((close) => close()));
  for (const { call } of [dynamoDb, sqs]) expect(await problemOf(call())).toMatchObject({ code: 'try_again' });
});

for (const name of ['ResourceNotFoundException', 'QueueDoesNotExist']) {
  test(`a table or a queue that somebody deleted (${name}) is the same, at once`, async () => {
    const { dynamoDb, sqs } = await startAll(() => [400, name]);
    for (const { call, requests } of [dynamoDb, sqs]) {
      expect(await problemOf(call())).toMatchObject({ code: 'try_again', status: 503, cause: { name } });
      expect(requests).toHaveLength(1);
    }
  });
}

test('what time does not mend is asked for once, and stays what it is', async () => {
  for (const name of ['ValidationException', 'AccessDeniedException', 'ConditionalCheckFailedException']) {
    const { dynamoDb } = await startAll(() => [400, name]);
    await expect(dynamoDb.call()).rejects.toMatchObject({ name });
    expect(dynamoDb.requests).toHaveLength(1);
  }
});

for (const fate of [
  'silent',
  'half',
  [400, 'ProvisionedThroughputExceededException'],
  [500, 'InternalServerError'],
] as const) {
  test(`an answer is given up being stored at the first attempt that does not work (${String(fate)})`, async () => {
    const { dynamoDb } = await startAll(() => fate);
    const userCache = new UserCache(createDynamoDb(), { userCache: 'cache', installations: 'installations' });
    const owner = { tenant: companyTenant('1'), userId: 'u1', generation: 1 };
    const body = Buffer.from('body');
    const entry = { epoch: undefined, policy: '{}', status: 200, body, coding: 'identity', expiresAt: 1 } as const;
    await expect(userCache.put(owner, 'key', entry)).rejects.toBeInstanceOf(Error);
    expect(dynamoDb.requests).toEqual([0]);
  });
}
