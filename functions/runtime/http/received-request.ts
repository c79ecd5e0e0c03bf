import type { ReceivedRequest } from '../../../shared/fynd/signed-request.ts';
import { baseUrl } from '../settings.ts';
import { isPathDecoded } from './decoded-path.ts';
import type { HttpRequest } from './http-messages.ts';

/**
 * A request as whoever signed it saw it. The host is the one that the platform was told: behind a domain, a CDN or a tunnel
 * another one arrives.
 */
export function receivedRequest(request: HttpRequest): ReceivedRequest {
  const { method, rawPath, rawQuery, headers, body = Buffer.alloc(0) } = request;
  const path = isPathDecoded(request) ? rawPath.split('/').map(encodeURIComponent).join('/') : rawPath;
  return {
    method,
    target: rawQuery === '' ? path : `${path}?${rawQuery}`,
    headers: { ...headers, host: new URL(baseUrl()).host },
    body,
  };
}
