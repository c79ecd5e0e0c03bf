import type { HttpClient } from './http.ts';

const whole = (text: string | null, otherwise: number): number =>
  text !== null && /^[1-9]\d{0,6}$/.test(text) ? Number(text) : otherwise;

/** The page that `page_no` and `page_size` ask for, as every service of the Platform API answers it. */
export function paged<T>(
  all: readonly T[],
  { query }: Pick<HttpClient, 'query'>,
): { items: T[]; page: Record<string, unknown> } {
  const current = whole(query.get('page_no'), 1);
  const page_size = Math.min(whole(query.get('page_size'), 12), 100);
  const items = all.slice((current - 1) * page_size, current * page_size);
  const [has_previous, has_next] = [current > 1, current * page_size < all.length];
  return {
    items,
    page: { type: 'number', current, size: items.length, page_size, item_total: all.length, has_previous, has_next },
  };
}

/** What a parameter names: repeated, or with commas. Undefined where it is not there: nothing is filtered by it. */
export function named({ query }: Pick<HttpClient, 'query'>, parameter: string): ReadonlySet<string> | undefined {
  const values = query
    .getAll(parameter)
    .flatMap((text) => text.split(','))
    .map((text) => text.trim())
    .filter(Boolean);
  return values.length === 0 ? undefined : new Set(values);
}
