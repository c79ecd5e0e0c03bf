import { AppError } from '../problems.ts';
import { isSignedBody } from './body-signature.ts';

interface ChecksummedCall {
  /** The `checksum` header. */
  readonly checksum: string | undefined;
  /** The bytes; empty where there is no body. */
  readonly body: Buffer;
  /** The parameter `gid`, in path or query: what is signed where there is no body. */
  readonly gid: string | undefined;
}

/**
 * Demands the checksum of a call between the platform's servers and a payment extension: the HMAC-SHA256 of the body's
 * bytes in hexadecimal, of `gid` where there is no body. It has no date: a call may be repeated by whoever saw it.
 * @param secrets the API secret, and the one before it while that counts.
 * @throws {AppError} `signature_required`, `signature_mismatch`; `invalid_request` where there is nothing that was signed.
 */
export function requireChecksum({ checksum, body, gid }: ChecksummedCall, secrets: readonly string[]): void {
  if (!checksum) throw new AppError('signature_required', 'checksum is missing.');
  const signed = body.byteLength > 0 ? body : gid === undefined ? undefined : Buffer.from(gid);
  if (signed === undefined) throw new AppError('invalid_request', 'gid is missing, and there is no body.');
  if (isSignedBody(signed, checksum, secrets)) return;
  throw new AppError('signature_mismatch', 'checksum is not the checksum of this body.');
}
