import * as v from 'valibot';
import { isRouteAllowed } from '../shared/fynd/allowed-routes.ts';
import { platformPath } from '../shared/fynd/platform-path.ts';
import { createHttpClient, deadlineIn } from '../shared/http/http-client.ts';
import { callAsUser } from '../shared/platform/call-as-user.ts';
import { AppError } from '../shared/problems.ts';
import { applicationId, companyId } from '../shared/tenant.ts';
import { http } from './runtime/http/http.ts';
import { input } from './runtime/http/input.ts';
import { platformResponse } from './runtime/http/platform-response.ts';
import { proxiedSegments } from './runtime/http/proxied-segments.ts';
import { requireSameOrigin } from './runtime/http/same-origin.ts';
import { signedIn } from './runtime/http/signed-in.ts';
import { baseUrl, extension, now, once } from './runtime/settings.ts';
import { userCache } from './runtime/tables.ts';

const budgetMs = 25_000;
const httpClient = once(createHttpClient);
const tenant = v.object({ company_id: v.optional(companyId) });

/** `ANY /api/platform/{path+}`: the Platform API, with the signed-in person's token and through their cache. */
export const handler = http(async (request) => {
  const deadline = deadlineIn(budgetMs);
  requireSameOrigin(request, baseUrl());
  const path = platformPath(proxiedSegments(request));
  const place = {
    companyId: input(tenant, { company_id: path.tenant?.id }).company_id,
    applicationId: applicationOf(path.segments),
  };
  return await signedIn(request, place, async (session) => {
    if (!isRouteAllowed(extension(), request.method, path.segments)) {
      throw new AppError(
        'route_not_allowed',
        'The configuration does not let pages make this call of the Platform API.',
      );
    }
    const { method, rawQuery, headers, body } = request;
    const answer = await callAsUser(
      { extension: extension(), userCache: userCache(), httpClient: httpClient(), now },
      session,
      { method, path, rawQuery, headers, body },
      deadline,
    );
    return platformResponse(request, answer);
  });
});

/** Where to come back to after signing in again; an id that is none is the platform's to refuse. */
function applicationOf(segments: readonly string[]): string | undefined {
  const [, , , , kind, id] = segments;
  return kind === 'application' && v.is(applicationId, id) ? id : undefined;
}
