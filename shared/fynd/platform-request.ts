import type { Deadline, HttpClient, HttpClientRequest, HttpClientResponse } from '../http/http-client.ts';
import { retryAfterSeconds } from '../http/retry-after.ts';
import { AppError } from '../problems.ts';
import { clusterAddress } from './cluster-address.ts';
import { type PlatformPath, withQuery } from './platform-path.ts';
import { signatureDate, signV1 } from './signature.ts';

/** A call of the Platform API, whoever makes it. */
export interface PlatformCall {
  readonly method: string;
  readonly path: PlatformPath;
  /** Without the question mark, as it was sent. */
  readonly rawQuery: string;
  /** Lower-case names; only those on the allow-list travel. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

/** What may travel to the platform; everything in it may select a representation. */
export const requestHeaders = [
  'accept',
  'accept-language',
  'content-encoding',
  'content-language',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-unmodified-since',
  'prefer',
  'x-currency-code',
  'x-location-detail',
] as const;

/** Whether a method only reads (RFC 9110 §9.2.1). */
export function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}

/** The request as it goes out: fixed origin, allowed headers, the token, a v1 signature. */
export function platformRequest(
  cluster: string,
  accessToken: string,
  call: PlatformCall,
  now: Date,
): HttpClientRequest {
  const { method, body } = call;
  const { origin, host, prefix, headers: regional } = clusterAddress(cluster);
  const target = prefix + withQuery(call.path.target, call.rawQuery);
  const date = signatureDate(now);
  const conditions = isSafe(method) ? ['if-none-match', 'if-modified-since'] : ['if-none-match'];
  const headers = {
    accept: '*/*',
    // Nothing here undoes an encoding for a browser that did not ask for it.
    'accept-encoding': 'identity',
    ...pick(call.headers, [...requestHeaders, ...conditions]),
    ...regional,
    host,
    authorization: `Bearer ${accessToken}`,
    'user-agent': 'fynd-extension-serverless',
    'x-fp-date': date,
  };
  const signature = signV1({ method, target, headers, body }, date);
  return { origin, method, target, headers: { ...headers, 'x-fp-signature': signature }, body };
}

const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/**
 * Sends an idempotent call once more (RFC 9110 §9.2.2) where the connection failed or a gateway's 502, 503 or 504 came,
 * within the same deadline; not where a 503 says when, nor where the call names the state that it is for.
 *
 * What the repetition finds gone or changed may be the work of the first try, so the first response is the call's. Where a write's
 * first try brought none, nobody knows what it did, and the failed connection is the outcome; a read changed nothing,
 * and its repetition is the first response.
 */
export async function sendWithRetry(
  httpClient: HttpClient,
  makeRequest: () => HttpClientRequest,
  deadline: Deadline,
): Promise<HttpClientResponse> {
  const request = makeRequest();
  if (!isRepeatable(request)) return await httpClient(request, deadline);
  let first: HttpClientResponse | AppError;
  try {
    first = await httpClient(request, deadline);
    if (!isPassing(first)) return first;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'platform_error') throw error;
    first = error;
  }
  const pauseMs = 100 + Math.random() * 200;
  await new Promise((resolve) => setTimeout(resolve, Math.min(pauseMs, deadline.remainingMs())));
  const second = await httpClient(makeRequest(), deadline);
  if (second.status !== 404 && second.status !== 410 && second.status !== 412) return second;
  if (!(first instanceof AppError)) return first;
  if (isSafe(request.method)) return second;
  throw first;
}

function isRepeatable({ method, headers }: HttpClientRequest): boolean {
  return idempotentMethods.has(method) && !('if-match' in headers) && !('if-unmodified-since' in headers);
}

function isPassing({ status, headers }: HttpClientResponse): boolean {
  const saysWhen = retryAfterSeconds(headers['retry-after'], new Date()) !== undefined;
  return status === 502 || status === 504 || (status === 503 && !saysWhen);
}

export function pick(headers: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}
