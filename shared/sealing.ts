import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

/** A key for sealing. `kid` is a digest of the secret, so that equal secrets have equal names everywhere. */
export interface SealingKey {
  readonly kid: string;
  /** 256 bits, for AES-GCM. */
  readonly key: KeyObject;
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

const encryption = 'A256GCM';
const cipherName = 'aes-256-gcm';
const vectorBytes = 12;
const tagBytes = 16;

/** Derives a sealing key from a secret string of at least 256 bits of entropy (RFC 5869). */
export function deriveSealingKey(secretText: string): SealingKey {
  const secret = new Uint8Array(hkdfSync('sha512', secretText, '', encryption, 32));
  return { kid: createHash('sha256').update(secret).digest('base64url').slice(0, 8), key: createSecretKey(secret) };
}

/**
 * Seals claims as one JWE (RFC 7516, compact), encrypted and authenticated. `subject` names what the text is bound to.
 * `expiresAt` in epoch seconds; absent only for what is kept until it is replaced.
 */
export async function seal(
  keys: Pick<KeyRing, 'current'>,
  purpose: Purpose,
  { subject, claims, expiresAt }: { subject: string; claims: object; expiresAt?: number },
): Promise<string> {
  const { kid, key } = await keys.current();
  const header = headerOf(kid);
  const vector = randomBytes(vectorBytes);
  const cipher = createCipheriv(cipherName, key, vector, { authTagLength: tagBytes }).setAAD(Buffer.from(header));
  const sealed = Buffer.concat([
    cipher.update(JSON.stringify({ ...claims, sub: subject, aud: purpose, exp: expiresAt }), 'utf8'),
    cipher.final(),
  ]);
  return `${header}..${[vector, sealed, cipher.getAuthTag()].map((part) => part.toString('base64url')).join('.')}`;
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
  const [, header = '', vector = '', sealed = '', tag = ''] = sealedText.exec(text) ?? [];
  const kid = kidOf(header);
  const key = kid === undefined ? undefined : await keys.find(kid);
  const claims = key && decrypt(key, { header, vector, sealed, tag });
  if (claims === undefined) return { outcome: 'refused' };
  const { aud, sub, exp } = claims;
  const isFor = aud === purpose && typeof sub === 'string' && (subject === undefined || sub === subject);
  if (!isFor) return { outcome: 'refused' };
  if (exp === undefined) return purpose === 'offline-token' ? opened(claims, 0) : { outcome: 'refused' };
  if (typeof exp !== 'number') return { outcome: 'refused' };
  return exp > now.getTime() / 1000 ? opened(claims, exp) : { outcome: 'expired' };
}

const opened = (claims: Record<string, unknown>, expiresAt: number) =>
  ({ outcome: 'opened', claims, expiresAt }) as const;

/** Header, no encrypted key, vector, ciphertext, and a tag of full length: a shorter one would be easier to guess. */
const sealedText = /^([\w-]+)\.\.([\w-]{16})\.([\w-]+)\.([\w-]{22})$/;

/** The one header that a text of ours has under this key. */
function headerOf(kid: string): string {
  return Buffer.from(JSON.stringify({ alg: 'dir', enc: encryption, kid })).toString('base64url');
}

/** A header is compared and never interpreted, so that no text chooses how it is opened. Undefined for a foreign one. */
function kidOf(header: string): string | undefined {
  const [, kid] = /"kid":"([\w-]+)"\}$/.exec(Buffer.from(header, 'base64url').toString()) ?? [];
  return kid !== undefined && headerOf(kid) === header ? kid : undefined;
}

/** Undefined where the text was not made with this key, or was changed since. */
function decrypt(
  { key }: SealingKey,
  { header, vector, sealed, tag }: Readonly<Record<'header' | 'vector' | 'sealed' | 'tag', string>>,
): Record<string, unknown> | undefined {
  const decipher = createDecipheriv(cipherName, key, Buffer.from(vector, 'base64url'), { authTagLength: tagBytes })
    .setAAD(Buffer.from(header))
    .setAuthTag(Buffer.from(tag, 'base64url'));
  const begun = decipher.update(sealed, 'base64url', 'utf8');
  let json: string;
  try {
    json = begun + decipher.final('utf8');
  } catch {
    return undefined;
  }
  return JSON.parse(json) as Record<string, unknown>;
}
