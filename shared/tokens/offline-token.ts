import * as v from 'valibot';
import type { TokenSet } from '../fynd/token-response.ts';
import { type KeyRing, open, type SealingKey, seal } from '../sealing.ts';
import type { StoredTokenSet } from '../store/installations.ts';
import { type Tenant, tenantKey } from '../tenant.ts';

/** The tokens of a tenant's offline grant, in clear: never logged, never handed to a browser. */
export interface OfflineToken {
  readonly accessToken: string;
  /** Absent where the platform never gave one: such a grant cannot be refreshed. */
  readonly refreshToken: string | undefined;
}

/** Refreshed at the earlier of five minutes and a quarter of its life before its end. */
const maxMarginSeconds = 300;
const maxMarginShare = 0.25;

/** Seals a grant for the row that it belongs to: it opens nowhere else. */
export async function sealTokenSet(
  key: SealingKey,
  row: { tenant: Tenant; generation: number },
  grant: Pick<TokenSet, 'accessToken' | 'refreshToken' | 'scopes' | 'expiresInSeconds'>,
  now: Date,
): Promise<StoredTokenSet> {
  const issuedAt = Math.floor(now.getTime() / 1000);
  const marginSeconds = Math.min(maxMarginSeconds, Math.floor(grant.expiresInSeconds * maxMarginShare));
  return {
    sealedToken: await seal({ current: () => Promise.resolve(key) }, 'offline-token', {
      subject: subject(row),
      claims: { tok: grant.accessToken, ref: grant.refreshToken },
    }),
    scopes: grant.scopes,
    accessTokenExpiresAt: issuedAt + grant.expiresInSeconds,
    refreshFrom: issuedAt + grant.expiresInSeconds - marginSeconds,
  };
}

const claims = v.object({ tok: v.string(), ref: v.optional(v.string()) });

/** Undefined where no key opens the text, as after two rotations, or where it was not sealed for this row. */
export async function openTokenSet(
  keys: Pick<KeyRing, 'find'>,
  row: { tenant: Tenant; generation: number },
  sealedToken: string,
  now: Date,
): Promise<OfflineToken | undefined> {
  const opened = await open(keys, 'offline-token', { subject: subject(row), text: sealedToken, now });
  const parsed = opened.outcome === 'opened' ? v.safeParse(claims, opened.claims) : undefined;
  return parsed?.success ? { accessToken: parsed.output.tok, refreshToken: parsed.output.ref } : undefined;
}

/** The same tokens under another key of the same row; undefined as `openTokenSet` says. */
export async function resealToken(
  { from, to }: { readonly from: Pick<KeyRing, 'find'>; readonly to: SealingKey },
  row: { tenant: Tenant; generation: number },
  sealedToken: string,
  now: Date,
): Promise<string | undefined> {
  const token = await openTokenSet(from, row, sealedToken, now);
  if (token === undefined) return undefined;
  return await seal({ current: () => Promise.resolve(to) }, 'offline-token', {
    subject: subject(row),
    claims: { tok: token.accessToken, ref: token.refreshToken },
  });
}

function subject({ tenant, generation }: { tenant: Tenant; generation: number }): string {
  return `${tenantKey(tenant)}#g${generation}`;
}
