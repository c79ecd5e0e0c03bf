import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Whether a body was signed by the platform with one of the secrets: `x-fp-signature` is the HMAC-SHA256 of its bytes
 * in hexadecimal. Constant time; the bytes are taken as they came, since writing JSON anew would change them.
 */
export function isSignedBody(body: Uint8Array, signature: string, secrets: readonly string[]): boolean {
  const given = Buffer.from(signature.trim().toLowerCase());
  return secrets
    .map((secret) => Buffer.from(createHmac('sha256', secret).update(body).digest('hex')))
    .map((expected) => given.byteLength === expected.byteLength && timingSafeEqual(given, expected))
    .includes(true);
}
