import * as v from 'valibot';
import { extensionFor } from '../shared/config.ts';
import { isRouteAllowed } from '../shared/fynd/allowed-routes.ts';
import { apis, type PlatformPath, platformPath } from '../shared/fynd/platform-path.ts';
import { platformBudgetMs } from '../shared/http/http-client.ts';
import { callAsUser } from '../shared/platform/call-as-user.ts';
import { AppError } from '../shared/problems.ts';
import { applicationId, companyId, organizationId } from '../shared/tenant.ts';
import { requirement } from './runtime/chain.ts';
import { deadline } from './runtime/http/deadline.ts';
import { type HttpRequirement, http } from './runtime/http/http.ts';
import type { HttpRequest } from './runtime/http/http-messages.ts';
import { parseFields } from './runtime/http/input.ts';
import { limited } from './runtime/http/limited.ts';
import { platformResponse } from './runtime/http/platform-response.ts';
import { proxiedSegments } from './runtime/http/proxied-segments.ts';
import { sameOrigin } from './runtime/http/same-origin.ts';
import { signedIn, type TenantReference } from './runtime/http/signed-in.ts';
import { httpClient } from './runtime/http-client.ts';
import { count } from './runtime/metric.ts';
import { extension, now } from './runtime/settings.ts';
import { userCache } from './runtime/tables.ts';

interface ProxiedPath {
  readonly path: PlatformPath;
}

/**
 * `ANY /api/platform/{path+}`, and `/api/partner/{path+}` for partners: the Platform API, with the signed-in person's token and
 * through their cache.
 */
export const handler = http()
  .use(deadline(platformBudgetMs))
  .use(sameOrigin())
  .use(proxiedPath())
  .use(signedIn(tenantReferenceInPath))
  .use(limited())
  .use(allowedRoute())
  .handler(async (request) => {
    const { method, path, rawQuery, headers, body, session } = request;
    const answer = await callAsUser(
      { extension: extensionFor(extension(), path), userCache: userCache(), httpClient: httpClient(), now, count },
      session,
      { method, path, rawQuery, headers, body },
      request.deadline,
    );
    return platformResponse(request, answer);
  });

/** `request.path`: what is asked of the platform. @throws {AppError} `invalid_request`. */
function proxiedPath(): HttpRequirement<HttpRequest, ProxiedPath> {
  return requirement((request) => {
    const kind = request.rawPath.startsWith(apis.organization.proxy) ? 'organization' : 'company';
    return { path: platformPath(proxiedSegments(request, apis[kind].proxy), kind) };
  });
}

/** The configuration says which calls pages may make. @throws {AppError} `route_not_allowed`. */
function allowedRoute(): HttpRequirement<HttpRequest & ProxiedPath> {
  return requirement(({ method, path }) => {
    if (isRouteAllowed(extensionFor(extension(), path), method, path)) return undefined;
    throw new AppError('route_not_allowed', 'The configuration does not let pages make this call of the Platform API.');
  });
}

const ids = v.object({ company_id: v.optional(companyId), organization_id: v.optional(organizationId) });

/** Whom the path is about, and where to come back to after signing in again; an id that is none is the platform's to refuse. */
function tenantReferenceInPath({ path }: ProxiedPath): TenantReference {
  const { tenant } = path;
  if (tenant !== undefined) parseFields(ids, { [`${tenant.kind}_id`]: tenant.id });
  const [, , , , named, id] = path.segments;
  return { tenant, applicationId: named === 'application' && v.is(applicationId, id) ? id : undefined };
}
