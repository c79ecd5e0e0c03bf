import { isSignedBody } from '../fynd/body-signature.ts';
import { isSignedV2, parseSignatureDate, type ReceivedRequest, signatureWindowMs } from '../fynd/signed-request.ts';
import { AppError } from '../problems.ts';

export interface LifecycleSignature {
  /** Made with the current API secret, and not long ago: the call comes from the platform. */
  readonly isSigned: boolean;
  /** The moment that was signed, in epoch milliseconds, where the signature has a date. */
  readonly signedAtMs: number | undefined;
}

const unsigned: LifecycleSignature = { isSigned: false, signedAtMs: undefined };

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
  request: ReceivedRequest,
  [current, ...previous]: readonly string[],
  now: Date,
): LifecycleSignature {
  const { headers } = request;
  if (shopperHeaders.some((name) => headers[name] !== undefined)) {
    throw new AppError('signature_mismatch', 'What is forwarded for a shopper is no lifecycle call.');
  }
  const signature = headers['x-fp-signature'];
  if (signature === undefined || signature === '') return unsigned;
  const isDated = signature.startsWith('v1');
  const isBy = (secrets: readonly string[]) =>
    isDated ? isSignedV2(request, signedHeaders, secrets) : isSignedBody(request.body, signature, secrets);
  if (current !== undefined && isBy([current])) {
    return isDated ? dated(headers['x-fp-date'] ?? '', now) : { ...unsigned, isSigned: true };
  }
  if (isBy(previous)) return unsigned;
  throw new AppError('signature_mismatch', 'x-fp-signature is not the signature of this request.');
}

function dated(date: string, now: Date): LifecycleSignature {
  const signedAtMs = parseSignatureDate(date);
  return Math.abs(now.getTime() - signedAtMs) <= signatureWindowMs ? { isSigned: true, signedAtMs } : unsigned;
}
