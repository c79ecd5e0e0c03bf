import { extensionFor } from '../shared/config.ts';
import { describeSession } from '../shared/session/describe-session.ts';
import { http } from './runtime/http/http.ts';
import { live } from './runtime/http/live.ts';
import { json } from './runtime/http/responses.ts';
import { sameOrigin } from './runtime/http/same-origin.ts';
import { personalVary } from './runtime/http/security-headers.ts';
import { signedIn } from './runtime/http/signed-in.ts';
import { extension, now } from './runtime/settings.ts';
import { userCache } from './runtime/tables.ts';

/** `GET /api/session`: who is signed in, and what they may do. `DELETE`: signs out, copies of the session included. */
export const handler = http()
  .use(sameOrigin())
  .use(signedIn())
  // Whoever is kept out may leave.
  .use(live(({ method }) => method === 'DELETE'))
  .handler(async ({ method, cookies, sessionCookie, session }) => {
    if (method === 'DELETE') {
      await userCache().signOut(session, now());
      if (sessionCookie !== undefined) cookies.clear(sessionCookie);
      return { status: 204, headers: { 'cache-control': 'no-store', vary: personalVary } };
    }
    const described = json(describeSession(session, extensionFor(extension(), session.tenant)));
    return { ...described, headers: { ...described.headers, vary: personalVary } };
  });
