/**
 * Whether an `Accept` header (RFC 9110 §12.5.1) prefers HTML to JSON: gives `text/html` a higher quality than what a
 * program would be given or, at the same one, names `text/html` more precisely. False where there is none.
 */
export function prefersHtml(accept: string | undefined): boolean {
  const ranges = (accept ?? '').split(',').map(parseRange);
  const html = qualityOf(ranges, ['text/html']);
  const json = qualityOf(ranges, ['application/problem+json', 'application/json']);
  return (
    html.quality > json.quality ||
    (html.quality === json.quality && html.precision > json.precision && html.quality > 0)
  );
}

interface MediaRange {
  readonly type: string;
  /** 0 to 1. */
  readonly quality: number;
}

function parseRange(text: string): MediaRange {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((each) => each.startsWith('q='))?.slice(2) ?? '1';
  // A weight that is none makes the range one that nobody asked for.
  return { type, quality: /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(weight) ? Number(weight) : 0 };
}

/** The best of some media types: the most precise range that covers a type counts for it. */
function qualityOf(ranges: readonly MediaRange[], types: readonly string[]): { quality: number; precision: number } {
  const each = types.map((type) => {
    const covers = [type, `${type.split('/')[0]}/*`, '*/*'];
    const index = covers.findIndex((cover) => ranges.some((range) => range.type === cover));
    const quality = Math.max(
      0,
      ...ranges.filter((range) => range.type === covers[index]).map((range) => range.quality),
    );
    return { quality, precision: index === -1 ? 0 : covers.length - index };
  });
  return each.reduce((best, one) =>
    one.quality > best.quality || (one.quality === best.quality && one.precision > best.precision) ? one : best,
  );
}
