import { missingScopes } from '../shared/fynd/scopes.ts';
import { requireLive } from '../shared/session/live-session.ts';
import { sessionCookieName } from '../shared/session/sessions.ts';
import { ownerOf } from '../shared/store/user-cache.ts';
import { companyOf } from '../shared/tenant.ts';
import { http } from './runtime/http/http.ts';
import { requireSameOrigin } from './runtime/http/same-origin.ts';
import { signedIn } from './runtime/http/signed-in.ts';
import { baseUrl, extension, now } from './runtime/settings.ts';
import { userCache } from './runtime/tables.ts';

/** `GET /api/session`: who is signed in, and what they may do. `DELETE`: signs out, copies of the cookie included. */
export const handler = http(async (request) => {
  requireSameOrigin(request, baseUrl());
  return await signedIn(request, {}, async (session) => {
    const { tenant, user, scopes, expiresAt } = session;
    const owner = ownerOf(session);
    requireLive(session, await userCache().view(owner));
    if (request.method === 'DELETE') {
      await userCache().signOut(owner, now());
      request.cookies.clear(sessionCookieName(tenant));
      return { status: 204, headers: { 'cache-control': 'no-store' } };
    }
    const { accessMode, scopes: configured } = extension();
    return {
      status: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      body: JSON.stringify({
        company_id: companyOf(tenant),
        user: { id: user.id, name: user.name, email: user.email ?? null },
        access_mode: accessMode,
        scopes,
        missing_scopes: missingScopes(scopes, configured),
        expires_at: expiresAt,
      }),
    };
  });
});
