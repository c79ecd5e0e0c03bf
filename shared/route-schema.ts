import * as v from 'valibot';
import type { RoutePattern } from './config.ts';
import { paths, servicesWithoutPeople } from './contract.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
/** `/api/session`, and all that begins with its first two segments. */
const firstSegments = (path: string) => path.split('/', 3).join('/');
const reservedPaths: ReadonlySet<string> = new Set(Object.values(paths).map(firstSegments));

/** Calls of the Platform API, below `/service/platform/`: `GET catalog/**`. */
export const routePattern = v.pipe(
  v.custom<RoutePattern>((text) => typeof text === 'string', 'must be text such as "GET catalog/**"'),
  v.regex(
    new RegExp(`^(\\*|${methods.join('|')}) (?!/)(?:(?:\\*|[\\w.~-]+)(?:/(?:\\*|[\\w.~-]+))*(?:/\\*\\*|/)?|\\*\\*)$`),
    'must be a method (or *), a space and a path below /service/platform/, such as "GET catalog/**"',
  ),
);
/** Those that may be asked for in a person’s name. */
export const proxiedRoute = v.pipe(
  routePattern,
  v.check(
    (route) => !servicesWithoutPeople.has(/ ([\w-]+)/.exec(route)?.[1]?.toLowerCase() ?? ''),
    'must not name the services webhook and partners: no call for a person reaches them',
  ),
);
/** A route of the author’s for people who are signed in. */
export const apiRoute = v.pipe(
  v.string(),
  v.regex(
    new RegExp(`^(${methods.join('|')}|ANY) /api(/([A-Za-z0-9._~-]+|\\{[a-z_]+\\}))+$`),
    'must be a method, a space and a path below /api/, such as "GET /api/products"',
  ),
  v.check(
    (route) => !reservedPaths.has(firstSegments(route.slice(route.indexOf(' ') + 1))),
    'is a path that the extension itself answers',
  ),
);

const method = `(?:${methods.join('|')}|ANY)`;
const segments = String.raw`(?:/(?:[A-Za-z0-9._~-]+|\{[a-z_]+\}))+`;
/** A route that the platform forwards storefronts’ calls to. */
export const storefrontRoute = v.pipe(
  v.string(),
  v.regex(
    new RegExp(`^${method} /ext${segments}$`),
    'must be a method, a space and a path below /ext/, such as "GET /ext/wishlist/{id}"',
  ),
);
/** First segments of what the extension answers itself, or may one day. */
const ownPrefixes = /^\/(fp|adm|ext|company|organization|_[^/]*)(\/|$)/;
/** A route that other servers call, wherever the extension answers nothing itself. */
export const callRoute = v.pipe(
  v.string(),
  v.regex(
    new RegExp(`^${method} ${segments}$`),
    'must be a method, a space and a path, such as "POST /pay/{company_id}"',
  ),
  v.check((route) => {
    const path = route.slice(route.indexOf(' ') + 1);
    return (
      !ownPrefixes.test(path) &&
      !path.startsWith('/{') &&
      !reservedPaths.has(firstSegments(path)) &&
      firstSegments(path) !== '/api/partner'
    );
  }, 'is a path that the extension itself answers'),
);

/** A route's path whatever its parameters are called. */
export function pathShape(route: string): string {
  return route.slice(route.indexOf(' ') + 1).replaceAll(/\{[a-z_]+\}/g, '{}');
}
