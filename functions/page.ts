import { extensionFor } from '../shared/config.ts';
import { installPath, launchPath } from '../shared/install/launch-path.ts';
import { isRedirectPath } from '../shared/install/redirect-path.ts';
import { AppError } from '../shared/problems.ts';
import { roundCookieName, roundSeconds } from '../shared/session/sign-in-round.ts';
import { fileResponse, pageResponse } from './runtime/http/front-end.ts';
import { type HttpRequirement, http, type LambdaHandler } from './runtime/http/http.ts';
import type { HttpRequest } from './runtime/http/http-messages.ts';
import { live } from './runtime/http/live.ts';
import { redirect } from './runtime/http/responses.ts';
import { anyOrigin } from './runtime/http/same-origin.ts';
import { signedIn, type TenantReference, tenantReferenceOf } from './runtime/http/signed-in.ts';
import { apiKey } from './runtime/secrets.ts';
import { baseUrl, extension } from './runtime/settings.ts';

/**
 * `GET /company/{company_id}[/application/{application_id}][/…]`, `GET /organization/{organization_id}[/…]`: the extension's page, or the way to sign in to it.
 * `GET /{file+}`: a file of the front end, for anybody. Which of them it is, the path alone decides: gateways choose routes
 * in ways of their own.
 */
export const handler: LambdaHandler = (event, context) => {
  const isPersonal = isPagePath(event.rawPath) && !isForTab(new URLSearchParams(event.rawQueryString));
  return (isPersonal ? pageOfSession : open)(event, context);
};

const pageOfSession = http()
  .use(orSignIn())
  .use(anyOrigin())
  .use(signedIn(referenceOf))
  .use(live())
  .handler(async (request) => {
    request.cookies.clear(roundCookieName(request.session.tenant));
    return pageResponse(request);
  });

const open = http().handler(async (request) => {
  if (!isPagePath(request.rawPath)) return fileResponse(request);
  referenceOf(request);
  return pageResponse(request);
});

/** A tab that holds its session itself asks for the page without one: there is nothing personal in it. */
function isForTab(query: URLSearchParams): boolean {
  return query.get('session') === 'tab';
}

const companyPage = /^\/company\/([^/]+)(?:\/application\/([^/]+))?(?:\/|$)/;
const organizationPage = /^\/organization\/([^/]+)(?:\/|$)/;

function isPagePath(rawPath: string): boolean {
  return companyPage.test(rawPath) || (extension().partner !== undefined && organizationPage.test(rawPath));
}

/** @throws {AppError} `invalid_request`. */
function referenceOf({ rawPath }: Pick<HttpRequest, 'rawPath'>): TenantReference {
  const [, company_id, application_id] = companyPage.exec(rawPath) ?? [];
  const [, organization_id] = organizationPage.exec(rawPath) ?? [];
  return tenantReferenceOf({ pathParameters: { company_id, application_id, organization_id } });
}

/** Who is not signed in is sent to do so, but not those whom that did not help: they are told. */
function orSignIn(): HttpRequirement<HttpRequest> {
  return {
    async onError(chained) {
      const { error, event: request } = chained;
      if (!(error instanceof AppError && error.status === 401)) return;
      const { tenant, applicationId } = referenceOf(request);
      if (tenant === undefined) return;
      const landing = launchPath(extensionFor(extension(), tenant).launchPath, tenant, applicationId);
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
  // Decoded by the gateway: what would mean something else in an address is encoded again.
  const path = rawPath.replaceAll(/%(?![\da-f]{2})/gi, '%25').replaceAll('#', '%23');
  const here = rawQuery === '' ? path : `${path}?${rawQuery}`;
  const kept = [here, path].find((each) => isRedirectPath(each, baseUrl()));
  return kept === landing ? undefined : kept;
}
