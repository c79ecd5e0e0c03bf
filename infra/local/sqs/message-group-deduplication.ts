import { createHash } from 'node:crypto';
import type { buildApp } from 'fauxqs';

interface SentMessage {
  MessageBody?: string;
  MessageGroupId?: string;
  MessageDeduplicationId?: string;
}

interface Input extends SentMessage {
  readonly QueueName?: string;
  readonly QueueUrl?: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly Entries?: readonly SentMessage[];
}

/** Not allowed in an id by SQS itself: what stands before it is ours. */
const separator = '\n';

/** An id that no other message has, and of which a receiver sees only what was given. */
function uniqueDeduplicationId(given: string, unique: string): string {
  return `${unique}${separator}${given}`;
}

/** The id that the sender gave. */
function givenDeduplicationId(id: string): string {
  return id.slice(id.lastIndexOf(separator) + 1);
}

/**
 * fauxqs takes messages of two groups for one when they have the same de-duplication id, also where the queue's
 * DeduplicationScope is `messageGroup`, as high-throughput queues have it: so the id that it sees begins with the group.
 */
export function scopeDeduplicationToGroups(app: ReturnType<typeof buildApp>): void {
  /** Queues with that scope by name, and whether the body counts where no id is given. */
  const scoped = new Map<string, { readonly contentBased: boolean }>();
  const scope = (message: SentMessage, contentBased: boolean) => {
    const { MessageBody: body = '', MessageGroupId: groupId } = message;
    const id =
      message.MessageDeduplicationId ?? (contentBased ? createHash('sha256').update(body).digest('hex') : undefined);
    if (groupId === undefined || id === undefined || id.includes(separator)) return;
    message.MessageDeduplicationId = uniqueDeduplicationId(id, groupId);
  };
  app.addHook('preHandler', async ({ headers, body }) => {
    const operation = headers['x-amz-target'];
    const { QueueName: name, QueueUrl: url, Attributes: attributes, Entries: entries } = (body ?? {}) as Input;
    if (operation === 'AmazonSQS.CreateQueue' && name && attributes?.['DeduplicationScope'] === 'messageGroup') {
      scoped.set(name, { contentBased: attributes['ContentBasedDeduplication'] === 'true' });
    }
    const queue = scoped.get(url?.split('/').at(-1) ?? '');
    if (!queue) return;
    if (operation === 'AmazonSQS.SendMessage') scope(body as SentMessage, queue.contentBased);
    for (const entry of entries ?? []) scope(entry, queue.contentBased);
  });
  app.addHook('preSerialization', async ({ headers }, _reply, payload) => {
    if (headers['x-amz-target'] !== 'AmazonSQS.ReceiveMessage') return payload;
    const { Messages: messages = [] } = payload as { Messages?: { Attributes?: Record<string, string> }[] };
    for (const { Attributes: received } of messages) {
      const id = received?.['MessageDeduplicationId'];
      if (received && id !== undefined) received['MessageDeduplicationId'] = givenDeduplicationId(id);
    }
    return payload;
  });
}
