import { weightedRanges } from './weighted-ranges.ts';

/**
 * Of the languages that we speak, the one that an `Accept-Language` header (RFC 9110 §12.5.4) wants most, whatever its
 * region; of several that it wants equally, the one that it names first. Undefined where it wants none of them.
 */
export function preferredLanguage<Spoken extends string>(
  acceptLanguage: string | undefined,
  spoken: readonly Spoken[],
): Spoken | undefined {
  const [best] = weightedRanges(acceptLanguage)
    .map(({ name, quality }) => ({ language: spoken.find((each) => each === name.split('-')[0]), quality }))
    .filter(({ language, quality }) => language !== undefined && quality > 0)
    .sort((one, other) => other.quality - one.quality);
  return best?.language;
}
