import * as v from 'valibot';
import type { HttpClientResponse } from '../http/http-client.ts';
import { parseJsonResponse } from '../http/json.ts';
import { retryAfterSeconds } from '../http/retry-after.ts';
import { AppError } from '../problems.ts';

/** No token response is longer, as it comes or decoded. */
export const maxTokenResponseBytes = 64 * 1024;

/** A token response of the platform (RFC 6749 §5.1), judged and made uniform. */
export interface TokenSet {
  readonly accessToken: string;
  /** Absent where the platform gave none. */
  readonly refreshToken: string | undefined;
  readonly expiresInSeconds: number;
  readonly scopes: readonly string[];
  /** Absent in responses to offline requests. */
  readonly user: PlatformUser | undefined;
}

/** The person an online token belongs to. */
export interface PlatformUser {
  readonly id: string;
  readonly name: string;
  readonly email: string | undefined;
}

/** What became of a refresh. */
export type RefreshOutcome =
  | { readonly outcome: 'granted'; readonly tokens: TokenSet }
  /** The platform no longer knows the refresh token: used up, revoked or expired. */
  | { readonly outcome: 'invalid_grant' }
  /**
   * The platform was not reached or says that it did not refresh; it may be asked again, after so many seconds where it
   * says so. A gateway that says it may be wrong, but waiting for longer would not tell.
   */
  | { readonly outcome: 'refused'; readonly retryAfterSeconds: number | undefined }
  /** No response, or half of one: the platform may have refreshed or not. */
  | { readonly outcome: 'unknown' };

/**
 * Judges the response to an authorization code grant; asks nobody. `requestedScopes` is what the platform granted where
 * it does not say (RFC 6749 §5.1).
 * @throws {AppError} `code_refused`, `rate_limited` or `platform_error`.
 */
export function processTokenResponse(response: HttpClientResponse, requestedScopes: readonly string[]): TokenSet {
  const { status } = response;
  if (status === 429) {
    const retryAfter = response.headers['retry-after'];
    throw new AppError('rate_limited', 'The platform is receiving too many requests at the moment.', {
      headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
    });
  }
  if (status >= 400 && status < 500 && status !== 408) {
    throw new AppError('code_refused', 'The platform refused to exchange the code for a token.');
  }
  const parsed =
    status === 200 || status === 201
      ? v.safeParse(tokenSchema, parseJsonResponse(response, { maxBytes: maxTokenResponseBytes }))
      : undefined;
  if (!parsed?.success) {
    throw new AppError('platform_error', 'The platform answered a token request with something else.');
  }
  return { ...toTokenSet(parsed.output, requestedScopes), user: parsed.output.current_user ?? undefined };
}

/**
 * Judges the response to a refresh token grant (RFC 6749 §6); asks nobody. A response that names no refresh token keeps
 * the one that was sent. A platform may refuse with a 200 that holds an `error`, which counts as the refusal it is.
 */
export function processRefreshResponse(
  response: HttpClientResponse,
  request: { refreshToken: string; scopes: readonly string[]; now: Date },
): RefreshOutcome {
  const { status, headers } = response;
  const refused = {
    outcome: 'refused',
    retryAfterSeconds: retryAfterSeconds(headers['retry-after'], request.now),
  } as const;
  if (status >= 200 && status < 300) {
    const json = parseJsonResponse(response, { maxBytes: maxTokenResponseBytes });
    const parsed = v.safeParse(refreshSchema, json);
    if (parsed.success) {
      const tokens = toTokenSet(parsed.output, request.scopes);
      return { outcome: 'granted', tokens: { ...tokens, refreshToken: tokens.refreshToken ?? request.refreshToken } };
    }
    if (!v.is(namedErrorSchema, json)) return { outcome: 'unknown' };
    return isAboutGrant(response) ? { outcome: 'invalid_grant' } : refused;
  }
  if ((status === 400 || status === 401 || status === 403) && isAboutGrant(response)) {
    return { outcome: 'invalid_grant' };
  }
  return refused;
}

/** Errors that say nothing about the grant (RFC 6749 §4.1.2.1, §5.2; RFC 8628 §3.5). */
const otherErrors = new Set([
  'invalid_client',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_request',
  'server_error',
  'temporarily_unavailable',
  'slow_down',
]);

/**
 * Whether a refusal is about the grant: how the platform words that is not known, so it is unless something else is
 * named. A page is no response of the token address but of a firewall or gateway before it.
 */
function isAboutGrant(response: HttpClientResponse): boolean {
  if (response.body.toString().trimStart().startsWith('<')) return false;
  const parsed = v.safeParse(refusalSchema, parseJsonResponse(response, { maxBytes: maxTokenResponseBytes }));
  if (!parsed.success) return true;
  const { error, message } = parsed.output;
  if (error === 'invalid_grant') return true;
  return !otherErrors.has(error) && !/client|signature/i.test(`${error} ${message}`);
}

const refusalText = v.optional(v.fallback(v.string(), ''), '');
const refusalSchema = v.looseObject({ error: refusalText, message: refusalText });
const namedErrorSchema = v.looseObject({ error: v.pipe(v.string(), v.nonEmpty()) });

/** An address or an id; whatever else is there counts as left out. */
const textLike = v.fallback(
  v.optional(v.pipe(v.union([v.string(), v.number()]), v.transform(String), v.trim(), v.nonEmpty(), v.maxLength(254))),
  undefined,
);
/** However long: whoever keeps it cuts it between characters. */
const nameText = v.fallback(
  v.optional(v.pipe(v.union([v.string(), v.number()]), v.transform(String), v.trim(), v.nonEmpty())),
  undefined,
);
const emailSchema = v.fallback(v.looseObject({ email: textLike, primary: v.optional(v.unknown()) }), {
  email: undefined,
  primary: undefined,
});

const userSchema = v.pipe(
  v.looseObject({
    id: textLike,
    _id: textLike,
    first_name: nameText,
    last_name: nameText,
    emails: v.fallback(v.optional(v.array(emailSchema), []), []),
  }),
  v.transform((user): PlatformUser | undefined => {
    const id = user.id ?? user._id;
    if (id === undefined) return undefined;
    const email = (user.emails.find(({ primary }) => primary === true) ?? user.emails[0])?.email;
    const name = [user.first_name, user.last_name].filter(Boolean).join(' ');
    return { id, name: name || email || id, email };
  }),
);

const usualExpiresInSeconds = 1_800;
const maxExpiresInSeconds = 366 * 86_400;

/**
 * Seconds of a token's life. What is no usable number (absent, null, zero, negative, text that is not of digits) counts
 * as half an hour, whoever the token is for: a platform that says nothing has not said that it gave nothing.
 */
const expiresInSeconds = v.optional(
  v.fallback(
    v.pipe(
      v.union([v.number(), v.pipe(v.string(), v.trim(), v.regex(/^\d+(\.\d+)?$/))]),
      v.transform(Number),
      v.finite(),
      v.minValue(1),
      v.transform((seconds) => Math.min(Math.floor(seconds), maxExpiresInSeconds)),
    ),
    usualExpiresInSeconds,
  ),
  usualExpiresInSeconds,
);
const accessToken = v.pipe(v.string(), v.regex(/^[\x21-\x7e]+$/));
const scopeList = v.union([v.array(v.string()), v.string()]);
const asText = v.pipe(v.union([v.string(), v.number()]), v.transform(String));

const tokenSchema = v.looseObject({
  access_token: accessToken,
  refresh_token: v.optional(v.nullable(asText)),
  expires_in: expiresInSeconds,
  scope: v.optional(v.nullable(scopeList)),
  current_user: v.optional(v.nullable(userSchema)),
});

/** There may be no second response to a refresh: what is strange in this one counts as left out, and its tokens are kept. */
const refreshSchema = v.looseObject({
  access_token: accessToken,
  refresh_token: v.fallback(v.optional(v.pipe(asText, v.nonEmpty())), undefined),
  expires_in: expiresInSeconds,
  scope: v.fallback(v.optional(scopeList), undefined),
});

function toTokenSet(
  response: Pick<v.InferOutput<typeof tokenSchema>, 'access_token' | 'refresh_token' | 'expires_in' | 'scope'>,
  requestedScopes: readonly string[],
): TokenSet {
  const { scope } = response;
  return {
    accessToken: response.access_token,
    refreshToken: response.refresh_token ?? undefined,
    expiresInSeconds: response.expires_in,
    scopes: (typeof scope === 'string' ? scope.split(/[\s,]+/).filter(Boolean) : scope) ?? requestedScopes,
    user: undefined,
  };
}
