import type { Extension } from '../config.ts';
import { missingScopes } from '../fynd/scopes.ts';
import { AppError } from '../problems.ts';
import type { LiveSession } from './live-session.ts';

/**
 * Whom a page or a route of the author's works for.
 * @throws {AppError} `tenant_mismatch` where that is an organization.
 */
export function personIn({ tenant, user, scopes }: LiveSession) {
  if (tenant.kind !== 'company') throw new AppError('tenant_mismatch', 'This is for companies, not for organizations.');
  return { company: tenant.id, user, scopes };
}

/**
 * The same of an organization.
 * @throws {AppError} `tenant_mismatch` where it is a company.
 */
export function partnerIn({ tenant, user, scopes }: LiveSession) {
  if (tenant.kind !== 'organization') {
    throw new AppError('tenant_mismatch', 'This is for organizations, not for companies.');
  }
  return { organization: tenant.id, user, scopes };
}

/** What a page may know of the person who is signed in: who it is and what they may do, and no token. */
export function describeSession(
  { tenant, user, scopes, expiresAt }: LiveSession,
  extension: Pick<Extension, 'accessMode' | 'scopes'>,
) {
  return {
    [`${tenant.kind}_id`]: tenant.id,
    user: { id: user.id, name: user.name, email: user.email ?? null },
    access_mode: extension.accessMode,
    scopes,
    missing_scopes: missingScopes(scopes, extension.scopes),
    /** Epoch seconds. */
    expires_at: expiresAt,
  };
}
