import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';

/**
 * Opens the connection that the client's next call will use, by the request with which load balancers ask DynamoDB
 * whether it is there: `GET /`, unsigned, no operation, so that it needs no permission and costs nothing. Never rejects:
 * where it fails, the next call opens its own.
 */
export async function openConnection(client: DynamoDBClient): Promise<void> {
  const command = new GetItemCommand({ TableName: 'none', Key: {} });
  // Of a call, only what finds out where to: it is not signed, repeated or carried out.
  command.middlewareStack.add(
    () =>
      async ({ request }) => {
        const asked = { ...(request as object), method: 'GET', headers: {}, body: undefined };
        const { requestHandler, streamCollector } = client.config;
        const { response } = await requestHandler.handle(asked);
        // A connection is free for the next call once all of its response was read.
        await streamCollector(response.body);
        return { response, output: { $metadata: {} } };
      },
    { step: 'build', priority: 'low' },
  );
  await client.send(command).catch(() => undefined);
}
