import * as v from 'valibot';
import type { Deadline, HttpClient, HttpClientResponse } from '../http/http-client.ts';
import { parseJsonResponse } from '../http/json.ts';
import { retryAfterSeconds } from '../http/retry-after.ts';
import { AppError } from '../problems.ts';
import { signatureDate, signV1 } from './signature.ts';

/** The extension's OAuth client credentials. */
export interface Credentials {
  readonly apiKey: string;
  readonly apiSecret: string;
}

/** A token answer of the platform (RFC 6749 §5.1), judged and made uniform. */
export interface TokenSet {
  readonly accessToken: string;
  /** Absent where the platform gave none. */
  readonly refreshToken: string | undefined;
  readonly expiresInSeconds: number;
  readonly scopes: readonly string[];
  /** Absent in offline answers. */
  readonly user: PlatformUser | undefined;
}

/** The person an online token belongs to. */
export interface PlatformUser {
  readonly id: string;
  readonly name: string;
  readonly email: string | undefined;
}

const defaultExpiresInSeconds = 1_800;

/** Where the browser is sent to give consent; the query carries a v1 signature. */
export function buildAuthorizationUrl(request: {
  cluster: string;
  companyId: string;
  clientId: string;
  redirectUri: string;
  scopes: readonly string[];
  state: string;
  now: Date;
}): string {
  const date = signatureDate(request.now);
  const query = new URLSearchParams({
    access_mode: 'online',
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    response_type: 'code',
    scope: request.scopes.join(','),
    state: request.state,
    'x-fp-date': date,
  });
  const target = `${authenticationPath(request.companyId)}/authorize?${query.toString()}`;
  const signature = signV1({ method: 'GET', target, headers: { host: new URL(request.cluster).host } }, date);
  return `${request.cluster}${target}&x-fp-signature=${encodeURIComponent(signature)}`;
}

interface TokenRequest {
  readonly httpClient: HttpClient;
  readonly cluster: string;
  readonly companyId: string;
  readonly credentials: Credentials;
  readonly now: Date;
  readonly deadline: Deadline;
}

interface RedeemRequest extends TokenRequest {
  readonly code: string;
  readonly scopes: readonly string[];
}

/**
 * Redeems a code for the online token of the person who allowed it. `scopes` is what was asked for: what the platform
 * grants where its answer does not say (RFC 6749 §5.1).
 * @throws {AppError} `code_refused`, `platform_error` (also where the answer names no person) or `platform_timeout`.
 */
export async function authorizationCodeGrant(request: RedeemRequest): Promise<TokenSet & { user: PlatformUser }> {
  const body = new URLSearchParams({ code: request.code, grant_type: 'authorization_code' }).toString();
  const answer = await post(request, 'token', 'application/x-www-form-urlencoded', body);
  const grant = processTokenResponse(answer, request.scopes);
  if (grant.user === undefined) {
    throw new AppError('platform_error', 'The platform did not say whose token it gave.');
  }
  return { ...grant, user: grant.user };
}

/**
 * Redeems the same code once more, for the company's offline token.
 * @throws {AppError} as `authorizationCodeGrant`; `scopes_missing` where the platform refuses for lack of permissions.
 */
export async function offlineTokenGrant(request: RedeemRequest): Promise<TokenSet> {
  const body = JSON.stringify({
    client_id: request.credentials.apiKey,
    client_secret: request.credentials.apiSecret,
    grant_type: 'authorization_code',
    scope: request.scopes,
    code: request.code,
  });
  const answer = await post(request, 'offline-token', 'application/json', body);
  if (answer.status === 403 || (answer.status === 400 && /scope|permission/i.test(answer.body.toString()))) {
    throw new AppError(
      'scopes_missing',
      `The platform refused to grant you what the extension needs: ${request.scopes.join(', ')}.`,
      { members: { missing_scopes: request.scopes } },
    );
  }
  return processTokenResponse(answer, request.scopes);
}

/** What became of a refresh. */
export type RefreshOutcome =
  | { readonly outcome: 'granted'; readonly grant: TokenSet }
  /** The platform no longer knows the refresh token: used up, revoked or expired. */
  | { readonly outcome: 'invalid_grant' }
  /**
   * The platform was not reached or says that it did not refresh; it may be asked again, after so many seconds where it
   * says so. A gateway that says it may be wrong, but waiting for longer would not tell.
   */
  | { readonly outcome: 'refused'; readonly retryAfterSeconds: number | undefined }
  /** No answer, or half of one: the platform may have refreshed or not. */
  | { readonly outcome: 'unknown' };

/** Exchanges a company's refresh token (RFC 6749 §6). Its answer keeps the old one where it names no new one. */
export async function refreshTokenGrant(
  request: TokenRequest & { readonly refreshToken: string; readonly scopes: readonly string[] },
): Promise<RefreshOutcome> {
  const { refreshToken, scopes } = request;
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken }).toString();
  let answer: HttpClientResponse;
  try {
    answer = await post(request, 'token', 'application/x-www-form-urlencoded', body);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return wasNeverSent(error) ? { outcome: 'refused', retryAfterSeconds: undefined } : { outcome: 'unknown' };
  }
  return processRefreshResponse(answer, { refreshToken, scopes, now: request.now });
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

function processRefreshResponse(
  answer: HttpClientResponse,
  asked: { refreshToken: string; scopes: readonly string[]; now: Date },
): RefreshOutcome {
  const { status, headers } = answer;
  if (status >= 200 && status < 300) {
    const parsed = v.safeParse(refreshSchema, parseJsonResponse(answer));
    if (!parsed.success) return { outcome: 'unknown' };
    const grant = toTokenSet(parsed.output, asked.scopes);
    return { outcome: 'granted', grant: { ...grant, refreshToken: grant.refreshToken ?? asked.refreshToken } };
  }
  if ((status === 400 || status === 401 || status === 403) && isAboutGrant(answer)) return { outcome: 'invalid_grant' };
  return { outcome: 'refused', retryAfterSeconds: retryAfterSeconds(headers['retry-after'], asked.now) };
}

/**
 * Whether a refusal is about the grant: how the platform words that is not known, so it is unless something else is
 * named. A page is no answer of the token address but of a firewall or gateway before it.
 */
function isAboutGrant(answer: HttpClientResponse): boolean {
  if (answer.body.toString().trimStart().startsWith('<')) return false;
  const parsed = v.safeParse(refusalSchema, parseJsonResponse(answer));
  if (!parsed.success) return true;
  const { error, message } = parsed.output;
  if (error === 'invalid_grant') return true;
  return !otherErrors.has(error) && !/client|signature/i.test(`${error} ${message}`);
}

const refusalText = v.optional(v.fallback(v.string(), ''), '');
const refusalSchema = v.looseObject({ error: refusalText, message: refusalText });

/** The connection was never made, so that nothing can have happened at the other end. */
function wasNeverSent({ cause }: AppError): boolean {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN';
}

async function post(
  request: TokenRequest,
  endpoint: string,
  contentType: string,
  body: string,
): Promise<HttpClientResponse> {
  const { cluster, credentials, companyId } = request;
  const target = `${authenticationPath(companyId)}/${endpoint}`;
  const date = signatureDate(request.now);
  const headers = {
    host: new URL(cluster).host,
    accept: 'application/json',
    'accept-encoding': 'identity',
    authorization: `Basic ${Buffer.from(`${credentials.apiKey}:${credentials.apiSecret}`).toString('base64')}`,
    'content-type': contentType,
    'x-fp-date': date,
  };
  const signature = signV1({ method: 'POST', target, headers, body }, date);
  return await request.httpClient(
    {
      origin: cluster,
      method: 'POST',
      target,
      headers: { ...headers, 'x-fp-signature': signature },
      body: Buffer.from(body),
    },
    request.deadline,
  );
}

function authenticationPath(companyId: string): string {
  return `/service/panel/authentication/v1.0/company/${companyId}/oauth`;
}

/** A name, an address or an id; whatever else is there counts as left out. */
const textLike = v.fallback(
  v.optional(v.pipe(v.union([v.string(), v.number()]), v.transform(String), v.trim(), v.nonEmpty(), v.maxLength(254))),
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
    first_name: textLike,
    last_name: textLike,
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

const accessToken = v.pipe(v.string(), v.regex(/^[\x21-\x7e]+$/));
const maxExpiresInSeconds = 366 * 86_400;
const seconds = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.nonEmpty())]),
  v.transform(Number),
  v.finite(),
  v.minValue(1),
  v.transform((value) => Math.min(value, maxExpiresInSeconds)),
);
const scopeList = v.union([v.array(v.string()), v.string()]);

const textOrNumber = v.optional(v.nullable(v.pipe(v.union([v.string(), v.number()]), v.transform(String))));

const tokenSchema = v.looseObject({
  access_token: accessToken,
  refresh_token: textOrNumber,
  expires_in: v.optional(
    v.nullable(
      v.union([
        seconds,
        v.pipe(
          v.literal(''),
          v.transform(() => null),
        ),
      ]),
    ),
  ),
  scope: v.optional(v.nullable(scopeList)),
  current_user: v.optional(v.nullable(userSchema)),
});

/** There may be no second answer to a refresh: what is strange in this one counts as left out, and its tokens are kept. */
const refreshSchema = v.looseObject({
  access_token: accessToken,
  refresh_token: v.fallback(
    v.optional(v.pipe(v.union([v.string(), v.number()]), v.transform(String), v.nonEmpty())),
    undefined,
  ),
  expires_in: v.fallback(v.optional(seconds), undefined),
  scope: v.fallback(v.optional(scopeList), undefined),
});

/** Judges a token answer; asks nobody. */
function processTokenResponse(answer: HttpClientResponse, askedFor: readonly string[]): TokenSet {
  const { status } = answer;
  if (status === 429) {
    const retryAfter = answer.headers['retry-after'];
    throw new AppError('platform_error', 'The platform is receiving too many requests at the moment.', {
      status: 429,
      ...(retryAfter === undefined ? {} : { headers: { 'retry-after': retryAfter } }),
    });
  }
  if (status >= 400 && status < 500 && status !== 408) {
    throw new AppError('code_refused', 'The platform refused to exchange the code for a token.');
  }
  const parsed = status === 200 || status === 201 ? v.safeParse(tokenSchema, parseJsonResponse(answer)) : undefined;
  if (!parsed?.success) {
    throw new AppError('platform_error', 'The platform answered a token request with something else.');
  }
  const { output } = parsed;
  return { ...toTokenSet(output, askedFor), user: output.current_user ?? undefined };
}

function toTokenSet(
  answer: Pick<v.InferOutput<typeof tokenSchema>, 'access_token' | 'refresh_token' | 'expires_in' | 'scope'>,
  askedFor: readonly string[],
): TokenSet {
  const { scope } = answer;
  return {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token ?? undefined,
    expiresInSeconds: Math.floor(answer.expires_in ?? defaultExpiresInSeconds),
    scopes: (typeof scope === 'string' ? scope.split(/[\s,]+/).filter(Boolean) : scope) ?? askedFor,
    user: undefined,
  };
}
