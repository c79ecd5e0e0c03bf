import { type SealingKey, sealedWith } from '../../../shared/sealing.ts';
import type { HeldData, HeldToken } from '../../../shared/store/held-data.ts';
import { tenantKey } from '../../../shared/tenant.ts';
import { resealToken } from '../../../shared/tokens/offline-token.ts';

/** How many stored tokens are sealed with which key. */
export interface SealedTokens {
  readonly withCurrent: number;
  readonly withPrevious: number;
  /** By a key that nobody has any more: the next use drops such a token, and the next launch grants again. */
  readonly withUnknown: number;
}

export interface ResealKeys {
  readonly current: SealingKey;
  readonly previous: SealingKey;
}

type Tokens = Pick<HeldData, 'tokens' | 'replaceToken'>;

/** Counts, and changes nothing. */
export async function countSealed(held: Pick<HeldData, 'tokens'>, keys: ResealKeys): Promise<SealedTokens> {
  const counts = { withCurrent: 0, withPrevious: 0, withUnknown: 0 };
  for await (const token of held.tokens()) counts[sealerOf(token, keys)] += 1;
  return counts;
}

/** Writes at the same time: as many as one process sends without waiting for the network most of the time. */
const atOnce = 16;

/**
 * Seals every stored token with the current key that the previous one sealed. Each write changes the sealed text and nothing
 * else, on condition that it is still that very text: a refresh that is under way keeps its lease and wins. May be ended
 * anywhere and run again: what is done is passed over.
 * @param onProgress told after each page of writes.
 * @returns what a last look at all of them found, once none is left that the previous key sealed.
 */
export async function resealTokens(
  held: Tokens,
  keys: ResealKeys,
  { now, onProgress }: { readonly now: () => Date; readonly onProgress: (resealed: number, seen: number) => void },
): Promise<SealedTokens> {
  let resealed = 0;
  const broken = new Set<string>();
  for (;;) {
    const counts = { withCurrent: 0, withPrevious: 0, withUnknown: 0 };
    let due: HeldToken[] = [];
    let seen = 0;
    const reseal = async () => {
      const done = await Promise.all(due.map((token) => resealOne(held, keys, token, now)));
      resealed += done.filter((each) => each === 'resealed').length;
      for (const [index, token] of due.entries()) if (done[index] === 'broken') broken.add(nameOf(token));
      due = [];
      onProgress(resealed, seen);
    };
    for await (const token of held.tokens()) {
      seen += 1;
      const sealer = broken.has(nameOf(token)) ? 'withUnknown' : sealerOf(token, keys);
      counts[sealer] += 1;
      if (sealer === 'withPrevious') due.push(token);
      if (due.length === atOnce) await reseal();
    }
    if (counts.withPrevious === 0) return counts;
    await reseal();
  }
}

/** A text in its row: another row's may be equal. */
const nameOf = ({ tenant, sealedToken }: HeldToken) => `${tenantKey(tenant)} ${sealedToken}`;

/**
 * `moved`: the row has changed, which the next look sees. `broken`: it names the previous key and was not made with it, and is
 * left to its next use.
 */
async function resealOne(
  held: Tokens,
  keys: ResealKeys,
  token: HeldToken,
  now: () => Date,
): Promise<'resealed' | 'moved' | 'broken'> {
  const from = { find: (kid: string) => Promise.resolve(kid === keys.previous.kid ? keys.previous : undefined) };
  const sealedAnew = await resealToken({ from, to: keys.current }, token, token.sealedToken, now());
  if (sealedAnew === undefined) return 'broken';
  return (await held.replaceToken(token, sealedAnew)) ? 'resealed' : 'moved';
}

function sealerOf({ sealedToken }: HeldToken, { current, previous }: ResealKeys): keyof SealedTokens {
  const kid = sealedWith(sealedToken);
  if (kid === current.kid) return 'withCurrent';
  return kid === previous.kid ? 'withPrevious' : 'withUnknown';
}
