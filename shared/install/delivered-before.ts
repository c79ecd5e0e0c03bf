import { type Extension, extensionFor } from '../config.ts';
import { equalInConstantTime } from '../equal-in-constant-time.ts';
import { AppError } from '../problems.ts';
import type { KeyRing } from '../sealing.ts';
import { requireLive } from '../session/live-session.ts';
import { digestOfState, openLatestSession, type Session, type SignIn } from '../session/sessions.ts';
import { ownerOf, type UserCache } from '../store/user-cache.ts';
import type { Callback } from './judge-callback.ts';

/**
 * The live session that the sign-in of this very state made, if this browser holds it: its callback was delivered before.
 * Undefined otherwise. Nothing but the state is taken from the callback.
 * @param texts what the browser sent under the name of the tenant's session cookie.
 */
export async function deliveredBefore(
  dependencies: {
    readonly extension: Extension;
    readonly sessionKeys: Pick<KeyRing, 'find'>;
    readonly userCache: Pick<UserCache, 'view'>;
    readonly now: () => Date;
  },
  { state, tenant }: Callback,
  texts: readonly string[],
): Promise<(Session & { readonly signIn: SignIn }) | undefined> {
  const { extension, sessionKeys, userCache, now } = dependencies;
  if (tenant === undefined || texts.length === 0) return undefined;
  try {
    const { scopes } = extensionFor(extension, tenant);
    const session = await openLatestSession(sessionKeys, scopes, { tenant, texts, now: now() });
    const { signIn } = session;
    if (signIn === undefined || !equalInConstantTime(digestOfState(state), signIn.stateDigest)) return undefined;
    requireLive(session, await userCache.view(ownerOf(session)));
    return { ...session, signIn };
  } catch (error) {
    // Without a session that works, it is a callback like others.
    if (error instanceof AppError && (error.status === 401 || error.code === 'tenant_mismatch')) return undefined;
    throw error;
  }
}
