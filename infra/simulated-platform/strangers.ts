import { type Answer, type HttpClient, json } from './http.ts';

type Asked = Pick<HttpClient, 'method' | 'path' | 'headers'>;

const loopback = ['localhost', '127.0.0.1', '[::1]'];
const safe = ['GET', 'HEAD', 'OPTIONS'];

/** A page says by itself where it stands; older browsers tell at least the origin of what changes something. */
function isCrossSite(headers: Asked['headers'], port: string): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const origin = headers['origin'];
  return origin !== undefined && !loopback.some((name) => origin === `http://${name}:${port}`);
}

/**
 * The refusal of what another site's page may have sent: by a name of its own that was made to lead here, as a call of
 * the control, or as anything that changes something.
 */
export function refuseStranger({ method, path, headers }: Asked, origin: string): Answer | undefined {
  const { port } = new URL(origin);
  const host = headers['host']?.toLowerCase();
  if (!loopback.some((name) => host === `${name}:${port}`)) {
    return json(403, { message: `This host is not served: ask for ${origin}` });
  }
  if ((path.startsWith('/__control') || !safe.includes(method)) && isCrossSite(headers, port)) {
    return json(403, { message: 'Calls from pages of other sites are refused' });
  }
  return undefined;
}
