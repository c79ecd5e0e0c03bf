import * as v from 'valibot';
import { uninstallMessage } from '../shared/background/messages.ts';
import { companyId, companyTenant } from '../shared/tenant.ts';
import { http } from './runtime/http/http.ts';
import { input } from './runtime/http/input.ts';
import { lifecycleCall } from './runtime/http/lifecycle-call.ts';
import { ownClientId } from './runtime/http/own-client.ts';
import { json } from './runtime/http/responses.ts';
import { now } from './runtime/settings.ts';
import { workQueueOf } from './runtime/work-queue.ts';

const call = v.object({ company_id: companyId, client_id: v.string() });

/**
 * `POST /fp/uninstall`: the platform, or somebody, says that a company uninstalled. The response is the same whatever the
 * truth is; the worker finds that out.
 */
export const handler = http()
  .use(lifecycleCall())
  .use(input('body', call))
  .handler(async (request) => {
    const { signature, input: fields, requestId } = request;
    const tenant = companyTenant(fields.company_id);
    request.tenant = tenant;
    await ownClientId(fields.client_id);
    await workQueueOf(requestId).send([uninstallMessage({ tenant, receivedAtMs: now().getTime(), ...signature })]);
    return json({ success: true });
  });
