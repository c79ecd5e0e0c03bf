import type { ReceivedRequest } from '../../../shared/fynd/signed-request.ts';
import { baseUrl } from '../settings.ts';
import type { HttpRequest } from './http-messages.ts';

/**
 * A request as whoever signed it saw it. The host is the one that the platform was told: behind a domain, a CDN or a tunnel
 * another one arrives. An HTTP API hands the path over decoded, whatever its name says; other front doors, whose route is
 * `$default`, do not.
 */
export function receivedRequest(request: HttpRequest): ReceivedRequest {
  const { method, rawPath, rawQuery, headers, body = Buffer.alloc(0), invocation } = request;
  const path =
    invocation.event.routeKey === '$default' ? rawPath : rawPath.split('/').map(encodeURIComponent).join('/');
  return {
    method,
    target: rawQuery === '' ? path : `${path}?${rawQuery}`,
    headers: { ...headers, host: new URL(baseUrl()).host },
    body,
  };
}
