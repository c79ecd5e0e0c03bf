type Headers = Readonly<Record<string, string>>;

/** Statuses whose responses have no body, whatever the method (RFC 9110 §15.3.5, §15.3.6, §15.4.5). */
export const bodilessStatuses: ReadonlySet<number> = new Set([204, 205, 304]);

/** What describes a body (RFC 9110 §8, §14.4; RFC 6266). */
const describesBody = new Set([
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
]);

/**
 * The headers of a response without a body. None describes one where the status forbids it. Where it doesn't (HEAD, an
 * empty representation) only the encoding goes, with which API Gateway takes the result for malformed.
 */
export function bodilessHeaders(status: number, headers: Headers): Headers {
  const refused = bodilessStatuses.has(status) ? describesBody : new Set(['content-encoding']);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !refused.has(name)));
}
