import { createHash, hkdfSync } from 'node:crypto';
import { EncryptJWT, errors, jwtDecrypt } from 'jose';

/** A key for sealing. `kid` is a digest of the secret, so that equal secrets have equal names everywhere. */
export interface SealingKey {
  readonly kid: string;
  readonly secret: Uint8Array;
}

/** The keys in use: what is sealed now, and what may still be opened while a rotation is under way. */
export interface KeyRing {
  current(): Promise<SealingKey>;
  /** Undefined where neither the current nor the previous key has that name. */
  find(kid: string): Promise<SealingKey | undefined>;
}

/** What a sealed text is for. One that was sealed for another purpose does not open. */
export type Purpose = 'session' | 'transaction' | 'offline-token';

export type Opened<Claims> =
  | { readonly outcome: 'opened'; readonly claims: Claims; readonly expiresAt: number }
  | { readonly outcome: 'expired' }
  | { readonly outcome: 'refused' };

const algorithm = 'dir';
const encryption = 'A256CBC-HS512';

/** Derives a sealing key from a secret string of at least 256 bits of entropy (RFC 5869). */
export function deriveSealingKey(secretText: string): SealingKey {
  const secret = new Uint8Array(hkdfSync('sha512', secretText, '', encryption, 64));
  return { kid: createHash('sha256').update(secret).digest('base64url').slice(0, 8), secret };
}

/**
 * Seals claims as one JWE (RFC 7516), encrypted and authenticated. `subject` names what the text is bound to.
 * `expiresAt` in epoch seconds; absent only for what is kept until it is replaced.
 */
export async function seal(
  keys: Pick<KeyRing, 'current'>,
  purpose: Purpose,
  { subject, claims, expiresAt }: { subject: string; claims: object; expiresAt?: number },
): Promise<string> {
  const key = await keys.current();
  const token = new EncryptJWT({ ...claims })
    .setProtectedHeader({ alg: algorithm, enc: encryption, kid: key.kid })
    .setSubject(subject)
    .setAudience(purpose);
  if (expiresAt !== undefined) token.setExpirationTime(expiresAt);
  return await token.encrypt(key.secret);
}

/**
 * Opens what `seal` made for the same purpose and subject. The claims are whatever was sealed: they come from this
 * extension, because nobody else has the key, but perhaps from an older version of it, so callers parse them.
 */
export async function open(
  keys: Pick<KeyRing, 'find'>,
  purpose: Purpose,
  { subject, text, now }: { subject?: string; text: string; now: Date },
): Promise<Opened<Record<string, unknown>>> {
  try {
    const { payload } = await jwtDecrypt(
      text,
      async ({ kid }) => {
        const key = typeof kid === 'string' ? await keys.find(kid) : undefined;
        if (key === undefined) throw new errors.JWEDecryptionFailed();
        return key.secret;
      },
      {
        keyManagementAlgorithms: [algorithm],
        contentEncryptionAlgorithms: [encryption],
        audience: purpose,
        requiredClaims: purpose === 'offline-token' ? ['sub'] : ['exp', 'sub'],
        currentDate: now,
        ...(subject === undefined ? {} : { subject }),
      },
    );
    return { outcome: 'opened', claims: payload, expiresAt: payload.exp ?? 0 };
  } catch (error) {
    if (error instanceof errors.JWTExpired) return { outcome: 'expired' };
    if (error instanceof errors.JOSEError) return { outcome: 'refused' };
    throw error;
  }
}
