import { hash, randomBytes } from 'node:crypto';

/** A code verifier of 256 bits (RFC 7636 §4.1): whoever redeems the code must know it. */
export function createCodeVerifier(): string {
  return randomBytes(32).toString('base64url');
}

/** What the authorization request tells of a verifier: its SHA-256 (RFC 7636 §4.2, method `S256`). */
export function codeChallenge(codeVerifier: string): string {
  return hash('sha256', codeVerifier, 'base64url');
}
