import { bodilessHeaders } from './bodiless.ts';
import type { HttpRequest, HttpResponse } from './http-messages.ts';
import { dataHeaders, personalVary } from './security-headers.ts';

/**
 * Hands a platform's response on: body and status unchanged, as data that is never rendered as a page of ours. A browser
 * that already has the response gets a 304.
 */
export function platformResponse(
  request: Pick<HttpRequest, 'method' | 'headers'>,
  answer: Pick<HttpResponse, 'warning'> & { status: number; headers: Readonly<Record<string, string>>; body: Buffer },
): HttpResponse {
  const { status, headers, body, warning } = answer;
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const ours = {
    ...headers,
    ...dataHeaders,
    'cache-control': isRead ? 'private, no-cache' : 'no-store',
    // The platform's own 304 does not tell whether its 200 travels compressed.
    vary:
      headers['content-encoding'] === undefined && status !== 304 ? personalVary : `${personalVary}, Accept-Encoding`,
  };
  if (isRead && status === 200 && matchesEtag(request.headers['if-none-match'], headers['etag'])) {
    return { status: 304, headers: bodilessHeaders(304, ours), warning };
  }
  return { status, headers: ours, body, warning };
}

/** Weak comparison (RFC 9110 §13.1.2), in one pass over the condition. */
function matchesEtag(condition: string | undefined, etag: string | undefined): boolean {
  if (condition === undefined || etag === undefined) return false;
  const opaque = (tag: string) => tag.trim().replace(/^W\//, '');
  const tags = condition.match(/(?:W\/)?"[^"]*"|[^\s,]+/g) ?? [];
  return condition.trim() === '*' || tags.some((tag) => opaque(tag) === opaque(etag));
}
