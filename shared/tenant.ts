import * as v from 'valibot';
import { AppError } from './problems.ts';

/** A company id: 1 to 18 digits without a leading zero. */
export const companyId = v.pipe(
  v.string(),
  v.regex(/^[1-9]\d{0,17}$/, 'must be 1 to 18 digits without a leading zero'),
);

/** An application (sales channel) id: 24 hexadecimal digits. */
export const applicationId = v.pipe(v.string(), v.regex(/^[0-9a-f]{24}$/i, 'must be 24 hexadecimal digits'));

/** An organization (partner) id. */
export const organizationId = v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -'));

/** Who installs the extension. An id alone is no tenant: a company and an organization may have the same one. */
export interface Tenant {
  readonly kind: 'company' | 'organization';
  readonly id: string;
}

/** The company with this id, which is not judged here: at the edge it is parsed by `companyId`. */
export function companyTenant(id: string): Tenant {
  return { kind: 'company', id };
}

/** The organization with this id, which is not judged here: at the edge it is parsed by `organizationId`. */
export function organizationTenant(id: string): Tenant {
  return { kind: 'organization', id };
}

/**
 * The id of a company, where only companies are spoken of.
 * @throws {AppError} `internal` for an organization, whose id must never pass for a company's.
 */
export function companyOf({ kind, id }: Tenant): string {
  if (kind !== 'company') throw new AppError('internal', 'An organization stands where only a company can.');
  return id;
}

/** A tenant's name in rows, sealed texts and message groups: `company#1`, `organization#a1`. */
export function tenantKey({ kind, id }: Tenant): string {
  return `${kind}#${id}`;
}

/** The tenant of a `tenantKey`; undefined for any other text. */
export function parseTenantKey(text: string): Tenant | undefined {
  const parsed = v.safeParse(key, text.split('#'));
  if (!parsed.success) return undefined;
  const [kind, id] = parsed.output;
  return { kind, id };
}

const key = v.union([
  v.strictTuple([v.literal('company'), companyId]),
  v.strictTuple([v.literal('organization'), organizationId]),
]);

export function isSameTenant(a: Tenant, b: Tenant): boolean {
  return a.kind === b.kind && a.id === b.id;
}
