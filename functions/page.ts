import { missingScopes } from '../shared/fynd/scopes.ts';
import { installPath, launchPath } from '../shared/install/launch-path.ts';
import { isRedirectPath } from '../shared/install/redirect-path.ts';
import { AppError } from '../shared/problems.ts';
import { personIn } from '../shared/session/describe-session.ts';
import { roundCookieName, roundSeconds } from '../shared/session/sign-in-round.ts';
import { companyTenant } from '../shared/tenant.ts';
import { welcomePage } from './app/welcome-page.ts';
import { type HttpRequirement, http } from './runtime/http/http.ts';
import type { HttpRequest } from './runtime/http/http-messages.ts';
import { live } from './runtime/http/live.ts';
import { redirect } from './runtime/http/responses.ts';
import { anyOrigin } from './runtime/http/same-origin.ts';
import { ownPageHeaders } from './runtime/http/security-headers.ts';
import { signedIn, tenantReferenceOf } from './runtime/http/signed-in.ts';
import { apiKey } from './runtime/secrets.ts';
import { baseUrl, extension } from './runtime/settings.ts';

/** `GET /company/{company_id}[/application/{application_id}]`: the extension's page, or the way to sign in to it. */
export const handler = http()
  .use(orSignIn())
  .use(anyOrigin())
  .use(signedIn())
  .use(live())
  .handler(({ session, reference, cookies }) => {
    cookies.clear(roundCookieName(session.tenant));
    const { company, user, scopes } = personIn(session);
    const page = welcomePage({
      extension: extension(),
      company,
      userName: user.name,
      applicationId: reference.applicationId,
      missingScopes: missingScopes(scopes, extension().scopes),
    });
    return Promise.resolve({ ...page, headers: { ...page.headers, ...ownPageHeaders } });
  });

/** Who is not signed in is sent to do so, but not those whom that did not help: they are told. */
function orSignIn(): HttpRequirement<HttpRequest> {
  return {
    async onError(chained) {
      const { error, event: request } = chained;
      if (!(error instanceof AppError && error.status === 401)) return;
      const { companyId = '', applicationId } = tenantReferenceOf(request);
      const tenant = companyTenant(companyId);
      const landing = launchPath(extension().launchPath, tenant, applicationId);
      request.retryPath = installPath(await apiKey(), tenant, applicationId, redirectPathOf(request, landing));
      const round = roundCookieName(tenant);
      if (!request.cookies.values(round).includes('done')) {
        request.cookies.set(round, 'begun', roundSeconds.begun);
        chained.response = redirect(`${baseUrl()}${request.retryPath}`);
        return;
      }
      request.cookies.clear(round);
      chained.error = new AppError(error.code, `You have just signed in, and it did not help. ${error.message}`);
    },
  };
}

/** Back to this very page, without its query where that is too much; undefined where people land there anyway. */
function redirectPathOf({ rawPath, rawQuery }: HttpRequest, landing: string): string | undefined {
  const here = rawQuery === '' ? rawPath : `${rawPath}?${rawQuery}`;
  const path = [here, rawPath].find((each) => isRedirectPath(each, baseUrl()));
  return path === landing ? undefined : path;
}
