import { AppError } from '../problems.ts';
import type { CacheView } from '../store/user-cache.ts';
import type { Session } from './sessions.ts';

/**
 * Compares an opened session with what the tables say now.
 * @throws {AppError} `session_expired` where the installation is gone or newer, or the person or everybody was signed
 * out after the session began.
 */
export function requireLive(
  session: Pick<Session, 'generation' | 'signedInAtMs'>,
  { installation, signedOutAtMs }: Pick<CacheView, 'installation' | 'signedOutAtMs'>,
): void {
  if (installation === undefined || installation.status === 'uninstalled') {
    throw new AppError('session_expired', 'The extension is no longer installed in this company.');
  }
  if (installation.generation !== session.generation) {
    throw new AppError('session_expired', 'The extension was installed again since this session began.');
  }
  const endedAtMs = Math.max(signedOutAtMs ?? 0, installation.sessionsValidFromMs ?? 0);
  if (session.signedInAtMs <= endedAtMs) throw new AppError('session_expired', 'This session was signed out.');
}
