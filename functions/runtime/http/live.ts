import { type LiveSession, requireLive } from '../../../shared/session/live-session.ts';
import type { Session } from '../../../shared/session/sessions.ts';
import { ownerOf } from '../../../shared/store/user-cache.ts';
import { requirement } from '../chain.ts';
import { userCache } from '../tables.ts';
import { type HttpRequirement } from './http.ts';
import type { HttpRequest } from './http-messages.ts';

/**
 * `request.session` still counts, as of now. Not for the proxy, whose one read of the tables finds that out too.
 * @throws {AppError} `session_expired`.
 */
export function live(): HttpRequirement<
  HttpRequest & { readonly session: Session },
  { readonly session: LiveSession }
> {
  return requirement(async ({ session }) => ({
    session: requireLive(session, await userCache().view(ownerOf(session))),
  }));
}
