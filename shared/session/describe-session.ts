import type { Extension } from '../config.ts';
import { missingScopes } from '../fynd/scopes.ts';
import { companyOf } from '../tenant.ts';
import type { LiveSession } from './live-session.ts';

/** Whom a page or a route of the author's works for. */
export function personIn({ tenant, user, scopes }: LiveSession) {
  return { company: companyOf(tenant), user, scopes };
}

/** What a page may know of the person who is signed in: who it is and what they may do, and no token. */
export function describeSession(
  { tenant, user, scopes, expiresAt }: LiveSession,
  extension: Pick<Extension, 'accessMode' | 'scopes'>,
) {
  return {
    company_id: companyOf(tenant),
    user: { id: user.id, name: user.name, email: user.email ?? null },
    access_mode: extension.accessMode,
    scopes,
    missing_scopes: missingScopes(scopes, extension.scopes),
    /** Epoch seconds. */
    expires_at: expiresAt,
  };
}
