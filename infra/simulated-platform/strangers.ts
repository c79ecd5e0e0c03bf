import { type Answer, type HttpClient, json, page, redirect } from './http.ts';
import { messagePage } from './panel/layout.ts';

type Asked = Pick<HttpClient, 'method' | 'path' | 'headers'>;

const wantsPage = ({ headers }: Asked): boolean => headers['accept']?.includes('text/html') === true;

const refuse = (asked: Asked, message: string): Answer =>
  wantsPage(asked) ? page(403, messagePage('This is refused', message)) : json(403, { message });

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
export function refuseStranger(asked: Asked & Pick<HttpClient, 'url'>, origin: string): Answer | undefined {
  const { method, path, headers, url } = asked;
  const { host: own, port } = new URL(origin);
  const host = headers['host']?.toLowerCase();
  if (!loopback.some((name) => host === `${name}:${port}`)) {
    return refuse(asked, `This host is not served: ask for ${origin}.`);
  }
  if ((path.startsWith('/__control') || !safe.includes(method)) && isCrossSite(headers, port)) {
    return refuse(asked, 'Calls from pages of other sites are refused.');
  }
  // By the name localhost, panel and extension would be one site, and the consent page another one than its panel.
  return method === 'GET' && host !== own && wantsPage(asked) && !path.startsWith('/service/')
    ? redirect(origin + url)
    : undefined;
}
