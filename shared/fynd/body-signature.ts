import { createHmac } from 'node:crypto';
import { equalInConstantTime } from '../equal-in-constant-time.ts';

/**
 * Whether a body was signed by the platform with one of the secrets: `x-fp-signature` is the HMAC-SHA256 of its bytes
 * in hexadecimal. Constant time; the bytes are taken as they came, since writing JSON again would change them.
 */
export function isSignedBody(body: Uint8Array, signature: string, secrets: readonly string[]): boolean {
  const given = signature.trim().toLowerCase();
  return secrets
    .map((secret) => equalInConstantTime(createHmac('sha256', secret).update(body).digest('hex'), given))
    .includes(true);
}
