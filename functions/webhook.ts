import { acceptWebhook } from '../shared/background/accept-webhook.ts';
import { http } from './runtime/http/http.ts';
import { json } from './runtime/http/responses.ts';
import { count } from './runtime/metric.ts';
import { withWebhookKeys } from './runtime/secrets.ts';
import { extension, now } from './runtime/settings.ts';
import { workQueueOf } from './runtime/work-queue.ts';

/** `POST /api/webhook-events`: an event of the platform. Verified, queued, answered; handled later by the worker. */
export const handler = http().handler(async (request) => {
  const { body = Buffer.alloc(0), headers, query } = request;
  const queue = workQueueOf(request.requestId);
  const delivery = { body, signature: headers['x-fp-signature'], companyIds: query.getAll('company_id') };
  const { outcome, tenant } = await withWebhookKeys((keys) =>
    acceptWebhook({ extension: extension(), keys, queue, now, count }, delivery),
  );
  if (tenant !== undefined) request.tenant = tenant;
  return { ...json({ success: true }), outcome };
});
