/** Whether the scopes granted include one that is required: by itself or by a wildcard (`company/*`). */
export function grants(granted: readonly string[], required: string): boolean {
  return granted.some(
    (scope) => scope === required || (scope.endsWith('/*') && required.startsWith(scope.slice(0, -1))),
  );
}

/** The required scopes that were not granted, in the order required. */
export function missingScopes(granted: readonly string[], required: readonly string[]): string[] {
  return required.filter((scope) => !grants(granted, scope));
}

/**
 * Which services of the Platform API (`/service/platform/{service}`) a scope's resource opens, and of the partners' API, which has
 * `theme`, `logistics`, `assets` and `lead`. Names from
 * https://docs.fynd.com/partners/docs/partners/references/access-scopes/ and their older short forms; a trailing
 * `/read` or `/write` changes nothing here, since the platform itself enforces it.
 */
const servicesByResource: Readonly<Record<string, readonly string[]>> = {
  brands: ['company-profile'],
  locations: ['company-profile'],
  properties: ['company-profile'],
  legal: ['company-profile'],
  profile: ['company-profile'],
  applications: ['configuration'],
  saleschannel: ['configuration'],
  settings: ['configuration'],
  products: ['catalog'],
  inventory: ['catalog'],
  price_rules: ['cart', 'discount'],
  catalogue: ['catalog'],
  orders: ['order', 'order-manage'],
  customers: ['user'],
  users: ['user'],
  payments: ['payment'],
  billing: ['billing'],
  logistics: ['logistics'],
  content: ['content'],
  assets: ['assets'],
  themes: ['theme'],
  communication: ['communication'],
  leads: ['lead'],
  audit_trail: ['audit-trail'],
};

const allOfATenant = /^(company|organization)\/\*$/;

/** What the scopes open by default: the services, or `'all'` where a wildcard covers everything of a tenant. */
export function servicesCoveredBy(scopes: readonly string[]): ReadonlySet<string> | 'all' {
  if (scopes.some((scope) => allOfATenant.test(scope))) return 'all';
  return new Set(scopes.flatMap((scope) => servicesByResource[scope.split('/')[1] ?? ''] ?? []));
}
