/** A longer wait than this need not be told apart from it (RFC 9111 §1.2.2). */
const maxSeconds = 2_147_483_648;

/** The three forms of a date that HTTP knows (RFC 9110 §5.6.7): all are in GMT, which the last one does not say. */
const datesInGmt = [
  /^[a-z]{3}, \d\d [a-z]{3} \d{4} \d\d:\d\d:\d\d GMT$/i,
  /^[a-z]{6,9}, \d\d-[a-z]{3}-\d\d \d\d:\d\d:\d\d GMT$/i,
  /^[a-z]{3} [a-z]{3} [ \d]\d \d\d:\d\d:\d\d \d{4}$/i,
];

/**
 * Seconds from `now` that a `Retry-After` field asks to wait, as a number or as a date (RFC 9110 §10.2.3); 0 where the
 * date is over, never negative. Absence, as what is neither, is undefined.
 */
export function retryAfterSeconds(field: string | undefined, now: Date): number | undefined {
  const text = field?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text), maxSeconds);
  if (!datesInGmt.some((form) => form.test(text))) return undefined;
  const dateMs = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, Math.ceil((dateMs - now.getTime()) / 1000));
}
