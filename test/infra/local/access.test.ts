import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalExtension } from '../../../infra/local/start-local-extension.ts';
import { clientOf } from './fixture/queues.ts';
import { send } from './fixture/send.ts';
import { startFixture, temporaryDirectory } from './fixture/start-fixture.ts';

const data = temporaryDirectory();
let extension: LocalExtension;
beforeAll(async () => {
  extension = await startFixture({ dataDir: data.path, baseUrl: 'https://tunnel.example' });
});
afterAll(async () => {
  await extension.close();
  data[Symbol.dispose]();
});

const strangerKey = { accessKeyId: 'local', secretAccessKey: 'local' };
const standIns = [
  {
    name: 'DynamoDB',
    endpoint: () => extension.dynamoDbEndpoint,
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.ListTables' },
    ask: (credentials = extension.credentials) =>
      new DynamoDBClient({ ...clientOf({ credentials }), endpoint: extension.dynamoDbEndpoint }).send(
        new ListTablesCommand({}),
      ),
  },
  {
    name: 'SQS',
    endpoint: () => extension.sqsEndpoint,
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.ListQueues' },
    ask: (credentials = extension.credentials) =>
      new SQSClient({ ...clientOf({ credentials }), endpoint: extension.sqsEndpoint }).send(new ListQueuesCommand({})),
  },
  {
    name: 'Secrets Manager',
    endpoint: () => extension.secretsEndpoint,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'secretsmanager.GetSecretValue' },
    ask: (credentials = extension.credentials) =>
      new SecretsManagerClient({ ...clientOf({ credentials }), endpoint: extension.secretsEndpoint }).send(
        new GetSecretValueCommand({ SecretId: extension.resourceNames['API_SECRET_SECRET_ID'] }),
      ),
  },
];

describe.each(standIns)('the stand-in of $name', ({ endpoint, headers, ask }) => {
  const signed = () => `AWS4-HMAC-SHA256 Credential=${extension.credentials.accessKeyId}/x, SignedHeaders=, Signature=`;
  const post = (more: Record<string, string>) =>
    send(endpoint(), '/', { method: 'POST', headers: { ...headers, ...more }, body: '{}' });

  test('answers whoever signs with the key of this run, and nobody else', async () => {
    await ask();
    await expect(ask(strangerKey)).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
    for (const authorization of [
      '',
      'Basic bG9jYWw6bG9jYWw=',
      'AWS4-HMAC-SHA256 Credential=/x',
      signed().toLowerCase(),
      signed().replace('LOCAL', 'OCAL'),
    ]) {
      const { status, text } = await post({ authorization });
      expect(status).toBe(403);
      expect(text).not.toMatch(/CANARY|LOCAL/);
    }
  });

  test('answers to the names of loopback at its port only, whatever the key', async () => {
    const port = new URL(endpoint()).port;
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, `LOCALHOST:${port}`]) {
      expect((await post({ host, authorization: signed() })).text).not.toContain('This host is not served');
    }
    for (const host of [`evil.example:${port}`, 'localhost', 'localhost:1', `localhost.evil.example:${port}`]) {
      expect((await post({ host, authorization: signed() })).status).toBe(403);
    }
  });
});

test('other ways into the queues are closed too', async () => {
  for (const target of ['/_fauxqs/queues', '/health', '/some-bucket']) {
    expect((await send(extension.sqsEndpoint, target)).status).toBe(403);
  }
});

test('the key is another one in each run, and the file that tells commands of it is its owner’s alone', async () => {
  using folder = temporaryDirectory();
  const other = await startFixture({ dataDir: folder.path });
  expect(other.credentials.accessKeyId).not.toBe(extension.credentials.accessKeyId);
  expect(statSync(join(folder.path, 'endpoints.json')).mode & 0o777).toBe(0o600);
  await other.close();
});

describe('the extension’s own door', () => {
  const ask = async (host: string) =>
    (await send(`http://127.0.0.1:${extension.ports[0]}`, '/_healthz', { headers: { host } })).status;

  test.each(['localhost:1', 'localhost', '127.0.0.1:3001', '[::1]:3001', 'tunnel.example', 'TUNNEL.example:443'])(
    'opens to %s',
    async (host) => {
      expect(await ask(host)).toBe(200);
    },
  );

  test.each(['evil.example', 'evil.example:443', 'tunnel.example:8443', 'x.tunnel.example', 'localhost.evil.example'])(
    'stays closed to %s',
    async (host) => {
      expect(await ask(host)).toBe(403);
    },
  );
});
