import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { companyId, companyTenant, organizationId, organizationTenant, type Tenant } from '../../../shared/tenant.ts';

/** An offline session as the official library stored it. Its tokens are never printed. */
export interface OfflineSession {
  readonly tenant: Tenant;
  readonly accessToken: string;
  /** Undefined: such a grant ends with its access token. */
  readonly refreshToken: string | undefined;
  readonly scopes: readonly string[];
  /** Epoch milliseconds; 0 where it was not stored, so that it counts as over. */
  readonly expiresAtMs: number;
}

/** Why an entry of the source is not migrated. */
export type Skipped =
  /** Of a person: they sign in again. */
  | 'online'
  /** Of another extension, by its API key. */
  | 'other_extension'
  /** Its key is none of this cluster’s. */
  | 'other_cluster'
  /** The beginning of a session: whoever wrote it, or copied it, was interrupted. */
  | 'half_written'
  /** No JSON: encrypted, or not the library’s. */
  | 'unreadable'
  /** JSON, but no session. */
  | 'no_session';

const id = v.union([v.string(), v.pipe(v.number(), v.safeInteger(), v.transform(String))]);
const text = v.pipe(v.string(), v.minLength(1));
/** The fields that are used, of `Session.toJSON()` in fdk-extension-javascript. */
const schema = v.object({
  access_mode: v.literal('offline'),
  access_token: text,
  refresh_token: v.nullish(text),
  extension_id: text,
  company_id: v.nullish(id),
  organization_id: v.nullish(id),
  scope: v.nullish(v.union([v.array(v.string()), v.string()]), []),
  access_token_validity: v.nullish(v.number(), 0),
});

/** What an entry's key must end with: an offline session's id is a digest, a person's a UUID. */
export const sessionId = /(?:^|:)([0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/**
 * Reads an entry as versions up to 0.7 (JSON within JSON, by some storages) and 1.x stored it.
 * @param clusters how the old configuration may have spelled the platform's origin: the key is made of it.
 */
export function parseSession(
  key: string,
  stored: unknown,
  { apiKey, clusters }: { readonly apiKey: string; readonly clusters: readonly string[] },
): OfflineSession | Skipped {
  const session = unpack(stored);
  if (session === 'half_written' || session === 'unreadable') return session;
  if (typeof session !== 'object' || session === null || !('access_mode' in session)) return 'no_session';
  if (session.access_mode === 'online') return 'online';
  const parsed = v.safeParse(schema, session);
  if (!parsed.success) return 'half_written';
  const { company_id: company, organization_id: organization, ...found } = parsed.output;
  if (found.extension_id !== apiKey) return 'other_extension';
  const tenant = tenantOf(company ?? undefined, organization ?? undefined);
  if (tenant === undefined) return 'half_written';
  const digests = clusters.map((cluster) => createHash('sha256').update(`${cluster}:${tenant.id}`).digest('hex'));
  if (!digests.some((digest) => key.endsWith(digest))) return 'other_cluster';
  const validity = found.access_token_validity ?? 0;
  const scopes = typeof found.scope === 'string' ? found.scope.split(/[\s,]+/) : (found.scope ?? []);
  return {
    tenant,
    accessToken: found.access_token,
    refreshToken: found.refresh_token ?? undefined,
    scopes: scopes.filter((scope) => scope !== ''),
    // Milliseconds; seconds from whoever wrote it by hand.
    expiresAtMs: Math.max(0, validity < 1e11 ? validity * 1000 : validity),
  };
}

/** How a configuration may spell an origin: the library takes it with and without scheme and slash. */
export function spellingsOf(origin: string): string[] {
  const host = origin.replace(/^https?:\/\//, '');
  return [origin, `${origin}/`, host, `${host}/`];
}

function unpack(stored: unknown): unknown {
  let value = stored;
  for (let depth = 0; typeof value === 'string' && depth < 2; depth++) {
    const json = value.trimStart();
    try {
      value = JSON.parse(json);
    } catch {
      return json === '' || /^"?\{/.test(json) ? 'half_written' : 'unreadable';
    }
  }
  return value;
}

function tenantOf(company: string | undefined, organization: string | undefined): Tenant | undefined {
  if (company !== undefined && organization === undefined && v.is(companyId, company)) return companyTenant(company);
  if (company !== undefined || !v.is(organizationId, organization)) return undefined;
  return organizationTenant(organization);
}
