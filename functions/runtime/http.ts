import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { AppError } from '../../shared/errors.ts';
import { Cookies } from '../../shared/session/cookies.ts';
import { errorPage } from './error-page.ts';
import { logRequest } from './log.ts';
import { securityHeaders } from './security-headers.ts';

/** A request as the functions see it, whichever front door it came through. */
export interface HttpRequest {
  readonly method: string;
  /** As the gateway gives it: already decoded on AWS. */
  readonly rawPath: string;
  /** Decoded by the gateway. */
  readonly pathParameters: Readonly<Record<string, string | undefined>>;
  /** Exactly as it was sent, without the question mark. */
  readonly rawQuery: string;
  readonly query: URLSearchParams;
  /** Lower-case names; repeats joined by commas; without cookies. */
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: Cookies;
  /** The bytes of the body; undefined where there is none. */
  readonly body: Buffer | undefined;
  readonly requestId: string;
  /** A person is looking at the answer. */
  readonly isNavigation: boolean;
  /** Where a person begins to sign in again: set as soon as the company is known, offered by answers that refuse. */
  retryPath?: string;
}

export interface HttpResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Text, or bytes that are sent as they are. */
  readonly body?: string | Buffer;
  /** For the log: something that failed without changing the answer, and what became of the request. */
  readonly trouble?: string | undefined;
  readonly outcome?: string | undefined;
}

export type LambdaHandler = (event: APIGatewayProxyEventV2) => Promise<APIGatewayProxyStructuredResultV2>;

/**
 * The one way in and out: turns the event into a request, the answer into a result, every error into a page or a
 * problem (RFC 9457), and writes one line to the log.
 */
export function http(handle: (request: HttpRequest) => Promise<HttpResponse>): LambdaHandler {
  return async (event) => {
    const startedAtMs = performance.now();
    const request = readEvent(event);
    let response: HttpResponse;
    let error: unknown;
    try {
      response = await handle(request);
    } catch (thrown) {
      error = thrown;
      response = answerError(request, thrown);
    }
    let result = toResult(request, response);
    if (Buffer.byteLength(JSON.stringify(result)) > maxResultBytes) {
      error = new AppError('response_too_large', 'The answer is larger than what can be handed on.');
      response = answerError(request, error);
      result = toResult(request, response);
    }
    logRequest({ event, response, error, durationMs: performance.now() - startedAtMs });
    return result;
  };
}

/** Lambda takes 6 MB of JSON for an answer. */
export const maxResultBytes = 6 * 1024 * 1024;

function readEvent(event: APIGatewayProxyEventV2): HttpRequest {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(event.headers)) {
    if (value !== undefined && name !== 'cookie') headers[name.toLowerCase()] = value;
  }
  // Front doors differ: API Gateway takes the cookies out of the headers, others leave them there.
  const cookieHeader = event.headers['cookie'];
  return {
    method: event.requestContext.http.method,
    rawPath: event.rawPath,
    pathParameters: event.pathParameters ?? {},
    rawQuery: event.rawQueryString,
    query: new URLSearchParams(event.rawQueryString),
    headers,
    cookies: new Cookies([...(event.cookies ?? []), ...(cookieHeader === undefined ? [] : [cookieHeader])]),
    // Some front doors send an empty text where there is none.
    body: event.body ? Buffer.from(event.body, event.isBase64Encoded ? 'base64' : 'utf8') : undefined,
    requestId: event.requestContext.requestId,
    isNavigation: /\btext\/html\b/.test(headers['accept'] ?? ''),
  };
}

function answerError(request: HttpRequest, error: unknown): HttpResponse {
  const refusal =
    error instanceof AppError
      ? error
      : new AppError('internal', 'It was recorded and will be looked into.', { cause: error });
  const headers = { 'cache-control': 'no-store', ...refusal.headers };
  if (request.isNavigation) return errorPage(refusal, request, headers);
  const isSignInNeeded = refusal.status === 401 && request.retryPath !== undefined;
  return {
    status: refusal.status,
    headers: {
      ...headers,
      'content-type': 'application/problem+json',
      ...(isSignInNeeded ? { 'x-reauthorize-url': request.retryPath } : {}),
    },
    body: JSON.stringify(refusal.toProblem(request.requestId)),
  };
}

function toResult(
  request: HttpRequest,
  { status, headers = {}, body }: HttpResponse,
): APIGatewayProxyStructuredResultV2 {
  const bytes = typeof body === 'string' ? undefined : body;
  // Text travels as it is, which spares a third of its size; an encoded body must be base64.
  const text = bytes === undefined ? (body as string | undefined) : textOf(bytes, headers);
  return {
    statusCode: status,
    headers: { ...securityHeaders, ...headers },
    cookies: request.cookies.setCookieHeaders(),
    ...(text !== undefined ? { body: text } : {}),
    ...(text === undefined && bytes !== undefined ? { body: bytes.toString('base64'), isBase64Encoded: true } : {}),
  };
}

function textOf(bytes: Buffer, headers: Readonly<Record<string, string>>): string | undefined {
  const isText = /^(text\/|application\/(json|[\w.+-]+\+json|xml|javascript)\b)/i.test(headers['content-type'] ?? '');
  if (!isText || headers['content-encoding'] !== undefined) return undefined;
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : undefined;
}
