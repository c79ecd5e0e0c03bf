import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import { parseMessage, webhookBody } from '../../../shared/background/messages.ts';
import { isSameTenant, type Tenant } from '../../../shared/tenant.ts';
import type { OpenData } from '../open-data.ts';

type Queues = Pick<OpenData, 'sqs' | 'workQueueUrl' | 'deadLettersUrl'>;

/** Nobody else takes dead letters: long enough to look through all, short enough after a crash. */
const lookSeconds = 120;

/** A tenant's dead letters, readable. Of each order of messages SQS shows ten at most; they stay where they are. */
export async function readDeadLetters(queues: Queues, tenant: Tenant): Promise<object[]> {
  const found: object[] = [];
  await lookThrough(queues, tenant, (letter) => {
    found.push(describe(letter));
    return Promise.resolve('keep');
  });
  return found;
}

/** Deletes a tenant's dead letters, and counts them. Those of others stay as they were. */
export async function deleteDeadLetters(queues: Queues, tenant: Tenant): Promise<number> {
  let count = 0;
  await lookThrough(queues, tenant, async ({ ReceiptHandle }) => {
    await queues.sqs.send(new DeleteMessageCommand({ QueueUrl: queues.deadLettersUrl, ReceiptHandle }));
    count += 1;
    return 'deleted';
  });
  return count;
}

async function lookThrough(
  { sqs, deadLettersUrl }: Queues,
  tenant: Tenant,
  act: (letter: Message) => Promise<'keep' | 'deleted'>,
): Promise<void> {
  if (deadLettersUrl === undefined) return;
  const kept: Message[] = [];
  try {
    for (;;) {
      const { Messages: letters = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: deadLettersUrl,
          MaxNumberOfMessages: 10,
          VisibilityTimeout: lookSeconds,
          WaitTimeSeconds: 1,
        }),
      );
      if (letters.length === 0) return;
      for (const letter of letters) {
        const isTheirs = isOf(tenant, letter);
        if (!isTheirs || (await act(letter)) === 'keep') kept.push(letter);
      }
    }
  } finally {
    // Seen again at once, in their order.
    for (const { ReceiptHandle } of kept) {
      const seen = { QueueUrl: deadLettersUrl, ReceiptHandle, VisibilityTimeout: 0 };
      await sqs.send(new ChangeMessageVisibilityCommand(seen));
    }
  }
}

function isOf(tenant: Tenant, { Body: body = '' }: Message): boolean {
  const message = parseMessage(body);
  return message !== undefined && message.kind !== 'schedule' && isSameTenant(message.tenant, tenant);
}

function describe({ Body: body = '' }: Message): object {
  const message = parseMessage(body);
  if (message === undefined || message.kind === 'schedule') return {};
  const { tenant: _tenant, ...rest } = message;
  return rest.kind === 'webhook' ? { ...rest, body: readable(webhookBody(rest)) } : rest;
}

/** JSON as it means, other text as it is. */
export function readable(body: Buffer): unknown {
  const text = body.toString();
  try {
    return JSON.parse(text);
  } catch {
    return Buffer.from(text).equals(body) ? text : { base64: body.toString('base64') };
  }
}
