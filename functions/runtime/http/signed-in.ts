import * as v from 'valibot';
import { installPath } from '../../../shared/install/launch-path.ts';
import { AppError } from '../../../shared/problems.ts';
import { selectTenant } from '../../../shared/session/cookies.ts';
import { openSession, type Session, sessionCookieName } from '../../../shared/session/sessions.ts';
import { applicationId, companyId, companyTenant } from '../../../shared/tenant.ts';
import { apiKey, sessionKeys } from '../secrets.ts';
import { extension, now } from '../settings.ts';
import type { HttpRequest } from './http-messages.ts';
import { input } from './input.ts';

/** A place in the extension that a request names in its path; nothing in it is proven. */
export interface Place {
  readonly companyId?: string | undefined;
  readonly applicationId?: string | undefined;
}

const path = v.object({ company_id: v.optional(companyId), application_id: v.optional(applicationId) });
/** Whatever else is in the query may be the platform's. */
const query = v.object({ company_id: v.optional(companyId) });
const header = v.object({ 'X-Company-Id': v.optional(companyId) });

/** The place that the route's own path parameters name. @throws {AppError} `invalid_request`. */
export function placeOf(request: Pick<HttpRequest, 'pathParameters'>): Place {
  const named = input(path, request.pathParameters);
  return { companyId: named.company_id, applicationId: named.application_id };
}

/**
 * Runs `use` with the session of the company that the request means. Every 401, whoever raises it, tells where to sign
 * in again and forgets the cookie that no longer works.
 * @throws {AppError} `session_required`, `session_expired`, `tenant_mismatch`, `invalid_request`.
 */
export async function signedIn<Result>(
  request: HttpRequest,
  place: Place,
  use: (session: Session) => Promise<Result>,
): Promise<Result> {
  const fromHeader = input(header, { 'X-Company-Id': request.headers['x-company-id'] })['X-Company-Id'];
  const fromQuery = input(query, request.query).company_id;
  const { cookies } = request;
  const named = [place.companyId, fromHeader, fromQuery].map((id) => (id === undefined ? id : companyTenant(id)));
  const tenant = selectTenant(named, cookies);
  request.retryPath = installPath(await apiKey(), tenant, place.applicationId);
  const cookieName = sessionCookieName(tenant);
  try {
    const text = cookies.get(cookieName);
    if (text === undefined) throw new AppError('session_required', 'There is no session for this company.');
    const session = await openSession(sessionKeys(), extension().scopes, { tenant, text, now: now() });
    return await use(session);
  } catch (error) {
    if (error instanceof AppError && error.status === 401) cookies.clear(cookieName);
    throw error;
  }
}
