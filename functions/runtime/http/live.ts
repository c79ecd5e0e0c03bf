import { type LiveSession, requireLive } from '../../../shared/session/live-session.ts';
import type { Session } from '../../../shared/session/sessions.ts';
import { ownerOf } from '../../../shared/store/user-cache.ts';
import { requirement } from '../chain.ts';
import { userCache } from '../tables.ts';
import { type HttpRequirement } from './http.ts';
import type { HttpRequest } from './http-messages.ts';

/**
 * `request.session` still counts, as of now. Not for the proxy, whose one read of the tables finds that out too.
 * @param isOpen whether it is a request that people may make whom an operator keeps out. Default: none is.
 * @throws {AppError} `session_expired`, `access_denied`.
 */
export function live(
  isOpen: (request: HttpRequest) => boolean = () => false,
): HttpRequirement<HttpRequest & { readonly session: Session }, { readonly session: LiveSession }> {
  return requirement(async (request) => {
    const { session } = request;
    const view = await userCache().view(ownerOf(session));
    const installation = isOpen(request) && view.installation && { ...view.installation, blockedAtMs: undefined };
    return { session: requireLive(session, installation ? { ...view, installation } : view) };
  });
}
