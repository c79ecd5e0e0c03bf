import { AppError } from '../problems.ts';
import type { Session } from './sessions.ts';

/** `reauthorize`: the offline grant no longer works and the next launch asks for it again. */
export type InstallationStatus = 'installed' | 'reauthorize' | 'uninstalled';

/** What decides whether a session still counts. */
export interface InstallationGate {
  readonly generation: number;
  readonly status: InstallationStatus;
  /** Epoch milliseconds: sessions that began earlier are over, for everybody. */
  readonly sessionsValidFromMs: number | undefined;
  /** Epoch milliseconds: since when an operator keeps this tenant out; undefined where nobody does. */
  readonly blockedAtMs?: number | undefined;
}

/** What the tables say now of a session that was opened. */
export interface SessionState {
  /** Undefined where the company never installed. */
  readonly installation: InstallationGate | undefined;
  /** Epoch milliseconds: this person's sessions that began at or before are over. */
  readonly signedOutAtMs: number | undefined;
}

declare const checked: unique symbol;

/**
 * A session that was compared with what the tables say now. Whatever acts for a person takes one, and `requireLive`
 * alone makes it: where the check is forgotten, nothing compiles.
 */
export type LiveSession = Session & { readonly [checked]: true };

/**
 * @throws {AppError} `access_denied` where an operator keeps the tenant out: who signs in again meets the same, so that
 * nobody is sent to do so.
 */
export function requireUnblocked(row: { readonly blockedAtMs?: number | undefined } | undefined): void {
  if (row?.blockedAtMs !== undefined) throw new AppError('access_denied', 'The extension is closed for this company.');
}

/**
 * Compares an opened session with what the tables say now of its owner.
 * @throws {AppError} `session_expired` where the installation is gone or newer, or the person or everybody was signed
 * out after the session began; `access_denied` as `requireUnblocked`.
 */
export function requireLive(session: Session, { installation, signedOutAtMs }: SessionState): LiveSession {
  if (installation === undefined || installation.status === 'uninstalled') {
    throw new AppError('session_expired', 'The extension is no longer installed in this company.');
  }
  requireUnblocked(installation);
  if (installation.generation !== session.generation) {
    throw new AppError('session_expired', 'The extension was installed again since this session began.');
  }
  const endedAtMs = Math.max(signedOutAtMs ?? 0, installation.sessionsValidFromMs ?? 0);
  if (session.signedInAtMs <= endedAtMs) throw new AppError('session_expired', 'This session was signed out.');
  return session as LiveSession;
}
