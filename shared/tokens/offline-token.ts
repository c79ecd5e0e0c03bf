import * as v from 'valibot';
import type { TokenSet } from '../fynd/token-response.ts';
import { type KeyRing, open, type SealingKey, seal } from '../sealing.ts';
import { CorruptItemError } from '../store/dynamodb.ts';
import type { StoredTokenSet } from '../store/installations.ts';

/** The tokens of a company's offline grant, in clear: never logged, never handed to a browser. */
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
  row: { companyId: string; generation: number },
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

/** @throws {CorruptItemError} where the text was not sealed by this extension for this row. */
export async function openTokenSet(
  keys: Pick<KeyRing, 'find'>,
  row: { companyId: string; generation: number },
  sealedToken: string,
  now: Date,
): Promise<OfflineToken> {
  const opened = await open(keys, 'offline-token', { subject: subject(row), text: sealedToken, now });
  const parsed = opened.outcome === 'opened' ? v.safeParse(claims, opened.claims) : undefined;
  if (!parsed?.success) throw new CorruptItemError('A stored token does not open for the row that holds it.');
  return { accessToken: parsed.output.tok, refreshToken: parsed.output.ref };
}

function subject({ companyId, generation }: { companyId: string; generation: number }): string {
  return `company#${companyId}#g${generation}`;
}
