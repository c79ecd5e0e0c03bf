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

export interface LifecycleSignature {
  /** Made with the current API secret, and not long ago: the call comes from the platform. */
  readonly isSigned: boolean;
  /** The moment that was signed, in epoch milliseconds, where the signature has a date. */
  readonly signedAtMs: number | undefined;
}

const unsigned: LifecycleSignature = { isSigned: false, signedAtMs: undefined };

/** Storefront signatures are good for five minutes around their date; so are these. */
const windowMs = 5 * 60_000;
const signedHeaders = ['x-fp-date', 'host', 'x-fp-sdk-version'];
/** The platform adds these to what it forwards for a shopper, and signs that with the same secret. */
const shopperHeaders = ['x-user-data', 'x-application-data'];

/**
 * Judges the signature of a lifecycle call, which the platform may or may not send: like a webhook's (over the body) or
 * like a storefront call's (version 2). An old one counts as none, and so does one by a previous secret, which may have
 * leaked: such a call has to be confirmed in another way.
 * @param secrets the current API secret and the previous ones, in this order.
 * @throws {AppError} `signature_mismatch` where there is a wrong one, and for what was forwarded for a shopper.
 */
export function lifecycleSignature(
  request: LifecycleRequest,
  [current, ...previous]: readonly string[],
  now: Date,
): LifecycleSignature {
  const { headers } = request;
  if (shopperHeaders.some((name) => headers[name] !== undefined)) {
    throw new AppError('signature_mismatch', 'What is forwarded for a shopper is no lifecycle call.');
  }
  const signature = headers['x-fp-signature'];
  if (signature === undefined || signature === '') return unsigned;
  const isBy = signature.startsWith('v1') ? isSignedRequest : isSignedText;
  if (current !== undefined && isBy(request, signature, current)) {
    return signature.startsWith('v1') ? dated(headers['x-fp-date'] ?? '', now) : { ...unsigned, isSigned: true };
  }
  if (previous.some((secret) => isBy(request, signature, secret))) return unsigned;
  throw new AppError('signature_mismatch', 'x-fp-signature is not the signature of this request.');
}

function isSignedText({ body }: LifecycleRequest, signature: string, secret: string): boolean {
  return isSignedBody(body, signature, [secret]);
}

function isSignedRequest(request: LifecycleRequest, signature: string, secret: string): boolean {
  const { method, target, headers, body } = request;
  const signed = Object.fromEntries(
    signedHeaders.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  );
  const expected = signV2({ method, target, headers: signed, body }, headers['x-fp-date'] ?? '', secret);
  return equalInConstantTime(expected, signature);
}

function dated(date: string, now: Date): LifecycleSignature {
  const signedAtMs = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  return Math.abs(now.getTime() - signedAtMs) <= windowMs ? { isSigned: true, signedAtMs } : unsigned;
}
