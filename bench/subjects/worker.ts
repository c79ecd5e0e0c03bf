import { createHash } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { webhookMessage } from '../../shared/background/messages.ts';
import { companyTenant, tenantKey } from '../../shared/tenant.ts';
import { companies, eventBody } from '../events.ts';
import { productPath } from '../platform-answers.ts';
import type { Subject } from '../subject.ts';
import { callByHttp } from './bare-handler.ts';

export interface WorkerSetup {
  /** The URL of the function's bundle; none for a bare worker that makes the same calls. */
  readonly bundle: string | undefined;
  readonly tables: { readonly installations: string; readonly deliveries: string };
  readonly platform: string;
}

type Handler = (event: SQSEvent, context: Pick<Context, 'getRemainingTimeInMillis'>) => Promise<SQSBatchResponse>;

/** A batch of the queue: an event of each company. Each asks the platform for the product that changed. */
export async function start(setup: WorkerSetup): Promise<Subject<SQSEvent>> {
  const handler =
    setup.bundle === undefined ? bareWorker(setup) : ((await import(setup.bundle)) as { handler: Handler }).handler;
  return {
    input: () => ({ Records: companies.map(record) }),
    async run(event) {
      const { batchItemFailures } = await handler(event, { getRemainingTimeInMillis: () => 60_000 });
      if (batchItemFailures.length > 0) throw new Error(`${batchItemFailures.length} events failed.`);
    },
  };
}

function record(companyId: string): SQSEvent['Records'][number] {
  const message = webhookMessage({
    tenant: companyTenant(companyId),
    eventId: undefined,
    body: eventBody(companyId),
    receivedAtMs: Date.now(),
  });
  if (message === undefined) throw new Error('The event does not fit into a message.');
  return {
    messageId: message.deduplicationId,
    receiptHandle: message.deduplicationId,
    body: message.body,
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: String(Date.now()),
      SenderId: 'bench',
      ApproximateFirstReceiveTimestamp: String(Date.now()),
      MessageGroupId: message.group,
      MessageDeduplicationId: message.deduplicationId,
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:bench.fifo',
    awsRegion: 'us-east-1',
  };
}

/** Is it handled, who is installed, with which token; the call; it is handled. */
function bareWorker({ tables, platform }: WorkerSetup): Handler {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({ maxAttempts: 4 }));
  const get = (TableName: string, pk: string) =>
    client.send(new GetCommand({ TableName, Key: { pk }, ConsistentRead: true }));
  const handle = async (body: string) => {
    const { company } = JSON.parse(body) as { company: string };
    const delivery = `${tenantKey(companyTenant(company))}#${createHash('sha256').update(body).digest('hex')}`;
    await get(tables.deliveries, delivery);
    await get(tables.installations, tenantKey(companyTenant(company)));
    await get(tables.installations, tenantKey(companyTenant(company)));
    await callByHttp(platform, 'GET', `/service/platform/${productPath}`);
    const expiresAt = Math.floor(Date.now() / 1000) + 2_678_400;
    await client.send(new PutCommand({ TableName: tables.deliveries, Item: { pk: delivery, expiresAt } }));
  };
  return async ({ Records }) => {
    await Promise.all(Records.map(({ body }) => handle(body)));
    return { batchItemFailures: [] };
  };
}
