import { closestMatch } from 'leven';

/** Whether one granted scope covers a wanted one: the same, a wildcard above it, or the whole of which it is `/read` or `/write`. */
const covers = (granted: string, wanted: string): boolean =>
  granted === wanted ||
  granted === '*' ||
  (granted.endsWith('/*') && wanted.startsWith(granted.slice(0, -1))) ||
  wanted === `${granted}/read` ||
  wanted === `${granted}/write`;

/** Whether the granted scopes cover a wanted one. */
export const holds = (granted: readonly string[], wanted: string): boolean =>
  granted.some((scope) => covers(scope, wanted));

/** The wanted scopes that nothing granted covers. */
export const lacking = (granted: readonly string[], wanted: readonly string[]): string[] =>
  wanted.filter((scope) => !holds(granted, scope));

/** What is both asked for and held. Where a wildcard is asked for, what is held below it is granted by name. */
export const granted = (wanted: readonly string[], held: readonly string[]): string[] => [
  ...new Set(
    wanted.flatMap((scope) =>
      holds(held, scope) ? [scope] : held.filter((mine) => mine !== '*' && covers(scope, mine)),
    ),
  ),
];

/** Scopes of which any one opens a service of the Platform API. A service that is not named here is open to every token. */
const opening: Readonly<Record<string, readonly string[]>> = {
  catalog: ['company/products'],
  order: ['company/orders'],
  'order-manage': ['company/orders'],
  'company-profile': ['company/profile'],
  configuration: ['company/settings', 'company/saleschannel', 'company/applications'],
};

const resources =
  'profile products inventory orders saleschannel applications settings brands locations properties legal catalogue ' +
  'customers users payments billing price_rules logistics content assets themes communication leads audit_trail';

/** What an extension may ask for that was registered for no scopes in particular. */
export const everyScope: readonly string[] = resources.split(' ').map((resource) => `company/${resource}`);

/** Permissions that a person can be given, by name. */
export const permissionNames: readonly string[] = [...new Set(Object.values(opening).flat())];

/** The services that exist. */
export const services: ReadonlySet<string> = new Set(
  Object.keys(opening).concat(
    ['audit-trail', 'billing', 'cart', 'communication', 'content', 'discount', 'assets', 'lead', 'partners', 'payment'],
    ['logistics', 'share', 'theme', 'user', 'webhook'],
  ),
);

/** Whether a token with these scopes may call a service; `company/x/read` is enough for reading. */
export function mayCall(tokenScopes: readonly string[], service: string, method: string): boolean {
  const suffix = method === 'GET' || method === 'HEAD' ? '/read' : '/write';
  const wanted = opening[service];
  return (
    wanted === undefined || wanted.some((scope) => holds(tokenScopes, scope) || tokenScopes.includes(scope + suffix))
  );
}

const named = (level: string, names: string): string[] =>
  names.split(' ').flatMap((name) => ['', '/read', '/write'].map((access) => `${level}/${name}${access}`));

/** The scopes that the platform's documents name, and the older forms that extensions still use. There are more. */
export const documentedScopes: readonly string[] = [
  'company/*',
  ...named('company', 'brands locations properties legal applications products inventory price_rules orders'),
  ...named('application', 'customers protected_customer_data products price_rules content rewards'),
  ...named('application', 'communications customer_support'),
  ...'profile saleschannel settings product order'.split(' ').map((name) => `company/${name}`),
  ...'customer analytics storage marketing catalogue communication support order settings'
    .split(' ')
    .map((name) => `company/application/${name}`),
];

/**
 * The scope that was meant by one that does not exist but looks like one that does; undefined for any other. What looks
 * like nothing known may well exist: only the real platform can tell.
 */
export function misspelt(scope: string, existing: readonly string[]): string | undefined {
  const all = [...existing, ...documentedScopes];
  if (all.includes(scope) || scope.endsWith('/*') || /\d/.test(scope)) return undefined;
  return closestMatch(scope, all, { maxDistance: 2 });
}
