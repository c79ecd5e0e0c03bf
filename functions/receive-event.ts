import { acceptReceived } from '../shared/background/accept-webhook.ts';
import { count } from './runtime/metric.ts';
import { queue as chain } from './runtime/queue.ts';
import { extension, now } from './runtime/settings.ts';
import { workQueueOf } from './runtime/work-queue.ts';

/**
 * The other end of the queue that another account sends events to. It puts them into the work queue, as the webhook function
 * does with what comes by HTTP: what is no event fails, and ends in the dead letters. It reads no secret and no table.
 */
export const handler = chain().handler(async ({ record, about }) => {
  const body = Buffer.from(record.body);
  const queue = workQueueOf(record.messageId);
  const { outcome, tenant } = await acceptReceived({ extension: extension(), queue, now, count }, body);
  Object.assign(about, { company_id: tenant?.id });
  return { isDone: true, outcome };
});
