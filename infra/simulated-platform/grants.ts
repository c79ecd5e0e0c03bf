import { hash, randomBytes } from 'node:crypto';
import { granted, lacking } from './scopes.ts';
import type { Settings } from './settings.ts';
import type { SavedGrants } from './state-file.ts';
import { type Tenant, tenantKey, type User, type Users } from './world.ts';

type Mode = 'online' | 'offline';

/** What a person agreed to, on its way to becoming tokens. */
export type Code = {
  value: string;
  clientId: string;
  tenant: Tenant;
  user: User;
  scopes: string[];
  mode: Mode;
  /** Whose verifier it is given out for (RFC 7636 §4.6). */
  codeChallenge: string | null;
  expiresAt: number;
  spent: Set<'token' | 'offline-token'>;
};

/** A code as it comes back, with the verifier that came with it. */
type Redeemed = { value: string; verifier: string | null };

/** One permission to act: the installation of a tenant (offline), or one sign-in of a person (online). */
export type Grant = {
  id: number;
  tenant: Tenant;
  mode: Mode;
  user: User | null;
  asked: string[];
  scopes: string[];
  /** Why none of its tokens works any more. */
  ended: Ending | null;
};

/**
 * An uninstall, a refresh token that was used twice where that ends the whole family, or somebody who revoked it.
 * `at`: epoch milliseconds.
 */
type Ending = { by: 'uninstall' | 'reuse' | 'revoked'; at: number };

/** A token that opens the Platform API until `expiresAt` (epoch milliseconds), or its grant ends. */
export type AccessToken = { value: string; grant: Grant; expiresAt: number; revoked: boolean };

type RefreshToken = { value: string; grant: Grant; used: boolean; expiresAt: number };

/** Tokens as the token addresses give them out. */
export type Issue = { access: AccessToken; seconds: number; refreshToken: string | undefined };

const sameTenant = (a: Tenant, b: Tenant) => a.kind === b.kind && a.id === b.id;

/** What was asked of `expire`: those tokens that fit all that is named. */
export type Expiry = {
  tenant?: Tenant | undefined;
  user?: User | undefined;
  mode?: Mode | undefined;
  what: 'access' | 'refresh' | 'all';
};

/** A token as a person may see it. */
export type TokenView = {
  kind: 'access token' | 'refresh token';
  mode: Mode;
  user: string | null;
  scopes: string[];
  last_four: string;
  state: 'live' | 'expired' | 'revoked' | 'used';
  /** Epoch milliseconds; null: never. */
  expires_at_ms: number | null;
};

const isAccess = (token: AccessToken | RefreshToken): token is AccessToken => 'revoked' in token;

function view(token: AccessToken | RefreshToken): TokenView {
  const { value, grant, expiresAt } = token;
  const dead = grant.ended !== null || (isAccess(token) && token.revoked);
  return {
    kind: isAccess(token) ? 'access token' : 'refresh token',
    mode: grant.mode,
    user: grant.user?.key ?? null,
    scopes: grant.scopes,
    last_four: value.slice(-4),
    state: dead ? 'revoked' : expiresAt <= Date.now() ? 'expired' : !isAccess(token) && token.used ? 'used' : 'live',
    expires_at_ms: expiresAt === Infinity ? null : expiresAt,
  };
}

/** Codes, consents, grants and tokens. Refusals are strings that say why; times are taken from the clock at each call. */
export function createGrants(settings: () => Settings, users: Users) {
  let codes = new Map<string, Code>();
  let accessTokens = new Map<string, AccessToken>();
  let refreshTokens = new Map<string, RefreshToken>();
  let installations = new Map<string, Grant>();
  let consents = new Map<string, string[]>();
  let last = 0;
  const consentKey = (tenant: Tenant, user: User) => `${tenantKey(tenant)} ${user.key}`;
  const secret = (kind: string) => `${settings().tokenPrefix}${kind}-${randomBytes(20).toString('hex')}`;

  const newGrant = (given: Omit<Grant, 'id' | 'ended'>): Grant => ({ ...given, id: ++last, ended: null });

  function issueAccess(grant: Grant): { access: AccessToken; seconds: number } {
    const seconds = grant.mode === 'online' ? settings().accessTokenSeconds : settings().offlineTokenSeconds;
    const access = { value: secret('oa'), grant, expiresAt: Date.now() + seconds * 1000, revoked: false };
    accessTokens.set(access.value, access);
    return { access, seconds };
  }

  function issueRefresh(grant: Grant): string {
    const life = settings().refreshTokenSeconds;
    const token = {
      value: secret('rt'),
      grant,
      used: false,
      expiresAt: life === null ? Infinity : Date.now() + life * 1000,
    };
    refreshTokens.set(token.value, token);
    return token.value;
  }

  const refreshTokenOf = (grant: Grant): string =>
    (settings().refresh.mode === 'reuse' &&
      [...refreshTokens.values()].find((one) => one.grant === grant && one.expiresAt > Date.now())?.value) ||
    issueRefresh(grant);

  function spend(
    { value, verifier }: Redeemed,
    at: 'token' | 'offline-token',
    tenant: Tenant,
    clientId: string,
  ): Code | string {
    const code = codes.get(value);
    if (!code || code.clientId !== clientId) return 'the code is unknown';
    if (settings().enforceCodeCompany && !sameTenant(code.tenant, tenant))
      return 'the code was issued for another company';
    if (code.expiresAt <= Date.now()) return 'the code has expired';
    if (code.codeChallenge !== null && code.codeChallenge !== hash('sha256', verifier ?? '', 'base64url'))
      return 'the code_verifier is not that of the code';
    if (code.spent.has(at)) return 'the code has been redeemed already';
    return code;
  }

  function installationFor(code: Code): Grant | { lacking: string[] } {
    const known = installations.get(tenantKey(code.tenant));
    const missing = lacking(users.permissions(code.user, code.tenant) ?? [], code.scopes);
    const suffices = known !== undefined && lacking(known.scopes, code.scopes).length === 0;
    if (missing.length > 0 && !(suffices && settings().offlineAgain === 'any-user')) return { lacking: missing };
    const scopes = [...new Set([...(known?.scopes ?? []), ...code.scopes])];
    // A grant that was revoked for the reuse of a refresh token stays dead; authorizing again makes another.
    if (known && !known.ended) return Object.assign(known, { scopes });
    const grant = newGrant({ tenant: code.tenant, mode: 'offline', user: null, asked: scopes, scopes });
    installations.set(tenantKey(code.tenant), grant);
    return grant;
  }

  function redeemOffline(code: Code, at: 'token' | 'offline-token', asked: string[]): Issue | { lacking: string[] } {
    const grant = installationFor({ ...code, scopes: asked });
    if ('lacking' in grant) return grant;
    code.spent.add(at);
    return { ...issueAccess(grant), refreshToken: refreshTokenOf(grant) };
  }

  return {
    /** What was ever asked for at a tenant, by those grants that there are and by those who agreed. */
    askedOf: (tenant: Tenant): string[] => [
      ...new Set([
        ...(installations.get(tenantKey(tenant))?.asked ?? []),
        ...[...consents].flatMap(([key, scopes]) => (key.startsWith(`${tenantKey(tenant)} `) ? scopes : [])),
      ]),
    ],
    /** Makes a code for a person who agreed. */
    issueCode(
      given: Pick<Code, 'clientId' | 'tenant' | 'user' | 'scopes' | 'mode'> & Partial<Pick<Code, 'codeChallenge'>>,
    ): Code {
      const code: Code = {
        codeChallenge: null,
        ...given,
        value: secret('code'),
        expiresAt: Date.now() + settings().codeSeconds * 1000,
        spent: new Set(),
      };
      codes.set(code.value, code);
      return code;
    },
    /** Remembers that a person agreed, so that the same is not asked again. */
    consent(tenant: Tenant, user: User, scopes: string[]): void {
      const known = consents.get(consentKey(tenant, user)) ?? [];
      consents.set(consentKey(tenant, user), [...new Set([...known, ...scopes])]);
    },
    hasConsented: (tenant: Tenant, user: User, scopes: string[]): boolean => {
      const known = consents.get(consentKey(tenant, user));
      return known !== undefined && lacking(known, scopes).length === 0;
    },
    /** Whether anybody opened the extension for this tenant since the last uninstall. */
    isInstalled: (tenant: Tenant): boolean =>
      installations.has(tenantKey(tenant)) ||
      [...consents.keys()].some((key) => key.startsWith(`${tenantKey(tenant)} `)),
    installation: (tenant: Tenant): Grant | undefined => installations.get(tenantKey(tenant)),

    /** A code at `/token`. Refusals: a reason, or the scopes that the person lacks. */
    authorizationCodeGrant(
      redeemed: Redeemed,
      tenant: Tenant,
      clientId: string,
    ): Issue | string | { lacking: string[] } {
      const code = spend(redeemed, 'token', tenant, clientId);
      if (typeof code === 'string') return code;
      if (code.mode === 'offline') return redeemOffline(code, 'token', code.scopes);
      code.spent.add('token');
      const scopes = granted(code.scopes, users.permissions(code.user, code.tenant) ?? []);
      const { tenant: at, user } = code;
      const grant = newGrant({ tenant: at, mode: 'online', user, asked: code.scopes, scopes });
      return { ...issueAccess(grant), refreshToken: settings().onlineRefreshToken ? issueRefresh(grant) : undefined };
    },
    /** A code at `/offline-token`, for the scopes named there. */
    redeemCodeOffline(
      redeemed: Redeemed,
      tenant: Tenant,
      clientId: string,
      scopes: string[] | undefined,
    ): Issue | string | { lacking: string[] } {
      const code = spend(redeemed, 'offline-token', tenant, clientId);
      if (typeof code === 'string') return code;
      const asked = scopes ?? code.scopes;
      return lacking(code.scopes, asked).length > 0
        ? 'the code was issued for fewer scopes'
        : redeemOffline(code, 'offline-token', asked);
    },
    /** A refresh token, in the way that the settings say. */
    refresh(value: string, tenant: Tenant): Issue | string {
      const token = refreshTokens.get(value);
      if (!token || !sameTenant(token.grant.tenant, tenant)) return 'the refresh token is unknown';
      if (token.grant.ended) return 'the grant is gone';
      if (token.expiresAt <= Date.now()) return 'the refresh token has expired';
      const { mode } = settings().refresh;
      if (token.used && mode === 'revoke-family') token.grant.ended = { by: 'reuse', at: Date.now() };
      if (token.used && (mode === 'single-use' || mode === 'revoke-family'))
        return 'the refresh token has been used already';
      token.used = true;
      const { grant } = token;
      if (grant.user) grant.scopes = granted(grant.asked, users.permissions(grant.user, grant.tenant) ?? []);
      return { ...issueAccess(grant), refreshToken: mode === 'reuse' ? value : issueRefresh(grant) };
    },
    /** A token for an installed tenant without any person; undefined when it is not installed. */
    clientCredentials(tenant: Tenant): Issue | undefined {
      const grant = installations.get(tenantKey(tenant));
      return grant && !grant.ended ? { ...issueAccess(grant), refreshToken: undefined } : undefined;
    },
    /** What there is to say about a token; undefined where this platform never gave it. */
    look(value: string): TokenView | undefined {
      const token = accessTokens.get(value) ?? refreshTokens.get(value);
      return token && view(token);
    },
    /** What a code is worth now at a token address. */
    lookAtCode(value: string, at: 'token' | 'offline-token'): 'live' | 'expired' | 'used' | 'unknown' {
      const code = codes.get(value);
      if (!code) return 'unknown';
      return code.expiresAt <= Date.now() ? 'expired' : code.spent.has(at) ? 'used' : 'live';
    },
    /** The tokens of a tenant, the newest first. */
    tokensOf: (tenant: Tenant): TokenView[] =>
      [...accessTokens.values(), ...refreshTokens.values()]
        .filter(({ grant }) => sameTenant(grant.tenant, tenant))
        .toSorted((a, b) => b.grant.id - a.grant.id)
        .map(view),
    /** Whose token this is or was, access or refresh. */
    grantOf: (value: string): Grant | undefined => (accessTokens.get(value) ?? refreshTokens.get(value))?.grant,
    /** The token, as long as it lives. */
    findLive(value: string): AccessToken | undefined {
      const token = accessTokens.get(value);
      return token && !token.revoked && !token.grant.ended && token.expiresAt > Date.now() ? token : undefined;
    },
    /** Ends everything that the extension was given for a tenant. */
    uninstall(tenant: Tenant): void {
      for (const token of [...accessTokens.values(), ...refreshTokens.values()]) {
        if (sameTenant(token.grant.tenant, tenant)) token.grant.ended ??= { by: 'uninstall', at: Date.now() };
      }
      installations.delete(tenantKey(tenant));
      for (const code of codes.values()) if (sameTenant(code.tenant, tenant)) codes.delete(code.value);
      for (const key of consents.keys()) if (key.startsWith(`${tenantKey(tenant)} `)) consents.delete(key);
    },
    /** Lets tokens end now; says how many. */
    expire({ tenant, user, mode, what }: Expiry): number {
      const fits = ({ grant, expiresAt }: AccessToken | RefreshToken) =>
        expiresAt > Date.now() &&
        (!tenant || sameTenant(grant.tenant, tenant)) &&
        (!user || grant.user?.key === user.key) &&
        (!mode || grant.mode === mode);
      const ended = [
        ...(what === 'refresh' ? [] : accessTokens.values()),
        ...(what === 'access' ? [] : refreshTokens.values()),
      ].filter(fits);
      for (const token of ended) token.expiresAt = 0;
      return ended.length;
    },
    /** Ends grants, and with them all their tokens; says how many. */
    revoke({ tenant, user, mode }: Omit<Expiry, 'what'>): number {
      const all = [...accessTokens.values(), ...refreshTokens.values()].map(({ grant }) => grant);
      const ended = [...new Set([...all, ...installations.values()])].filter(
        (grant) =>
          !grant.ended &&
          (!tenant || sameTenant(grant.tenant, tenant)) &&
          (!user || grant.user?.key === user.key) &&
          (!mode || grant.mode === mode),
      );
      for (const grant of ended) grant.ended = { by: 'revoked', at: Date.now() };
      return ended.length;
    },
    /** What outlives the process: what lives, without the codes that are on their way. */
    save(): SavedGrants {
      const lives = ({ grant, expiresAt }: AccessToken | RefreshToken) => !grant.ended && expiresAt > Date.now();
      const access = [...accessTokens.values()].filter((token) => lives(token) && !token.revoked);
      const refresh = [...refreshTokens.values()].filter(lives);
      const installed = [...installations].filter(([, grant]) => !grant.ended);
      const kept = new Set([
        ...[...access, ...refresh].map(({ grant }) => grant),
        ...installed.map(([, grant]) => grant),
      ]);
      return {
        last,
        grants: [...kept].map(({ ended: _ended, user, ...grant }) => ({ ...grant, user: user?.key ?? null })),
        accessTokens: access.map(({ value, grant, expiresAt }) => ({ value, grant: grant.id, expiresAt })),
        refreshTokens: refresh.map(({ value, grant, used, expiresAt }) => ({
          value,
          grant: grant.id,
          used,
          expiresAt: expiresAt === Infinity ? null : expiresAt,
        })),
        installations: installed.map(([key, grant]) => [key, grant.id]),
        consents: [...consents],
      };
    },
    /** Takes up what another process saved; people that are not there here have nothing. */
    restore(saved: SavedGrants): void {
      last = saved.last;
      const known = new Map<number, Grant>();
      for (const { user: key, ...grant } of saved.grants) {
        const user = key === null ? null : users.find(key);
        if (user !== undefined) known.set(grant.id, { ...grant, user, ended: null });
      }
      for (const { value, grant: id, expiresAt } of saved.accessTokens) {
        const grant = known.get(id);
        if (grant) accessTokens.set(value, { value, grant, expiresAt, revoked: false });
      }
      for (const { value, grant: id, used, expiresAt } of saved.refreshTokens) {
        const grant = known.get(id);
        if (grant) refreshTokens.set(value, { value, grant, used, expiresAt: expiresAt ?? Infinity });
      }
      for (const [key, id] of saved.installations) {
        const grant = known.get(id);
        if (grant) installations.set(key, grant);
      }
      consents = new Map(saved.consents);
    },
    reset(): void {
      codes = new Map();
      accessTokens = new Map();
      refreshTokens = new Map();
      installations = new Map();
      consents = new Map();
    },
  };
}

/** The grants of a running platform. */
export type Grants = ReturnType<typeof createGrants>;
