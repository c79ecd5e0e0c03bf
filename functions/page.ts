import { missingScopes } from '../shared/fynd/scopes.ts';
import { installPath, launchPath } from '../shared/install/launch-path.ts';
import { AppError } from '../shared/problems.ts';
import { type LiveSession, requireLive } from '../shared/session/live-session.ts';
import { ownerOf } from '../shared/store/user-cache.ts';
import { companyOf, companyTenant } from '../shared/tenant.ts';
import { welcomePage } from './app/welcome-page.ts';
import { http } from './runtime/http/http.ts';
import type { HttpRequest, HttpResponse } from './runtime/http/http-messages.ts';
import { redirectHeaders } from './runtime/http/security-headers.ts';
import { type Place, placeOf, signedIn } from './runtime/http/signed-in.ts';
import { apiKey } from './runtime/secrets.ts';
import { baseUrl, extension } from './runtime/settings.ts';
import { userCache } from './runtime/tables.ts';

/** `GET /company/{company_id}[/application/{application_id}]`: the extension's page, or the way to sign in to it. */
export const handler = http(async (request) => {
  const place = placeOf(request);
  try {
    return await signedIn(request, place, async (opened) => {
      const session: LiveSession = requireLive(opened, await userCache().view(ownerOf(opened)));
      return welcomePage({
        extension: extension(),
        company: companyOf(session.tenant),
        userName: session.user.name,
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
  const landing = launchPath(extension().launchPath, companyTenant(companyId), applicationId);
  const redirectPath = here === landing || here.length > 512 ? undefined : here;
  const path = installPath(await apiKey(), companyTenant(companyId), applicationId, redirectPath);
  return { status: 302, headers: { ...redirectHeaders, location: `${baseUrl()}${path}` } };
}
