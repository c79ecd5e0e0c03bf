/**
 * A session that a tab holds itself, for browsers that keep no cookie in a frame: where it lies in `sessionStorage`, and the
 * message by which a window of its own hands it over. Pages, the script that they are served with and the callback agree on it.
 */
export interface TabSession {
  /** The sealed text, for `Authorization: Bearer`. */
  readonly session: string;
  /** Epoch seconds. */
  readonly expires_at: number;
}

/** What a sign-in in a window of its own posts to whoever opened it. It has `company_id` or `organization_id` besides. */
export interface TabSessionMessage extends TabSession {
  readonly type: 'extension-session';
  /** Where the sign-in leads. */
  readonly path: string;
}

/** What a tab keeps of a tenant: its session, the path that it goes back to after signing in, and that it was sent to do so. */
export type TabEntry = 'session' | 'return' | 'reauthorized';

/** `extension-session:1`, `extension-session:org:a1`. */
export function tabKey(entry: TabEntry, kind: 'company' | 'organization', id: string): string {
  return `extension-${entry}:${kind === 'company' ? '' : 'org:'}${id}`;
}

/** Begins `window.name` where the browser gives no `sessionStorage`: JSON follows, which the next page takes out at once. */
export const handedByName = 'extension:';
