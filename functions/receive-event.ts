import { acceptReceived } from '../shared/background/accept-webhook.ts';
import { queue } from './runtime/queue.ts';
import { extension, now } from './runtime/settings.ts';
import { workQueue } from './runtime/work-queue.ts';

/**
 * The other end of the queue that another account sends events to. It puts them into the work queue, as the webhook function
 * does with what comes by HTTP: what is no event fails, and ends in the dead letters. It reads no secret and no table.
 */
export const handler = queue().handler(async ({ record, about }) => {
  const body = Buffer.from(record.body);
  const { outcome, tenant } = await acceptReceived({ extension: extension(), queue: workQueue(), now }, body);
  Object.assign(about, { company_id: tenant?.id });
  return { isDone: true, outcome };
});
