/** Whether a request takes a response in this content coding: `Accept-Encoding` names it, and not with `q=0` (RFC 9110 §12.5.3). */
export function acceptsCoding(acceptEncoding: string | undefined, coding: 'br' | 'gzip'): boolean {
  return patterns[coding].test(acceptEncoding ?? '');
}

const refusal = String.raw`\s*;\s*q=0(\.0*)?\s*(,|$)`;
const patterns = {
  br: new RegExp(`\\bbr\\b(?!${refusal})`, 'i'),
  gzip: new RegExp(`\\bgzip\\b(?!${refusal})`, 'i'),
};

/**
 * Which of the codings, best first, a request would rather have than the others and than none, by its weights (RFC 9110
 * §12.5.3); undefined where it takes none of them, or rather none.
 */
export function preferredCoding<Coding extends string>(
  acceptEncoding: string | undefined,
  codings: readonly Coding[],
): Coding | undefined {
  const weights = new Map(
    (acceptEncoding ?? '').split(',').map((part) => {
      const [name = '', ...parameters] = part.toLowerCase().split(';');
      const weight = parameters.map((text) => /^\s*q\s*=\s*([\d.]+)\s*$/.exec(text)?.[1]).find(Boolean) ?? '1';
      return [name.trim(), Number.parseFloat(weight)];
    }),
  );
  const weightOf = (coding: string) => weights.get(coding) ?? weights.get('*') ?? 0;
  const [best] = codings.toSorted((a, b) => weightOf(b) - weightOf(a));
  if (best === undefined || weightOf(best) === 0) return undefined;
  return weightOf(best) >= (weights.get('identity') ?? 0) ? best : undefined;
}
