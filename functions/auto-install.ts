import * as v from 'valibot';
import { pendingWork } from '../shared/background/pending-work.ts';
import { createHttpClient } from '../shared/http/http-client.ts';
import { autoInstall } from '../shared/install/complete-install.ts';
import { lifecycleSignature } from '../shared/install/verify-lifecycle.ts';
import { companyId, companyTenant } from '../shared/tenant.ts';
import { http } from './runtime/http/http.ts';
import { input } from './runtime/http/input.ts';
import { jsonFields, limitedBody, maxLifecycleBodyBytes } from './runtime/http/json-body.ts';
import { apiKey, apiSecret, apiSecrets, tokenKeys } from './runtime/secrets.ts';
import { baseUrl, extension, now, once } from './runtime/settings.ts';
import { installations } from './runtime/tables.ts';
import { workQueue } from './runtime/work-queue.ts';

const fields = v.object({
  company_id: companyId,
  code: v.pipe(v.string(), v.nonEmpty('must not be empty'), v.maxLength(2_048, 'must have at most 2048 characters')),
});

const httpClient = once(createHttpClient);

/** `POST /fp/auto_install`: the platform installs the extension without a person. The code proves it; a signature is none that it needs, but no wrong one. */
export const handler = http(async ({ method, rawPath, rawQuery, headers, body: sent }) => {
  const body = limitedBody(sent, maxLifecycleBodyBytes);
  const target = rawQuery === '' ? rawPath : `${rawPath}?${rawQuery}`;
  lifecycleSignature({ method, target, headers, body }, await apiSecrets(), now());
  const { company_id, code } = input(fields, jsonFields(body));
  const clientId = await apiKey();
  const installed = await autoInstall(
    {
      extension: extension(),
      credentials: { apiKey: clientId, apiSecret: await apiSecret() },
      installations: installations(),
      tokenKeys: tokenKeys(),
      httpClient: httpClient(),
      now,
    },
    companyTenant(company_id),
    code,
  );
  if (installed !== undefined) {
    await workQueue().send(pendingWork({ extension: extension(), baseUrl: baseUrl(), apiKey: clientId }, installed));
  }
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify({ message: 'success' }),
  };
});
