import type { Tenant } from '../tenant.ts';
import { apis } from './platform-path.ts';

/** An entry's address, the address that it is about, and any other text in quotes, which is left alone (RFC 8288 §3). */
const addressesOfLink = /<([^<>]*)>|(;\s*anchor\s*=\s*")([^"\\]*)"|"(?:[^"\\]|\\.)*"?/gi;

/**
 * A response's headers as they count for somebody who calls through the proxy: addresses of the Platform API in `Location`
 * and `Link` become absolute paths `/api/platform/…`, relative ones are first resolved; addresses elsewhere stay as they are.
 * @param request what was answered: its origin is the platform's, its target has path and query.
 */
export function proxiedAddresses(
  headers: Readonly<Record<string, string>>,
  request: { readonly origin: string; readonly target: string },
  kind: Tenant['kind'] = 'company',
): Readonly<Record<string, string>> {
  const { location, link } = headers;
  if (location === undefined && link === undefined) return headers;
  const base = new URL(request.origin + request.target);
  const { service, proxy } = apis[kind];
  const proxied = (reference: string): string => {
    const url = URL.parse(reference, base.href);
    // A region stands before it or not, as the platform likes: calls of pages go to the configured one.
    const pathname = url?.pathname.replace(/^\/region\/[^/]+(?=\/service\/)/, '');
    if (url?.origin !== base.origin || !pathname?.startsWith(service)) return reference;
    return `${proxy}${pathname.slice(service.length)}${url.search}${url.hash}`;
  };
  return {
    ...headers,
    ...(location === undefined ? {} : { location: proxied(location) }),
    ...(link === undefined ? {} : { link: proxiedLink(link, proxied) }),
  };
}

function proxiedLink(link: string, proxied: (reference: string) => string): string {
  return link.replaceAll(
    addressesOfLink,
    (text: string, address: string | undefined, anchor: string | undefined, about: string | undefined) => {
      if (address !== undefined) return `<${proxied(address)}>`;
      return anchor === undefined ? text : `${anchor}${proxied(about ?? '')}"`;
    },
  );
}
