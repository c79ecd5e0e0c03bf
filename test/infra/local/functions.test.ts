import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalExtension } from '../../../infra/local/start-local-extension.ts';
import { send } from './fixture/send.ts';
import { startFixture, temporaryDirectory } from './fixture/start-fixture.ts';

const data = temporaryDirectory();
let extension: LocalExtension;

interface Echo {
  readonly calls: number;
  readonly environment: Record<string, string>;
  readonly context: Record<string, unknown>;
  readonly hour: number;
}

beforeAll(async () => {
  process.env['HOST_VARIABLE'] = 'CANARY-host';
  extension = await startFixture({ dataDir: data.path, baseUrl: 'https://extension.example.com' });
});
afterAll(async () => {
  await extension.close();
  data[Symbol.dispose]();
});

const origin = () => `http://localhost:${extension.ports[0]}`;
const echo = async () => (await send(origin(), '/echo')).json() as Echo;
const behave = async (what: string) => (await send(origin(), `/behave?do=${what}`)).status;

test('a function sees what the stack gives and what Lambda sets, and nothing of this machine', async () => {
  const { environment } = await echo();
  expect(environment).toMatchObject({
    BASE_URL: 'https://extension.example.com',
    CLUSTER: 'http://127.0.0.1:9',
    THINGS_TABLE: Object.values(extension.tableNames)[0],
    THINGS_ARN: `arn:aws:dynamodb:us-east-1:000000000000:table/${Object.values(extension.tableNames)[0]}`,
    JOINED: 'a-us-east-1-y',
    SUBSTITUTED: `aws/${Object.values(extension.tableNames)[0]}/\${kept}`,
    AWS_REGION: 'us-east-1',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
    AWS_ACCESS_KEY_ID: extension.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: extension.credentials.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: extension.dynamoDbEndpoint,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: extension.secretsEndpoint,
    AWS_ENDPOINT_URL_SQS: extension.sqsEndpoint,
    WORK_QUEUE_URL: `${extension.sqsEndpoint}/000000000000/${environment['WORK_QUEUE_NAME']}`,
    WORK_QUEUE_NAME: expect.stringMatching(/^Work[0-9A-F]{8}-[0-9a-f]{8}\.fifo$/),
    WORK_QUEUE_ARN: `arn:aws:sqs:us-east-1:000000000000:${environment['WORK_QUEUE_NAME']}`,
  });
  for (const name of ['HOST_VARIABLE', 'PATH', 'HOME']) expect(environment).not.toHaveProperty(name);
  expect(JSON.stringify(environment)).not.toContain('CANARY');
});

test('the clock of functions is UTC', async () => {
  expect((await echo()).hour).toBe(0);
});

test('the context is the one of Lambda', async () => {
  const { context } = await echo();
  expect(context).toMatchObject({
    awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    functionName: expect.stringMatching(/^Echo/),
    functionVersion: '$LATEST',
    invokedFunctionArn: expect.stringMatching(/^arn:aws:lambda:us-east-1:000000000000:function:Echo/),
    memoryLimitInMB: '128',
    logGroupName: expect.stringMatching(/^\/aws\/lambda\/Echo/),
  });
  expect(context['remaining']).toBeGreaterThan(0);
  expect(context['remaining']).toBeLessThanOrEqual(10_000);
});

test('an idle instance is used again and keeps its state', async () => {
  const { calls } = await echo();
  expect((await echo()).calls).toBe(calls + 1);
});

test('an instance takes one event at a time: more events, more instances', async () => {
  const held: (() => void)[] = [];
  const enough = Promise.withResolvers<void>();
  const gate = createServer((_request, response) => {
    held.push(() => response.end('open'));
    if (held.length === 5) enough.resolve();
  }).listen(0, '127.0.0.1');
  await once(gate, 'listening');
  const url = encodeURIComponent(`http://127.0.0.1:${(gate.address() as AddressInfo).port}/`);
  const answers = Promise.all(Array.from({ length: 5 }, () => send(origin(), `/fetch?url=${url}`)));
  await enough.promise;
  for (const open of held) open();
  expect((await answers).map(({ text }) => text)).toEqual(Array.from({ length: 5 }, () => 'open'));
  gate.close();
  gate.closeAllConnections();
});

test('more events than instances are allowed wait, and all are answered', async () => {
  const answers = await Promise.all(Array.from({ length: 60 }, () => send(origin(), '/behave?do=answer')));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
});

describe('an instance that dies answers 500, and the next event gets a new one', () => {
  test.each(['exit', 'uncaught', 'rejection', 'memory'])('%s', async (how) => {
    expect(await behave(how)).toBe(500);
    expect(await behave('answer')).toBe(200);
  });

  test('one that takes longer than its own timeout is killed', async () => {
    const { status, text } = await send(origin(), '/short-lived?do=hang');
    expect([status, text]).toEqual([500, '{"message":"Internal Server Error"}']);
    expect(extension.logs().join('\n')).toContain('Task timed out after 1 seconds');
    expect((await send(origin(), '/short-lived')).status).toBe(200);
  });
});

test('an event that takes longer than its integration waits is a 503, while the instance works on', async () => {
  const { status, text } = await send(origin(), '/impatient?do=hang');
  expect([status, text]).toEqual([503, '{"message":"Service Unavailable"}']);
  expect((await send(origin(), '/impatient')).status).toBe(200);
});

test('what a function throws is in the log and not in the answer', async () => {
  const { text } = await send(origin(), '/behave?do=throw');
  expect(text).not.toContain('CANARY');
  expect(extension.logs().join('\n')).toContain('CANARY-thrown');
});
