import * as v from 'valibot';
import { paths } from '../shared/contract.ts';
import { beginInstall } from '../shared/install/begin-install.ts';
import { parseRedirectPath } from '../shared/install/redirect-path.ts';
import {
  applicationId,
  companyId,
  companyTenant,
  organizationId,
  organizationTenant,
  type Tenant,
} from '../shared/tenant.ts';
import { requirement } from './runtime/chain.ts';
import { type HttpRequirement, http } from './runtime/http/http.ts';
import type { HttpRequest } from './runtime/http/http-messages.ts';
import { parseFields } from './runtime/http/input.ts';
import { ownClientId } from './runtime/http/own-client.ts';
import { redirect } from './runtime/http/responses.ts';
import { sessionKeys } from './runtime/secrets.ts';
import { baseUrl, extension, now } from './runtime/settings.ts';

/** `cluster_url` is not among them: credentials go to the configured cluster and nowhere else. */
const launch = {
  client_id: v.string(),
  application_id: v.optional(applicationId),
  redirect_path: v.optional(v.string()),
  install_event: v.optional(v.string()),
  display: v.optional(v.string()),
};
const companyLaunch = v.object({ company_id: companyId, ...launch });
const partnerLaunch = v.object({ organization_id: organizationId, ...launch });

/** `GET /fp/install`, and `/adm/install` for partners: the platform opens the extension, for the first time or again. */
export const handler = http()
  .use(launched())
  .handler(async (request) => {
    const { input: fields, tenant, cookies } = request;
    request.tenant = tenant;
    // Judged now, resolved again when it is used: what it resolves to may be several times as long as a cookie can be.
    if (fields.redirect_path) parseRedirectPath(fields.redirect_path, baseUrl());
    const apiKey = await ownClientId(fields.client_id);
    const { location } = await beginInstall(
      { extension: extension(), baseUrl: baseUrl(), apiKey, sessionKeys: sessionKeys(), now },
      {
        tenant,
        applicationId: tenant.kind === 'company' ? fields.application_id : undefined,
        redirectPath: fields.redirect_path || undefined,
        installEvent: fields.install_event === 'true',
        inWindow: fields.display === 'window',
      },
      cookies,
    );
    return redirect(location);
  });

interface Launched {
  readonly input: v.InferOutput<v.ObjectSchema<typeof launch, undefined>>;
  /** Whom the address names; nobody signed it. */
  readonly tenant: Tenant;
}

function launched(): HttpRequirement<HttpRequest, Launched> {
  return requirement(({ rawPath, query }) => {
    if (rawPath === paths.partnerInstall) {
      const fields = parseFields(partnerLaunch, query);
      return { input: fields, tenant: organizationTenant(fields.organization_id) };
    }
    const fields = parseFields(companyLaunch, query);
    return { input: fields, tenant: companyTenant(fields.company_id) };
  });
}
