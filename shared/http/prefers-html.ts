import { type WeightedRange, weightedRanges } from './weighted-ranges.ts';

/**
 * Whether an `Accept` header (RFC 9110 §12.5.1) prefers HTML to JSON: gives `text/html` a higher quality than what a
 * program would be given or, at the same one, names `text/html` more precisely. False where there is none.
 */
export function prefersHtml(accept: string | undefined): boolean {
  const ranges = weightedRanges(accept);
  const html = qualityOf(ranges, ['text/html']);
  const json = qualityOf(ranges, ['application/problem+json', 'application/json']);
  return (
    html.quality > json.quality ||
    (html.quality === json.quality && html.precision > json.precision && html.quality > 0)
  );
}

/** The best of some media types: the most precise range that covers a type counts for it. */
function qualityOf(ranges: readonly WeightedRange[], types: readonly string[]): { quality: number; precision: number } {
  const each = types.map((type) => {
    const covers = [type, `${type.split('/')[0]}/*`, '*/*'];
    const index = covers.findIndex((cover) => ranges.some((range) => range.name === cover));
    const quality = Math.max(
      0,
      ...ranges.filter((range) => range.name === covers[index]).map((range) => range.quality),
    );
    return { quality, precision: index === -1 ? 0 : covers.length - index };
  });
  return each.reduce((best, one) =>
    one.quality > best.quality || (one.quality === best.quality && one.precision > best.precision) ? one : best,
  );
}
