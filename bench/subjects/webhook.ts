import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { gatewayEvent } from '../../test/functions/fixture/event.ts';
import { companies, eventBody, signatureOf } from '../events.ts';
import type { Subject } from '../subject.ts';

export interface WebhookSetup {
  /** The URL of the function's bundle; none for a bare handler that compares the signature and queues the body. */
  readonly bundle: string | undefined;
  readonly webhookKey: string;
  readonly queueUrl: string;
}

type Handler = (event: APIGatewayProxyEventV2) => Promise<APIGatewayProxyStructuredResultV2>;

/** The platform delivers an event. */
export async function start(setup: WebhookSetup): Promise<Subject<APIGatewayProxyEventV2>> {
  const handler =
    setup.bundle === undefined ? bareHandler(setup) : ((await import(setup.bundle)) as { handler: Handler }).handler;
  let delivered = 0;
  return {
    input() {
      delivered += 1;
      const company = companies[delivered % companies.length] ?? '1';
      const body = eventBody(company);
      const signature = signatureOf(body, secretOf(setup, company));
      const headers = { 'content-type': 'application/json', 'x-fp-signature': signature };
      const query = `company_id=${company}`;
      return gatewayEvent({ method: 'POST', path: '/api/webhook-events', query, headers, body: body.toString() });
    },
    async run(event) {
      const { statusCode } = await handler(event);
      if (statusCode !== 200) throw new Error(`The delivery was answered ${statusCode}.`);
    },
  };
}

function secretOf({ webhookKey }: WebhookSetup, company: string): string {
  return createHmac('sha256', webhookKey).update(`company#${company}`).digest('hex');
}

function bareHandler(setup: WebhookSetup): Handler {
  const client = new SQSClient({ maxAttempts: 4 });
  return async ({ body = '', headers, queryStringParameters }) => {
    const secret = secretOf(setup, queryStringParameters?.['company_id'] ?? '');
    const expected = createHmac('sha256', secret).update(body).digest();
    const given = Buffer.from(headers['x-fp-signature'] ?? '', 'hex');
    if (given.byteLength !== expected.byteLength || !timingSafeEqual(given, expected)) return { statusCode: 401 };
    const company = (JSON.parse(body) as { company_id: number }).company_id;
    await client.send(
      new SendMessageCommand({
        QueueUrl: setup.queueUrl,
        MessageBody: body,
        MessageGroupId: String(company),
        MessageDeduplicationId: createHash('sha256').update(body).digest('hex'),
      }),
    );
    return { statusCode: 200 };
  };
}
