import { requireLive } from '../../../shared/session/live-session.ts';
import type { Session } from '../../../shared/session/sessions.ts';
import { userCache } from '../tables.ts';
import { type Requirement, requirement } from './http.ts';
import type { HttpRequest } from './http-messages.ts';

declare const brand: unique symbol;
/** A session that still counts: compared with what the tables say now. */
export type LiveSession = Session & { readonly [brand]: true };

/**
 * `request.session` still counts, as of now. Not for the proxy, whose one read of the tables finds that out too.
 * @throws {AppError} `session_expired`.
 */
export function live(): Requirement<HttpRequest & { readonly session: Session }, { readonly session: LiveSession }> {
  return requirement(async ({ session }) => {
    const { companyId, user, generation } = session;
    requireLive(session, await userCache().view({ companyId, userId: user.id, generation }));
    return { session: session as LiveSession };
  });
}
