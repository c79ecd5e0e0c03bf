import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { PlatformAnswer } from '../../shared/cache/call-platform.ts';
import { type HttpRequest, type HttpResponse, maxResultBytes } from './http.ts';
import { dataHeaders } from './security-headers.ts';

const compress = promisify(gzip);

/** Base64 takes a third more; headers need some room. */
const maxPlainBytes = Math.floor((maxResultBytes * 3) / 4) - 16_384;

/**
 * Hands a platform's answer on: body and status unchanged, as data that is never rendered as a page of ours. A browser
 * that already has the answer gets a 304; an answer that is too large to travel plainly travels compressed.
 */
export async function platformResponse(
  request: Pick<HttpRequest, 'method' | 'headers'>,
  { status, headers, body, trouble }: PlatformAnswer,
): Promise<HttpResponse> {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const ours: Record<string, string> = {
    ...headers,
    ...dataHeaders,
    'cache-control': isRead ? 'private, no-cache' : 'no-store',
    vary: 'Cookie',
  };
  if (isRead && status === 200 && matchesEtag(request.headers['if-none-match'], headers['etag'])) {
    const { 'content-type': _type, 'content-encoding': _encoding, ...rest } = ours;
    return { status: 304, headers: rest, trouble };
  }
  const acceptsGzip = /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(request.headers['accept-encoding'] ?? '');
  if (body.byteLength > maxPlainBytes && acceptsGzip && headers['content-encoding'] === undefined) {
    return {
      status,
      headers: { ...ours, 'content-encoding': 'gzip', vary: 'Cookie, Accept-Encoding' },
      body: await compress(body),
      trouble,
    };
  }
  return { status, headers: ours, body, trouble };
}

/** Weak comparison (RFC 9110 §13.1.2). */
function matchesEtag(condition: string | undefined, etag: string | undefined): boolean {
  if (condition === undefined || etag === undefined) return false;
  const opaque = (tag: string) => tag.trim().replace(/^W\//, '');
  return (
    condition.trim() === '*' ||
    condition.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/).some((tag) => opaque(tag) === opaque(etag))
  );
}
