import { missingScopes } from '../shared/fynd/scopes.ts';
import { installPath, launchPath } from '../shared/install/launch-path.ts';
import { AppError } from '../shared/problems.ts';
import { personIn } from '../shared/session/describe-session.ts';
import { companyTenant } from '../shared/tenant.ts';
import { welcomePage } from './app/welcome-page.ts';
import { type HttpRequirement, http } from './runtime/http/http.ts';
import type { HttpRequest, HttpResponse } from './runtime/http/http-messages.ts';
import { live } from './runtime/http/live.ts';
import { redirect } from './runtime/http/responses.ts';
import { anyOrigin } from './runtime/http/same-origin.ts';
import { placeOf, signedIn } from './runtime/http/signed-in.ts';
import { apiKey } from './runtime/secrets.ts';
import { baseUrl, extension } from './runtime/settings.ts';

/** `GET /company/{company_id}[/application/{application_id}]`: the extension's page, or the way to sign in to it. */
export const handler = http()
  .use(orSignIn())
  .use(anyOrigin())
  .use(signedIn())
  .use(live())
  .handler(({ session, place }) => {
    const { company, user, scopes } = personIn(session);
    return Promise.resolve(
      welcomePage({
        extension: extension(),
        company,
        userName: user.name,
        applicationId: place.applicationId,
        missingScopes: missingScopes(scopes, extension().scopes),
      }),
    );
  });

/** Who is not signed in is sent to do so. */
function orSignIn(): HttpRequirement<HttpRequest> {
  return {
    async onError(chained) {
      if (!(chained.error instanceof AppError && chained.error.status === 401)) return;
      chained.response = await redirectToSignIn(chained.event);
    },
  };
}

/** Back to this very page after sign-in: it is named only where that is not where people land anyway. */
async function redirectToSignIn(request: HttpRequest): Promise<HttpResponse> {
  const { companyId = '', applicationId } = placeOf(request);
  const tenant = companyTenant(companyId);
  const here = `${request.rawPath}${request.rawQuery === '' ? '' : `?${request.rawQuery}`}`;
  const landing = launchPath(extension().launchPath, tenant, applicationId);
  const redirectPath = here === landing || here.length > 512 ? undefined : here;
  return redirect(`${baseUrl()}${installPath(await apiKey(), tenant, applicationId, redirectPath)}`);
}
