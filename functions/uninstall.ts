import * as v from 'valibot';
import { toQueue } from '../shared/background/messages.ts';
import { lifecycleSignedAt } from '../shared/install/verify-lifecycle.ts';
import { companyId, companyTenant } from '../shared/tenant.ts';
import { requirement } from './runtime/chain.ts';
import { type HttpRequirement, http } from './runtime/http/http.ts';
import type { HttpRequest } from './runtime/http/http-messages.ts';
import { input } from './runtime/http/input.ts';
import { ownClientId } from './runtime/http/own-client.ts';
import { json } from './runtime/http/responses.ts';
import { apiSecrets } from './runtime/secrets.ts';
import { now } from './runtime/settings.ts';
import { workQueue } from './runtime/work-queue.ts';

const fields = v.object({ company_id: companyId, client_id: v.string() });

/**
 * `POST /fp/uninstall`: the platform, or somebody, says that a company uninstalled. The answer is the same whatever the
 * truth is; the worker finds that out.
 */
export const handler = http()
  .use(signedOrUnsigned())
  .use(input('body', fields))
  .handler(async ({ signedAtMs, input: { company_id, client_id } }) => {
    await ownClientId(client_id);
    const receivedAtMs = now().getTime();
    await workQueue().send([
      // Many calls for one company within a minute are one job; one with a date of its own is another.
      toQueue(
        { kind: 'uninstall', tenant: companyTenant(company_id), receivedAtMs, signedAtMs },
        `${company_id} ${signedAtMs ?? Math.floor(receivedAtMs / 60_000)}`,
      ),
    ]);
    return json({ success: true });
  });

/** `request.signedAtMs`: the signature's own date, where there is one. @throws {AppError} `signature_mismatch` for a wrong one. */
function signedOrUnsigned(): HttpRequirement<HttpRequest, { readonly signedAtMs: number | undefined }> {
  return requirement(async ({ method, rawPath, rawQuery, headers, body = Buffer.alloc(0) }) => {
    const target = rawQuery === '' ? rawPath : `${rawPath}?${rawQuery}`;
    return { signedAtMs: lifecycleSignedAt({ method, target, headers, body }, await apiSecrets(), now()) };
  });
}
