import * as v from 'valibot';
import { beginInstall } from '../shared/install/begin-install.ts';
import { parseRedirectPath } from '../shared/install/redirect-path.ts';
import { applicationId, companyId, companyTenant } from '../shared/tenant.ts';
import { http } from './runtime/http/http.ts';
import { input } from './runtime/http/input.ts';
import { ownClientId } from './runtime/http/own-client.ts';
import { redirect } from './runtime/http/responses.ts';
import { sessionKeys } from './runtime/secrets.ts';
import { baseUrl, extension, now } from './runtime/settings.ts';

/** `cluster_url` is not among them: credentials go to the configured cluster and nowhere else. */
const launch = v.object({
  company_id: companyId,
  client_id: v.string(),
  application_id: v.optional(applicationId),
  redirect_path: v.optional(v.string()),
  install_event: v.optional(v.string()),
  display: v.optional(v.string()),
});

/** `GET /fp/install`: the platform opens the extension, for the first time or again. */
export const handler = http()
  .use(input('query', launch))
  .handler(async (request) => {
    const { input: fields, cookies } = request;
    const tenant = companyTenant(fields.company_id);
    request.tenant = tenant;
    // Judged now, resolved again when it is used: what it resolves to may be several times as long as a cookie can be.
    if (fields.redirect_path) parseRedirectPath(fields.redirect_path, baseUrl());
    const apiKey = await ownClientId(fields.client_id);
    const { location } = await beginInstall(
      { extension: extension(), baseUrl: baseUrl(), apiKey, sessionKeys: sessionKeys(), now },
      {
        tenant,
        applicationId: fields.application_id,
        redirectPath: fields.redirect_path || undefined,
        installEvent: fields.install_event === 'true',
        inWindow: fields.display === 'window',
      },
      cookies,
    );
    return redirect(location);
  });
