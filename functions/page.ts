import { AppError } from '../shared/errors.ts';
import { missingScopes } from '../shared/fynd/scopes.ts';
import { installPath, launchPath } from '../shared/oauth/launch-path.ts';
import { requireLive } from '../shared/session/require-live.ts';
import { http } from './runtime/http.ts';
import type { HttpRequest, HttpResponse } from './runtime/http-messages.ts';
import { apiKey } from './runtime/secrets.ts';
import { redirectHeaders } from './runtime/security-headers.ts';
import { baseUrl, extension } from './runtime/settings.ts';
import { type Place, placeOf, signedIn } from './runtime/signed-in.ts';
import { userCache } from './runtime/tables.ts';
import { welcomePage } from './runtime/welcome-page.ts';

/** `GET /company/{company_id}[/application/{application_id}]`: the extension's page, or the way to sign in to it. */
export const handler = http(async (request) => {
  const place = placeOf(request);
  try {
    return await signedIn(request, place, async (session) => {
      const { companyId, user, generation } = session;
      requireLive(session, await userCache().view({ companyId, userId: user.id, generation }));
      return welcomePage({
        extension: extension(),
        session,
        applicationId: place.applicationId,
        missingScopes: missingScopes(session.scopes, extension().scopes),
      });
    });
  } catch (error) {
    if (error instanceof AppError && error.status === 401) return await redirectToSignIn(request, place);
    throw error;
  }
});

/** Back to this very page after sign-in: it is named only where that is not where people land anyway. */
async function redirectToSignIn(request: HttpRequest, { companyId = '', applicationId }: Place): Promise<HttpResponse> {
  const here = `${request.rawPath}${request.rawQuery === '' ? '' : `?${request.rawQuery}`}`;
  const landing = launchPath(extension().launchPath, companyId, applicationId);
  const redirectPath = here === landing || here.length > 512 ? undefined : here;
  const path = installPath(await apiKey(), companyId, applicationId, redirectPath);
  return { status: 302, headers: { ...redirectHeaders, location: `${baseUrl()}${path}` } };
}
