import * as v from 'valibot';
import { pendingWork } from '../shared/background/pending-work.ts';
import { autoInstall } from '../shared/install/complete-install.ts';
import { companyId, companyTenant } from '../shared/tenant.ts';
import { http } from './runtime/http/http.ts';
import { input } from './runtime/http/input.ts';
import { lifecycleCall } from './runtime/http/lifecycle-call.ts';
import { json } from './runtime/http/responses.ts';
import { installing } from './runtime/installing.ts';
import { apiKey } from './runtime/secrets.ts';
import { baseUrl, extension } from './runtime/settings.ts';
import { workQueueOf } from './runtime/work-queue.ts';

const call = v.object({
  company_id: companyId,
  code: v.pipe(v.string(), v.nonEmpty('must not be empty'), v.maxLength(2_048, 'must have at most 2048 characters')),
});

/** `POST /fp/auto_install`: the platform installs the extension without a person. The code proves it. */
export const handler = http()
  .use(lifecycleCall())
  .use(input('body', call))
  .handler(async (request) => {
    const { company_id, code } = request.input;
    const tenant = companyTenant(company_id);
    request.tenant = tenant;
    const clientId = await apiKey();
    const installed = await autoInstall(await installing(), tenant, code);
    if (installed !== undefined) {
      await workQueueOf(request.requestId).send(
        pendingWork({ extension: extension(), baseUrl: baseUrl(), apiKey: clientId }, installed),
      );
    }
    return json({ message: 'success' });
  });
