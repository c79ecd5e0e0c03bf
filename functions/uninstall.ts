import * as v from 'valibot';
import { uninstallMessage } from '../shared/background/messages.ts';
import { lifecycleSignature } from '../shared/install/verify-lifecycle.ts';
import { AppError } from '../shared/problems.ts';
import { companyId, companyTenant } from '../shared/tenant.ts';
import { http } from './runtime/http/http.ts';
import { input } from './runtime/http/input.ts';
import { jsonFields, limitedBody, maxLifecycleBodyBytes } from './runtime/http/json-body.ts';
import { apiKey, apiSecrets } from './runtime/secrets.ts';
import { now } from './runtime/settings.ts';
import { workQueue } from './runtime/work-queue.ts';

const fields = v.object({ company_id: companyId, client_id: v.string() });

/**
 * `POST /fp/uninstall`: the platform, or somebody, says that a company uninstalled. The answer is the same whatever the
 * truth is; the worker finds that out.
 */
export const handler = http(async ({ method, rawPath, rawQuery, headers, body: sent }) => {
  const body = limitedBody(sent, maxLifecycleBodyBytes);
  const target = rawQuery === '' ? rawPath : `${rawPath}?${rawQuery}`;
  const signature = lifecycleSignature({ method, target, headers, body }, await apiSecrets(), now());
  const { company_id, client_id } = input(fields, jsonFields(body));
  if (client_id !== (await apiKey())) throw new AppError('invalid_request', 'client_id is not that of this extension.');
  const tenant = companyTenant(company_id);
  await workQueue().send([uninstallMessage({ tenant, receivedAtMs: now().getTime(), ...signature })]);
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify({ success: true }),
  };
});
