import { hash } from 'node:crypto';
import * as v from 'valibot';
import type { PlatformUser } from '../fynd/token-response.ts';
import { AppError } from '../problems.ts';
import { type KeyRing, open, seal } from '../sealing.ts';
import {
  companyId,
  companyTenant,
  organizationId,
  organizationTenant,
  parseTenantKey,
  type Tenant,
  tenantKey,
} from '../tenant.ts';
import { packScopes, unpackScopes } from './granted-scopes.ts';

/** A signed-in person of one tenant: proven by the sealed cookie, still to be compared with the installation. */
export interface Session {
  readonly tenant: Tenant;
  readonly user: PlatformUser;
  /** The installation that it was made under; another generation ends it. */
  readonly generation: number;
  /** Epoch milliseconds; a sign-out at or after this moment ends it. */
  readonly signedInAtMs: number;
  /** The person's online token. */
  readonly accessToken: string;
  /** Configured scopes that the token holds. */
  readonly scopes: readonly string[];
  /** Epoch seconds; the end of the token's life. */
  readonly expiresAt: number;
  /** By which its callback is known where it is delivered once more; undefined in sessions from before this was noted. */
  readonly signIn?: SignIn | undefined;
}

/** The sign-in that made a session, and where it led. */
export interface SignIn {
  /** `digestOfState` of its state. */
  readonly stateDigest: string;
  readonly applicationId: string | undefined;
  /** As it was asked for; undefined for the launch page, and where it was too long for the cookie. */
  readonly redirectPath: string | undefined;
  /** It was begun in a window of its own. */
  readonly inWindow?: boolean | undefined;
}

/** What a session may hold of a state, which opens nothing any more: 128 bits. */
export function digestOfState(state: string): string {
  return hash('sha256', state, 'base64url').slice(0, 22);
}

/** A cookie with its name has at most this many bytes: what browsers promise to keep (RFC 6265 §6.1). */
export const maxCookieBytes = 4_096;

const cookiePrefixes = {
  company: '__Host-ext_session_',
  organization: '__Host-ext_session_org_',
} as const satisfies Record<Tenant['kind'], string>;

export function sessionCookieName({ kind, id }: Tenant): string {
  return `${cookiePrefixes[kind]}${id}`;
}

/** The tenant that a session cookie's name claims; undefined for any other cookie. */
export function tenantOfSessionCookie(name: string): Tenant | undefined {
  if (!name.startsWith(cookiePrefixes.company)) return undefined;
  const id = name.slice(cookiePrefixes.company.length);
  if (v.is(companyId, id)) return companyTenant(id);
  const organization = name.slice(cookiePrefixes.organization.length);
  const isOne = name.startsWith(cookiePrefixes.organization) && v.is(organizationId, organization);
  return isOne ? organizationTenant(organization) : undefined;
}

const claimsSchema = v.object({
  sub: v.string(),
  uid: v.string(),
  name: v.string(),
  mail: v.optional(v.string()),
  gen: v.number(),
  at: v.number(),
  tok: v.string(),
  sco: v.string(),
  st: v.optional(v.string()),
  app: v.optional(v.string()),
  path: v.optional(v.string()),
  win: v.optional(v.boolean()),
});

/**
 * Seals a session for its cookie, without the path that its sign-in led to where that is too much.
 * @throws {AppError} `platform_error` where the token is too long for any cookie.
 */
export async function sealSession(
  keys: Pick<KeyRing, 'current'>,
  configuredScopes: readonly string[],
  session: Session,
): Promise<string> {
  const { tenant, signIn } = session;
  const text = await seal(keys, 'session', {
    subject: tenantKey(tenant),
    expiresAt: session.expiresAt,
    claims: {
      uid: session.user.id,
      name: shorten(session.user.name),
      mail: (session.user.email?.length ?? 0) <= 254 ? session.user.email : undefined,
      gen: session.generation,
      at: session.signedInAtMs,
      tok: session.accessToken,
      sco: packScopes(configuredScopes, session.scopes),
      st: signIn?.stateDigest,
      app: signIn?.applicationId,
      path: signIn?.redirectPath,
      win: signIn?.inWindow,
    },
  });
  if (sessionCookieName(tenant).length + 1 + text.length <= maxCookieBytes) return text;
  if (signIn?.redirectPath !== undefined) {
    const withoutPath = { ...session, signIn: { ...signIn, redirectPath: undefined } };
    return await sealSession(keys, configuredScopes, withoutPath);
  }
  throw new AppError('platform_error', 'The platform gave a token that is too long for a browser to keep.');
}

const maxNameCharacters = 80;

/** A name that a cookie holds, cut between characters as people see them (Unicode UAX #29). */
function shorten(name: string): string {
  // An endless name costs no more than a long one.
  const characters = Array.from(name.slice(0, maxNameCharacters * 4));
  if (characters.length <= maxNameCharacters) return name;
  let kept = '';
  let count = 0;
  for (const { segment } of new Intl.Segmenter().segment(characters.join(''))) {
    count += Array.from(segment).length;
    if (count > maxNameCharacters) break;
    kept += segment;
  }
  return kept || characters.slice(0, maxNameCharacters).join('');
}

/** The tenant that a session names, be it over or not; undefined where the text is none of ours. It proves nothing. */
export async function tenantOfSession(
  keys: Pick<KeyRing, 'find'>,
  text: string,
  now: Date,
): Promise<Tenant | undefined> {
  const opened = await open(keys, 'session', { text, now });
  return opened.outcome === 'refused' ? undefined : parseTenantKey(opened.subject);
}

/**
 * Opens the session of a tenant.
 * @throws {AppError} `session_required` where it is not ours, `session_expired` where its time is over or the
 * configured scopes have changed, `tenant_mismatch` where it belongs to another tenant than its name says.
 */
export async function openSession(
  keys: Pick<KeyRing, 'find'>,
  configuredScopes: readonly string[],
  { tenant, text, now }: { tenant: Tenant; text: string; now: Date },
): Promise<Session> {
  const opened = await open(keys, 'session', { text, now });
  if (opened.outcome === 'expired') throw new AppError('session_expired', 'The session has reached its end.');
  const parsed = opened.outcome === 'opened' ? v.safeParse(claimsSchema, opened.claims) : undefined;
  if (opened.outcome !== 'opened' || !parsed?.success) {
    throw new AppError('session_required', 'The session was not made by this extension.');
  }
  const claims = parsed.output;
  if (claims.sub !== tenantKey(tenant)) {
    throw new AppError('tenant_mismatch', 'The session cookie holds another owner than its name says.');
  }
  const scopes = unpackScopes(configuredScopes, claims.sco);
  if (scopes === undefined) {
    throw new AppError('session_expired', 'The extension asks for other permissions than when this session began.');
  }
  return {
    tenant,
    user: { id: claims.uid, name: claims.name, email: claims.mail },
    generation: claims.gen,
    signedInAtMs: claims.at,
    accessToken: claims.tok,
    scopes,
    expiresAt: opened.expiresAt,
    signIn:
      claims.st === undefined
        ? undefined
        : { stateDigest: claims.st, applicationId: claims.app, redirectPath: claims.path, inWindow: claims.win },
  };
}

/**
 * Opens the session of a tenant out of all that a browser sent under its cookie's name. The one that opens counts, of
 * several that open the latest sign-in.
 * @throws {AppError} `session_required` where there is none; where none opens, as `openSession` for the first.
 */
export async function openLatestSession(
  keys: Pick<KeyRing, 'find'>,
  configuredScopes: readonly string[],
  { tenant, texts, now }: { tenant: Tenant; texts: readonly string[]; now: Date },
): Promise<Session> {
  let latest: Session | undefined;
  let refusal: AppError | undefined;
  for (const text of texts) {
    try {
      const session = await openSession(keys, configuredScopes, { tenant, text, now });
      if (latest === undefined || session.signedInAtMs > latest.signedInAtMs) latest = session;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      refusal ??= error;
    }
  }
  if (latest !== undefined) return latest;
  throw refusal ?? new AppError('session_required', `There is no session for this ${tenant.kind}.`);
}
