import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { openConnection } from '../../../shared/store/open-connection.ts';

test('the connection is there for the first call, and nothing was asked for', async () => {
  const requests: Pick<IncomingMessage, 'method' | 'url' | 'headers'>[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    requests.push(request);
    response.end(request.method === 'GET' ? 'healthy: dynamodb.us-east-1.amazonaws.com ' : '{}');
  }).on('connection', () => {
    connections += 1;
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const credentials = { accessKeyId: 'local', secretAccessKey: 'CANARY-aws-secret' };
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials });

  await openConnection(client);
  expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /']);
  for (const name of ['authorization', 'x-amz-target', 'content-type'])
    expect(requests[0]?.headers).not.toHaveProperty(name);

  await client.send(new GetItemCommand({ TableName: 't', Key: {} }));
  expect([requests[1]?.method, connections]).toEqual(['POST', 1]);

  client.destroy();
  server.closeAllConnections();
  await once(server.close(), 'close');
});

test('a service that is not there is no error', async () => {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'CANARY-aws-secret' };
  await openConnection(new DynamoDBClient({ endpoint: 'http://127.0.0.1:1', region: 'us-east-1', credentials }));
  await openConnection(
    new DynamoDBClient({ region: 'us-east-1', credentials: () => Promise.reject(new Error('There are none.')) }),
  );
});
