import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { acceptsCoding } from '../../../shared/http/accepts-coding.ts';
import { AppError } from '../../../shared/problems.ts';
import { bodilessHeaders, bodilessStatuses } from './bodiless.ts';
import type { HttpRequest, HttpResponse } from './http-messages.ts';
import { securityHeaders } from './security-headers.ts';

const compress = promisify(gzip);

/** Lambda takes 6 MB of JSON for a response. */
const maxResultBytes = 6 * 1024 * 1024;

/**
 * The response as Lambda takes it. Text travels as it is, which spares a third of its size, where escaping it for JSON does
 * not cost more than base64 would; a response that does not fit either way travels compressed where the browser takes it.
 * @throws {AppError} `response_too_large` where it does not fit even so.
 */
export async function toResult(
  request: Pick<HttpRequest, 'method' | 'headers' | 'cookies'>,
  response: HttpResponse,
): Promise<APIGatewayProxyStructuredResultV2> {
  const { status, headers = {}, setCookies = [], body } = response;
  const frame = {
    statusCode: status,
    headers: { ...securityHeaders, ...headers },
    cookies: [...request.cookies.setCookieHeaders(), ...setCookies],
  };
  if (!body?.length || request.method === 'HEAD' || bodilessStatuses.has(status)) {
    return { ...frame, headers: bodilessHeaders(status, frame.headers) };
  }
  const bytes = Buffer.from(body);
  const text = typeof body === 'string' ? body : textOf(bytes, headers);
  const base64Bytes = Math.ceil(bytes.byteLength / 3) * 4;
  const roomBytes = maxResultBytes - Buffer.byteLength(JSON.stringify(frame)) - 100;
  if (text !== undefined) {
    // Only a large response is worth measuring: escaping makes at most six bytes of one.
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

/** A body that is text and is not encoded, as text. */
export function textOf(bytes: Buffer, headers: Readonly<Record<string, string>>): string | undefined {
  const isText = /^(text\/|application\/(json|[\w.+-]+\+json|xml|javascript)\b)/i.test(headers['content-type'] ?? '');
  return isText && headers['content-encoding'] === undefined && isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}
