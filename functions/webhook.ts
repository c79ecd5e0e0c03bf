import { acceptWebhook } from '../shared/background/accept-webhook.ts';
import { http } from './runtime/http/http.ts';
import { json } from './runtime/http/responses.ts';
import { webhookKeys } from './runtime/secrets.ts';
import { extension, now } from './runtime/settings.ts';
import { workQueue } from './runtime/work-queue.ts';

/** `POST /api/webhook-events`: an event of the platform. Verified, queued, answered; handled later by the worker. */
export const handler = http().handler(async (request) => {
  const { body = Buffer.alloc(0), headers, query } = request;
  const { outcome, tenant } = await acceptWebhook(
    { extension: extension(), keys: await webhookKeys(), queue: workQueue(), now },
    { body, signature: headers['x-fp-signature'], companyIds: query.getAll('company_id') },
  );
  if (tenant !== undefined) request.tenant = tenant;
  return { ...json({ success: true }), outcome };
});
