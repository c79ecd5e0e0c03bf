import { describeSession } from '../shared/session/describe-session.ts';
import { requireLive } from '../shared/session/live-session.ts';
import { sessionCookieName } from '../shared/session/sessions.ts';
import { ownerOf } from '../shared/store/user-cache.ts';
import { http } from './runtime/http/http.ts';
import { requireSameOrigin } from './runtime/http/same-origin.ts';
import { signedIn } from './runtime/http/signed-in.ts';
import { baseUrl, extension, now } from './runtime/settings.ts';
import { userCache } from './runtime/tables.ts';

/** `GET /api/session`: who is signed in, and what they may do. `DELETE`: signs out, copies of the cookie included. */
export const handler = http(async (request) => {
  requireSameOrigin(request, baseUrl());
  return await signedIn(request, {}, async (opened) => {
    const session = requireLive(opened, await userCache().view(ownerOf(opened)));
    if (request.method === 'DELETE') {
      await userCache().signOut(session, now());
      request.cookies.clear(sessionCookieName(session.tenant));
      return { status: 204, headers: { 'cache-control': 'no-store' } };
    }
    return {
      status: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      body: JSON.stringify(describeSession(session, extension())),
    };
  });
});
