import { equalInConstantTime } from '../equal-in-constant-time.ts';
import { signV2 } from './signature.ts';

/** A request as it arrived, of which a signature can be judged. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query, the path's segments encoded once. */
  readonly target: string;
  /** Lower-case names. `host` must be the one that callers were told, not the one that arrived. */
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes; empty where there is no body. */
  readonly body: Buffer;
}

/** A dated signature is good for five minutes around its date, as the official library has it. */
export const signatureWindowMs = 5 * 60_000;

/** The moment of an `x-fp-date`, in epoch milliseconds; NaN where it is none. */
export function parseSignatureDate(date: string): number {
  return Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

/**
 * Whether `x-fp-signature` is version 2's of this request under one of the secrets, over those of the named headers that
 * are there. Constant time.
 */
export function isSignedV2(
  { method, target, headers, body }: ReceivedRequest,
  headerNames: readonly string[],
  secrets: readonly string[],
): boolean {
  const signed = Object.fromEntries(
    headerNames.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  );
  const given = headers['x-fp-signature'] ?? '';
  return secrets
    .map((secret) =>
      equalInConstantTime(signV2({ method, target, headers: signed, body }, headers['x-fp-date'] ?? '', secret), given),
    )
    .includes(true);
}
