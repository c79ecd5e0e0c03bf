import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { acceptsCoding } from '../../../shared/http/accepts-coding.ts';
import { AppError } from '../../../shared/problems.ts';
import { Cookies } from '../../../shared/session/cookies.ts';
import { logRequest } from '../log.ts';
import { secretsSettled } from '../secrets.ts';
import { bodilessHeaders, bodilessStatuses } from './bodiless.ts';
import { errorPage } from './error-page.ts';
import type { HttpRequest, HttpResponse } from './http-messages.ts';
import { securityHeaders } from './security-headers.ts';

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
    let result: APIGatewayProxyStructuredResultV2;
    let error: unknown;
    try {
      response = await handle(request);
      result = await toResult(request, response);
    } catch (thrown) {
      error = thrown;
      response = errorResponse(request, thrown);
      result = await toResult(request, response);
    }
    await secretsSettled();
    logRequest({ event, response, error, durationMs: performance.now() - startedAtMs });
    return result;
  };
}

const compress = promisify(gzip);

/** Lambda takes 6 MB of JSON for an answer. */
const maxResultBytes = 6 * 1024 * 1024;

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
    isNavigation: /\btext\/html\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(headers['accept'] ?? ''),
  };
}

function errorResponse(request: HttpRequest, error: unknown): HttpResponse {
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

/**
 * The answer as Lambda takes it. Text travels as it is, which spares a third of its size, where escaping it for JSON does
 * not cost more than base64 would; an answer that does not fit either way travels compressed where the browser takes it.
 * @throws {AppError} `response_too_large` where it does not fit even so.
 */
async function toResult(request: HttpRequest, response: HttpResponse): Promise<APIGatewayProxyStructuredResultV2> {
  const { status, headers = {}, body } = response;
  const frame = {
    statusCode: status,
    headers: { ...securityHeaders, ...headers },
    cookies: request.cookies.setCookieHeaders(),
  };
  if (!body?.length || request.method === 'HEAD' || bodilessStatuses.has(status)) {
    return { ...frame, headers: bodilessHeaders(status, frame.headers) };
  }
  const bytes = Buffer.from(body);
  const text = typeof body === 'string' ? body : textOf(bytes, headers);
  const base64Bytes = Math.ceil(bytes.byteLength / 3) * 4;
  const roomBytes = maxResultBytes - Buffer.byteLength(JSON.stringify(frame)) - 100;
  if (text !== undefined) {
    // Only a large answer is worth measuring: escaping makes at most six bytes of one.
    const textBytes = bytes.byteLength * 6 < roomBytes ? 0 : Buffer.byteLength(JSON.stringify(text));
    if (textBytes <= roomBytes) return { ...frame, body: text };
  }
  if (base64Bytes <= roomBytes) return { ...frame, body: bytes.toString('base64'), isBase64Encoded: true };
  if (acceptsCoding(request.headers['accept-encoding'], 'gzip') && headers['content-encoding'] === undefined) {
    const packed = (await compress(bytes)).toString('base64');
    const vary = [headers['vary'], 'Accept-Encoding'].filter(Boolean).join(', ');
    if (packed.length <= roomBytes) {
      const encoded = { ...frame.headers, 'content-encoding': 'gzip', vary };
      return { ...frame, headers: encoded, body: packed, isBase64Encoded: true };
    }
  }
  throw new AppError('response_too_large', 'The answer is larger than what can be handed on.');
}

function textOf(bytes: Buffer, headers: Readonly<Record<string, string>>): string | undefined {
  const isText = /^(text\/|application\/(json|[\w.+-]+\+json|xml|javascript)\b)/i.test(headers['content-type'] ?? '');
  return isText && headers['content-encoding'] === undefined && isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}
