import type { Deadline, HttpClient, HttpClientResponse } from '../http/http-client.ts';
import { AppError } from '../problems.ts';
import type { Tenant } from '../tenant.ts';
import { clusterAddress } from './cluster-address.ts';
import { signatureDate, signV1 } from './signature.ts';
import {
  maxTokenResponseBytes,
  type PlatformUser,
  processRefreshResponse,
  processTokenResponse,
  type RefreshOutcome,
  type TokenSet,
} from './token-response.ts';

/** The extension's OAuth client credentials. */
export interface Credentials {
  readonly apiKey: string;
  readonly apiSecret: string;
}

interface TokenRequest {
  readonly httpClient: HttpClient;
  readonly cluster: string;
  readonly tenant: Tenant;
  readonly credentials: Credentials;
  readonly now: Date;
  readonly deadline: Deadline;
}

interface CodeGrantRequest extends TokenRequest {
  readonly code: string;
  /** Of the challenge that the code was asked for with; undefined where there was none. */
  readonly codeVerifier?: string | undefined;
  readonly scopes: readonly string[];
}

/**
 * Redeems a code for the online token of the person who allowed it. `scopes` is what was asked for: what the platform
 * grants where its response does not say (RFC 6749 §5.1).
 * @throws {AppError} `code_refused`, `platform_error` (also where the response names no person) or `platform_timeout`.
 */
export async function authorizationCodeGrant(request: CodeGrantRequest): Promise<TokenSet & { user: PlatformUser }> {
  const { code, codeVerifier } = request;
  const body = new URLSearchParams({
    code,
    ...(codeVerifier && { code_verifier: codeVerifier }),
    grant_type: 'authorization_code',
  });
  const response = await post(request, 'token', 'application/x-www-form-urlencoded', body.toString());
  const tokens = processTokenResponse(response, request.scopes);
  if (tokens.user === undefined) {
    throw new AppError('platform_error', 'The platform did not say whose token it gave.');
  }
  return { ...tokens, user: tokens.user };
}

/**
 * Redeems the same code once more, for the company's offline token.
 * @throws {AppError} as `authorizationCodeGrant`; `scopes_missing` where the platform refuses for lack of permissions.
 */
export async function offlineTokenGrant(request: CodeGrantRequest): Promise<TokenSet> {
  const body = JSON.stringify({
    client_id: request.credentials.apiKey,
    client_secret: request.credentials.apiSecret,
    grant_type: 'authorization_code',
    scope: request.scopes,
    code: request.code,
    code_verifier: request.codeVerifier,
  });
  const response = await post(request, 'offline-token', 'application/json', body);
  if (response.status === 403 || (response.status === 400 && /scope|permission/i.test(response.body.toString()))) {
    throw new AppError(
      'scopes_missing',
      `The platform refused to grant you what the extension needs: ${request.scopes.join(', ')}.`,
      { members: { missing_scopes: request.scopes } },
    );
  }
  return processTokenResponse(response, request.scopes);
}

/** Redeems a company's refresh token (RFC 6749 §6). The result keeps the old one where the response names no new one. */
export async function refreshTokenGrant(
  request: TokenRequest & { readonly refreshToken: string; readonly scopes: readonly string[] },
): Promise<RefreshOutcome> {
  const { refreshToken, scopes } = request;
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken }).toString();
  let response: HttpClientResponse;
  try {
    response = await post(request, 'token', 'application/x-www-form-urlencoded', body);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return wasNeverSent(error) ? { outcome: 'refused', retryAfterSeconds: undefined } : { outcome: 'unknown' };
  }
  return processRefreshResponse(response, { refreshToken, scopes, now: request.now });
}

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
  const { cluster, credentials, tenant } = request;
  const { origin, host, prefix, headers: regional } = clusterAddress(cluster);
  const target = `${prefix}${authenticationPath(tenant)}/${endpoint}`;
  const date = signatureDate(request.now);
  const headers = {
    ...regional,
    host,
    accept: 'application/json',
    'accept-encoding': 'identity',
    authorization: `Basic ${Buffer.from(`${credentials.apiKey}:${credentials.apiSecret}`).toString('base64')}`,
    'content-type': contentType,
    'x-fp-date': date,
  };
  const signature = signV1({ method: 'POST', target, headers, body }, date);
  return await request.httpClient(
    {
      origin,
      method: 'POST',
      target,
      headers: { ...headers, 'x-fp-signature': signature },
      body: Buffer.from(body),
      maxResponseBytes: maxTokenResponseBytes,
    },
    request.deadline,
  );
}

/** Where a tenant’s authorization and tokens are asked for. */
export function authenticationPath({ kind, id }: Tenant): string {
  return `/service/panel/authentication/v1.0/${kind}/${id}/oauth`;
}
