import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';

export interface Redrive {
  readonly client: SQSClient;
  /** URL of the dead-letter queue. */
  readonly from: string;
  /** URL of the queue whose messages they were. */
  readonly to: string;
  /** Default 2. An empty answer after that long is taken for the end. */
  readonly waitSeconds?: number;
}

/**
 * Moves dead letters back to their queue, in order within each group, and counts them. A letter is deleted after it was
 * sent: a run that breaks off leaves it where it is, and the next one sends it under the same de-duplication id, so
 * that within five minutes the queue drops the second. What fails again while this runs stays a dead letter.
 *
 * Our own rather than SQS's StartMessageMoveTask, which works on while nobody looks and which stand-ins do not know.
 */
export async function redriveMessages({ client, from, to, waitSeconds = 2 }: Redrive): Promise<number> {
  // A message keeps its id when it becomes a dead letter.
  const sent = new Set<string | undefined>();
  for (;;) {
    const { Messages: letters = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: from,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: waitSeconds,
        MessageSystemAttributeNames: ['MessageGroupId'],
        MessageAttributeNames: ['All'],
      }),
    );
    if (letters.length === 0) return sent.size;
    for (const letter of letters) {
      if (sent.has(letter.MessageId)) continue;
      sent.add(await send(client, to, letter));
      await client.send(new DeleteMessageCommand({ QueueUrl: from, ReceiptHandle: letter.ReceiptHandle }));
    }
  }
}

/** How many messages there are, about: SQS itself does not know exactly. */
export async function countMessages(client: SQSClient, url: string): Promise<number> {
  const { Attributes: attributes } = await client.send(
    new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return Object.values(attributes ?? {}).reduce((total, count) => total + Number(count), 0);
}

async function send(client: SQSClient, to: string, letter: Message): Promise<string | undefined> {
  const groupId = letter.Attributes?.MessageGroupId;
  const { MessageId: id } = await client.send(
    new SendMessageCommand({
      QueueUrl: to,
      MessageBody: letter.Body,
      MessageAttributes: letter.MessageAttributes,
      ...(groupId !== undefined && {
        MessageGroupId: groupId,
        MessageDeduplicationId: `redrive-${letter.MessageId}`,
      }),
    }),
  );
  return id;
}
