import { createHash, createSecretKey, hash, hkdfSync } from 'node:crypto';
import { CompactEncrypt, type CryptoKey, compactDecrypt, decodeProtectedHeader, errors } from 'jose';
import { ConfigurationError } from './config.ts';

/** A key for sealing. `kid` is a digest of the key, so that equal secrets have equal names everywhere. */
export interface SealingKey {
  readonly kid: string;
  /** 256 bits, for AES-GCM. */
  readonly key: CryptoKey;
}

/** The keys in use: what is sealed now, and what may still be opened while a rotation is under way. */
export interface KeyRing {
  current(): Promise<SealingKey>;
  /** Undefined where neither the current, nor the previous, nor the next key has that name. */
  find(kid: string): Promise<SealingKey | undefined>;
}

/** What a key is for: what browsers keep, or what the Installations table keeps. */
export type KeyUse = 'session' | 'offline-token';

/** What a sealed text is for. One that was sealed for another purpose does not open. */
export type Purpose = 'session' | 'transaction' | 'offline-token';

/** What was sealed, frozen throughout: the same object may be given to many. */
export type Claims = Readonly<Record<string, unknown>>;

export type Opened =
  | { readonly outcome: 'opened'; readonly subject: string; readonly claims: Claims; readonly expiresAt: number }
  | { readonly outcome: 'expired'; readonly subject: string }
  | { readonly outcome: 'refused' };

const encryption = 'A256GCM';
/** A text cannot choose how it is opened. */
const pinned = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: [encryption] };

/** Whether a secret is long enough to make a key of. */
export function isSealingSecret(secretText: string): boolean {
  return secretText.length >= 32;
}

/**
 * Derives a sealing key from a secret string of at least 256 bits of entropy (RFC 5869). The same secret makes another
 * key for another use.
 * @throws {ConfigurationError} where the secret has fewer than 32 characters.
 */
export function deriveSealingKey(secretText: string, use: KeyUse): SealingKey {
  if (!isSealingSecret(secretText)) {
    throw new ConfigurationError(
      `The secret of the ${use} key has fewer than 32 characters: put a random value of 32 or more into it.`,
    );
  }
  const bytes = new Uint8Array(hkdfSync('sha512', secretText, '', `${use} ${encryption}`, 32));
  return {
    kid: createHash('sha256').update(bytes).digest('base64url').slice(0, 8),
    key: createSecretKey(bytes).toCryptoKey('AES-GCM', false, ['encrypt', 'decrypt']),
  };
}

/**
 * Seals claims as one JWE (RFC 7516, compact), encrypted and authenticated. `subject` names what the text is bound to.
 * `expiresAt` in epoch seconds; absent only for what is stored until it is replaced.
 */
export async function seal(
  keys: Pick<KeyRing, 'current'>,
  purpose: Purpose,
  { subject, claims, expiresAt }: { subject: string; claims: object; expiresAt?: number },
): Promise<string> {
  const { kid, key } = await keys.current();
  const content = JSON.stringify({ ...claims, sub: subject, aud: purpose, exp: expiresAt });
  return await new CompactEncrypt(Buffer.from(content))
    .setProtectedHeader({ alg: 'dir', enc: encryption, kid })
    .encrypt(key);
}

/**
 * Opens what `seal` made for the same purpose and subject. The claims are whatever was sealed: they come from this
 * extension, because nobody else has the key, but perhaps from an older version of it, so callers parse them.
 *
 * A browser sends its session with each request, so those that this process opened are remembered, tokens included: 500,
 * of which the least recently used leaves. Whether the key is still in the ring, and the purpose, the subject and the
 * end, are judged each time.
 */
export async function open(
  keys: Pick<KeyRing, 'find'>,
  purpose: Purpose,
  { subject, text, now }: { subject?: string; text: string; now: Date },
): Promise<Opened> {
  const digest = purpose === 'session' ? hash('sha256', text, 'base64url') : undefined;
  const remembered = digest === undefined ? undefined : openedSessions.get(digest);
  const isKeyThere = remembered !== undefined && (await keys.find(remembered.kid)) !== undefined;
  const decrypted = isKeyThere ? remembered : await decrypt(keys, text);
  const opened = decrypted === undefined ? refused : judge(decrypted.claims, purpose, subject, now);
  if (digest !== undefined) remember(digest, opened.outcome === 'opened' ? decrypted : undefined);
  return opened;
}

/** The name of the key that a text says it was sealed with; undefined where it says none. Nothing is opened. */
export function sealedWith(text: string): string | undefined {
  try {
    const { kid } = decodeProtectedHeader(text);
    return typeof kid === 'string' ? kid : undefined;
  } catch {
    return undefined;
  }
}

const refused: Opened = { outcome: 'refused' };

function judge(claims: Claims, purpose: Purpose, subject: string | undefined, now: Date): Opened {
  const { aud, sub, exp } = claims;
  if (aud !== purpose || typeof sub !== 'string' || (subject !== undefined && sub !== subject)) return refused;
  if (exp === undefined) {
    return purpose === 'offline-token' ? { outcome: 'opened', subject: sub, claims, expiresAt: 0 } : refused;
  }
  if (typeof exp !== 'number') return refused;
  return exp > now.getTime() / 1000
    ? { outcome: 'opened', subject: sub, claims, expiresAt: exp }
    : { outcome: 'expired', subject: sub };
}

interface Decrypted {
  readonly kid: string;
  readonly claims: Claims;
}

/** By a digest of the whole text; the least recently used comes first. */
const openedSessions = new Map<string, Decrypted>();
const maxOpenedSessions = 500;

/** Undefined: what no longer opens is forgotten. */
function remember(digest: string, decrypted: Decrypted | undefined): void {
  openedSessions.delete(digest);
  if (decrypted === undefined) return;
  openedSessions.set(digest, decrypted);
  const [leastRecentlyUsed = ''] = openedSessions.keys();
  if (openedSessions.size > maxOpenedSessions) openedSessions.delete(leastRecentlyUsed);
}

/** Undefined where the text was not made with a key of ours, was changed since, or holds no claims. */
async function decrypt(keys: Pick<KeyRing, 'find'>, text: string): Promise<Decrypted | undefined> {
  let found: SealingKey | undefined;
  const keyFor = async ({ kid }: { kid?: unknown }) => {
    found = typeof kid === 'string' ? await keys.find(kid) : undefined;
    if (found === undefined) throw new errors.JWEDecryptionFailed();
    return found.key;
  };
  try {
    const { plaintext } = await compactDecrypt(text, keyFor, pinned);
    const claims = parseClaims(Buffer.from(plaintext).toString());
    return found && claims && { kid: found.kid, claims };
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

function parseClaims(json: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(json, (_name, part: unknown) => Object.freeze(part));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : undefined;
  } catch {
    return undefined;
  }
}
