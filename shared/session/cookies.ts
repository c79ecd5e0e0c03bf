import { parseCookie, stringifySetCookie } from 'cookie';
import { AppError } from '../problems.ts';
import { type Tenant, tenantKey } from '../tenant.ts';
import { tenantOfSessionCookie } from './sessions.ts';
import { isRoundCookie } from './sign-in-round.ts';
import { isTransactionCookie } from './transactions.ts';

/**
 * All of this extension's cookies together, as a browser sends them: an HTTP API refuses requests whose request line
 * and headers exceed 10,240 bytes, so that somebody who opens many companies would lock themselves out.
 */
export const maxAllCookiesBytes = 5_800;

/** Sign-ins under way in several tabs, about six of them. */
const maxTransactionsBytes = 2_200;

/** The cookies of one request, and the changes that its response makes to them. */
export class Cookies {
  /** A browser may send several of one name, for instance one of before it kept cookies for each frame apart. */
  readonly #received: ReadonlyMap<string, readonly string[]>;
  readonly #changes = new Map<string, { value: string; maxAgeSeconds: number }>();

  /** @param header the values of the request's `cookie` headers; anything malformed in them is passed over. */
  constructor(header: readonly string[]) {
    const received = new Map<string, string[]>();
    for (const pair of header.flatMap((text) => text.split(';'))) {
      for (const [name, value = ''] of Object.entries(parseCookie(pair, { decode: (text) => text }))) {
        received.set(name, [...(received.get(name) ?? []), value]);
      }
    }
    this.#received = received;
  }

  /** Every value that the browser sent under this name, in its order. */
  values(name: string): readonly string[] {
    return this.#received.get(name) ?? [];
  }

  /** The tenants whose session cookies the browser sent. */
  tenants(): Tenant[] {
    return [...this.#received.keys()].flatMap((name) => tenantOfSessionCookie(name) ?? []);
  }

  /** Whether a sign-in was under way in this browser, whatever became of it. */
  isSigningIn(): boolean {
    return [...this.#received.keys()].some(isTransactionCookie);
  }

  set(name: string, value: string, maxAgeSeconds: number): void {
    this.#changes.set(name, { value, maxAgeSeconds });
  }

  has(name: string): boolean {
    return this.#received.has(name);
  }

  /** Has the browser forget a cookie; nothing happens where it sent none of that name. */
  clear(name: string): void {
    this.#changes.delete(name);
    if (this.#received.has(name)) this.#changes.set(name, { value: '', maxAgeSeconds: 0 });
  }

  /** This extension's cookies as the browser will send them next time. */
  #ours(): Map<string, readonly string[]> {
    const after = new Map(this.#received);
    for (const [name, { value, maxAgeSeconds }] of this.#changes) {
      if (maxAgeSeconds > 0) after.set(name, [value]);
      else after.delete(name);
    }
    for (const name of after.keys()) {
      if (!isOurs(name)) after.delete(name);
    }
    return after;
  }

  /**
   * Lets cookies of this extension go until the rest fits, never those that this response sets: first the oldest
   * transactions beyond what a few tabs need, so that launches which nobody finishes end no session; then whatever is
   * oldest.
   * @param startedAtMs when a value's session or transaction began; undefined for one that does not open any more.
   */
  async fit(startedAtMs: (name: string, value: string) => Promise<number | undefined>): Promise<void> {
    const ours = this.#ours();
    const bytesOf = (name: string, values: readonly string[]) =>
      values.reduce((sum, value) => sum + name.length + value.length + 3, 0);
    const size = (isCounted: (name: string) => boolean) =>
      [...ours].reduce((sum, [name, values]) => (isCounted(name) ? sum + bytesOf(name, values) : sum), 0);
    if (size(() => true) <= maxAllCookiesBytes && size(isTransactionCookie) <= maxTransactionsBytes) return;
    const ages = await Promise.all(
      [...ours]
        .filter(([name]) => !this.#changes.has(name))
        .map(async ([name, values]) => {
          const all = await Promise.all(values.map((value) => startedAtMs(name, value)));
          return { name, startedAtMs: Math.max(...all.map((each) => each ?? 0)) };
        }),
    );
    const oldestFirst = ages.sort((a, b) => a.startedAtMs - b.startedAtMs).map(({ name }) => name);
    const letGo = (name: string) => {
      this.clear(name);
      ours.delete(name);
    };
    for (const name of oldestFirst.filter(isTransactionCookie)) {
      if (size(isTransactionCookie) > maxTransactionsBytes) letGo(name);
    }
    for (const name of oldestFirst) {
      if (ours.has(name) && size(() => true) > maxAllCookiesBytes) letGo(name);
    }
  }

  /** `Set-Cookie` values. `Partitioned` (CHIPS), because the extension lives in a frame of another site. */
  setCookieHeaders(): string[] {
    return [...this.#changes].map(([name, { value, maxAgeSeconds }]) =>
      stringifySetCookie({
        name,
        value,
        maxAge: maxAgeSeconds,
        path: '/',
        httpOnly: true,
        secure: true,
        sameSite: 'none',
        partitioned: true,
      }),
    );
  }
}

function isOurs(name: string): boolean {
  return tenantOfSessionCookie(name) !== undefined || isTransactionCookie(name) || isRoundCookie(name);
}

/**
 * Which tenant's session a request means. What it names only selects one and proves nothing: path, header and query must
 * agree, and without any of them there must be just one session.
 * @param named by the request, a session that it carries in a header included.
 * @param signedIn the tenants whose cookies it brings.
 * @throws {AppError} `tenant_mismatch`, `invalid_request` or `session_required`.
 */
export function selectTenant(named: readonly (Tenant | undefined)[], signedIn: readonly Tenant[]): Tenant {
  const different = new Map(named.flatMap((tenant) => (tenant === undefined ? [] : [[tenantKey(tenant), tenant]])));
  const [tenant, ...others] = different.values();
  if (others.length > 0) {
    throw new AppError(
      'tenant_mismatch',
      'Path, headers, query and session name different companies or organizations.',
    );
  }
  if (tenant !== undefined) return tenant;
  const [only, ...more] = signedIn;
  if (only === undefined) throw new AppError('session_required', 'There is no session.');
  if (more.length > 0) {
    throw new AppError(
      'invalid_request',
      'There are sessions of several companies or organizations: name one in X-Company-Id or X-Organization-Id.',
    );
  }
  return only;
}
