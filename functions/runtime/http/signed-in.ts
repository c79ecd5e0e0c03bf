import * as v from 'valibot';
import { extensionFor } from '../../../shared/config.ts';
import { installPath } from '../../../shared/install/launch-path.ts';
import { AppError } from '../../../shared/problems.ts';
import { selectTenant } from '../../../shared/session/cookies.ts';
import {
  openLatestSession,
  type Session,
  sessionCookieName,
  tenantOfSession,
} from '../../../shared/session/sessions.ts';
import {
  applicationId,
  companyId,
  companyTenant,
  organizationId,
  organizationTenant,
  type Tenant,
} from '../../../shared/tenant.ts';
import { requirement } from '../chain.ts';
import { apiKey, sessionKeys } from '../secrets.ts';
import { extension, now } from '../settings.ts';
import { type HttpRequirement } from './http.ts';
import type { HttpRequest } from './http-messages.ts';
import { parseFields } from './input.ts';
import type { Origin } from './same-origin.ts';

/** What a request names in its path: whose it is, and perhaps a sales channel. Nothing in it is proven. */
export interface TenantReference {
  readonly tenant?: Tenant | undefined;
  readonly applicationId?: string | undefined;
}

/** What `signedIn` finds. The session was opened and nothing more: whether it still counts is for `live`. */
export interface SignedIn {
  readonly reference: TenantReference;
  readonly session: Session;
}

/** Whatever else is in the query may be the platform's. */
const ids = { company_id: v.optional(companyId), organization_id: v.optional(organizationId) };
const companyQuery = v.object({ company_id: ids.company_id });
const organizationQuery = v.object({ organization_id: ids.organization_id });
const path = v.object({ ...ids, application_id: v.optional(applicationId) });
const headers = v.object({ 'X-Company-Id': ids.company_id, 'X-Organization-Id': ids.organization_id });

/** Whom these name; a company and an organization are two. */
const tenantsOf = (company: string | undefined, organization: string | undefined): Tenant[] => [
  ...(company === undefined ? [] : [companyTenant(company)]),
  ...(organization === undefined ? [] : [organizationTenant(organization)]),
];

/** Without partners there are no organizations: what names one is the platform's own, or left from before. */
const isServed = ({ kind }: Pick<Tenant, 'kind'>) => kind === 'company' || extension().partner !== undefined;

/** The reference in the parameters of the route's own path. @throws {AppError} `invalid_request`. */
export function tenantReferenceOf(request: Pick<HttpRequest, 'pathParameters'>): TenantReference {
  const named = parseFields(path, request.pathParameters);
  const [tenant] = tenantsOf(named.company_id, named.organization_id);
  return { tenant, applicationId: named.application_id };
}

/**
 * HTTP clears whatever cookie has the name when the response arrives, also one that a sign-in set since the call was
 * made. So a 401 clears none where a sign-in was under way, nor where the platform was waited for as long as a sign-in
 * takes that began behind the call: four requests, one of which redeems a code. The cookie that stays does no harm: the
 * next sign-in, to which the 401 leads, replaces it.
 */
const soonestSignInMs = 50;

/**
 * `request.session`: the session of the company or organization that the request means, out of a cookie, or out of `Authorization` where
 * the request has one and the route knows it. Every 401, whoever behind it raises it, tells where to sign in again, and an
 * early one forgets the cookie that no longer works.
 * @param referenceIn where the request names its owner, if not in the parameters of its path.
 * @throws {AppError} `session_required`, `session_expired`, `tenant_mismatch`, `invalid_request`.
 */
export function signedIn<Needed = unknown>(
  referenceIn: (request: HttpRequest & Needed) => TenantReference = tenantReferenceOf,
): HttpRequirement<HttpRequest & Origin & Needed, SignedIn> {
  return {
    ...requirement<HttpRequest & Origin & Needed, SignedIn>(async (request) => {
      const reference = referenceIn(request);
      const fromHeaders = parseFields(headers, {
        'X-Company-Id': request.headers['x-company-id'],
        'X-Organization-Id': request.headers['x-organization-id'],
      });
      const { company_id } = parseFields(companyQuery, request.query);
      const { organization_id } = isServed({ kind: 'organization' })
        ? parseFields(organizationQuery, request.query)
        : {};
      const named = [
        reference.tenant,
        ...tenantsOf(fromHeaders['X-Company-Id'], fromHeaders['X-Organization-Id']),
        ...tenantsOf(company_id, organization_id),
      ].filter((each) => each !== undefined && isServed(each));
      const { bearer } = request;
      const own = bearer === undefined ? undefined : await tenantOfSession(sessionKeys(), bearer, now());
      const tenant = selectTenant(
        [...named, own],
        bearer === undefined ? request.cookies.tenants().filter(isServed) : [],
      );
      request.tenant = tenant;
      request.retryPath = installPath(await apiKey(), tenant, reference.applicationId);
      if (bearer === undefined) request.sessionCookie = sessionCookieName(tenant);
      const texts = bearer === undefined ? request.cookies.values(sessionCookieName(tenant)) : [bearer];
      const { scopes } = extensionFor(extension(), tenant);
      const session = await openLatestSession(sessionKeys(), scopes, { tenant, texts, now: now() });
      return { reference, session };
    }),
    onError({ event: { cookies, sessionCookie }, error }) {
      if (!(error instanceof AppError && error.status === 401) || sessionCookie === undefined) return;
      const mayBeNewer = cookies.isSigningIn() || error.waitedMs >= soonestSignInMs;
      if (!mayBeNewer) cookies.clear(sessionCookie);
    },
  };
}
