import { expect, test } from 'vitest';
import { codeChallenge, createCodeVerifier } from '../../../shared/fynd/pkce.ts';

test('a verifier has 256 bits in characters that every server takes, and every one is new', () => {
  const verifiers = Array.from({ length: 100 }, createCodeVerifier);
  expect(new Set(verifiers).size).toBe(100);
  for (const verifier of verifiers) expect(verifier).toMatch(/^[\w-]{43}$/);
});

test('a challenge is that of the standard’s own example (RFC 7636, appendix B)', () => {
  const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
  expect(codeChallenge(verifier)).toBe('E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM');
});
