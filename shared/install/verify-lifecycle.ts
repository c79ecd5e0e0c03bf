import { equalInConstantTime } from '../equal-in-constant-time.ts';
import { isSignedBody } from '../fynd/body-signature.ts';
import { signV2 } from '../fynd/signature.ts';
import { AppError } from '../problems.ts';

interface LifecycleRequest {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Storefront signatures are good for five minutes around their date; so are these. */
const windowMs = 5 * 60_000;
const signedHeaders = ['x-user-data', 'x-fp-date', 'host', 'x-application-data', 'x-fp-sdk-version'];

/**
 * Judges the signature of a lifecycle call, which the platform may or may not send: like a webhook's (over the body) or
 * like a storefront call's (version 2).
 * @returns the moment that was signed, in epoch milliseconds; undefined where there is no signature, an old one, or
 * one without a date: such a call has to be confirmed in another way.
 * @throws {AppError} `signature_mismatch` where there is one and it is wrong.
 */
export function lifecycleSignedAt(
  request: LifecycleRequest,
  secrets: readonly string[],
  now: Date,
): number | undefined {
  const { method, target, headers, body } = request;
  const signature = headers['x-fp-signature'];
  if (signature === undefined || signature === '') return undefined;
  const mismatch = () => new AppError('signature_mismatch', 'x-fp-signature is not the signature of this request.');
  if (!signature.startsWith('v1')) {
    if (!isSignedBody(body, signature, secrets)) throw mismatch();
    return undefined;
  }
  const date = headers['x-fp-date'] ?? '';
  const signed = Object.fromEntries(
    signedHeaders.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  );
  const expected = secrets.map((secret) => signV2({ method, target, headers: signed, body }, date, secret));
  if (!expected.map((each) => equalInConstantTime(each, signature)).includes(true)) throw mismatch();
  const signedAtMs = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  const isFresh = Math.abs(now.getTime() - signedAtMs) <= windowMs;
  return isFresh ? signedAtMs : undefined;
}
