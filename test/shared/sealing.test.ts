import { createHash, hkdfSync } from 'node:crypto';
import * as fc from 'fast-check';
import { CompactEncrypt, EncryptJWT, jwtDecrypt } from 'jose';
import { describe, expect, test } from 'vitest';
import { deriveSealingKey, type KeyRing, open, seal } from '../../shared/sealing.ts';
import { noon } from './fixture/extension.ts';
import { keyRing, keyRingFor } from './fixture/key-ring.ts';

const numbered = (number: number) => `CANARY-session-secret-${number}-0123456789abcdef`;
const secret = numbered(1);
const keys = keyRing(secret);
const ours = deriveSealingKey(secret, 'session');
const expiresAt = noon.getTime() / 1000 + 60;
const content = { subject: 'company#1', claims: { tok: 'CANARY-token' }, expiresAt };
const openNow = (text: string, ring = keys) => open(ring, 'session', { text, now: noon });

/** What RFC 5869 makes of the secret, by the parameters that `deriveSealingKey` must have. */
const derivedBytes = (info = 'session A256GCM') => new Uint8Array(hkdfSync('sha512', secret, '', info, 32));

/** The same content, by jose's API for tokens. */
const joseToken = () =>
  new EncryptJWT(content.claims).setSubject('company#1').setAudience('session').setExpirationTime(expiresAt);

function withHeader(text: string, change: Record<string, unknown>): string {
  const [head = '', ...rest] = text.split('.');
  const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as object;
  return [Buffer.from(JSON.stringify({ ...header, ...change })).toString('base64url'), ...rest].join('.');
}

describe('a sealed text', () => {
  test('opens to the claims that were sealed, and shows none of them', async () => {
    const text = await seal(keys, 'session', content);
    expect(await openNow(text)).toMatchObject({ outcome: 'opened', claims: content.claims, expiresAt });
    const readable = text.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'));
    expect(readable.join('\n')).not.toMatch(/CANARY|company/);
  });

  test('is encrypted by the two pinned algorithms', async () => {
    const [head = ''] = (await seal(keys, 'session', content)).split('.');
    expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual({
      alg: 'dir',
      enc: 'A256GCM',
      kid: ours.kid,
    });
  });

  test('is never the same twice', async () => {
    expect(await seal(keys, 'session', content)).not.toBe(await seal(keys, 'session', content));
  });

  test('opens during a key rotation, under the current and the previous key, and afterwards no more', async () => {
    const text = await seal(keys, 'session', content);
    const newer = numbered(2);
    expect((await openNow(text, keyRing(newer, secret))).outcome).toBe('opened');
    expect((await openNow(text, keyRing(numbered(3), newer))).outcome).toBe('refused');
    const [head = ''] = (await seal(keyRing(newer, secret), 'session', content)).split('.');
    expect(Buffer.from(head, 'base64url').toString()).toContain(deriveSealingKey(newer, 'session').kid);
  });

  test('opens until its time is over, and says so then', async () => {
    const text = await seal(keys, 'session', content);
    const at = (seconds: number) => open(keys, 'session', { text, now: new Date(seconds * 1000) });
    expect((await at(expiresAt - 1)).outcome).toBe('opened');
    expect((await at(expiresAt)).outcome).toBe('expired');
  });

  test('does not open for another purpose, or another subject', async () => {
    const text = await seal(keys, 'transaction', content);
    expect((await openNow(text)).outcome).toBe('refused');
    expect((await open(keys, 'offline-token', { text, now: noon })).outcome).toBe('refused');
    const other = await open(keys, 'transaction', { text, now: noon, subject: 'company#2' });
    expect(other.outcome).toBe('refused');
    const same = await open(keys, 'transaction', { text, now: noon, subject: 'company#1' });
    expect(same.outcome).toBe('opened');
  });

  test('without an end opens only where it is kept until it is replaced', async () => {
    const { expiresAt: _, ...endless } = content;
    expect((await openNow(await seal(keys, 'session', endless))).outcome).toBe('refused');
    const text = await seal(keys, 'offline-token', endless);
    expect((await open(keys, 'offline-token', { text, now: noon })).outcome).toBe('opened');
  });

  test('from another key does not open, even under a name of ours', async () => {
    const foreign = await seal(keyRing('CANARY-foreign-secret-0123456789abcdef'), 'session', content);
    expect((await openNow(foreign)).outcome).toBe('refused');
    expect((await openNow(withHeader(foreign, { kid: ours.kid }))).outcome).toBe('refused');
  });

  for (const change of [
    { kid: 'unknown' },
    { kid: undefined },
    { kid: 7 },
    { kid: { toString: 1, valueOf: 1 } },
    { alg: 'none' },
    { alg: 'A256KW' },
    { alg: 'RSA-OAEP' },
    { alg: 'PBES2-HS256+A128KW', p2c: 2_000_000_000, p2s: 'AAAA' },
    { enc: 'A128GCM' },
    { enc: 'A256CBC-HS512' },
    { zip: 'DEF' },
    { crit: ['x'], x: 1 },
    { b64: false },
  ]) {
    test(`is refused with ${JSON.stringify(change)} in its header`, async () => {
      const text = withHeader(await seal(keys, 'session', content), change);
      expect((await openNow(text)).outcome).toBe('refused');
    });
  }

  test('is what RFC 7516 says: under the derived key anybody opens it, and what they make opens here', async () => {
    const { kid } = ours;
    const { payload } = await jwtDecrypt(await seal(keys, 'session', content), derivedBytes(), {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
      audience: 'session',
      subject: 'company#1',
      currentDate: noon,
    });
    expect(payload).toMatchObject({ ...content.claims, exp: expiresAt });
    const made = await joseToken().setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid }).encrypt(derivedBytes());
    expect(await openNow(made)).toMatchObject({ outcome: 'opened', claims: content.claims, expiresAt });
  });

  test('is refused under another algorithm, although the key is right', async () => {
    const { kid } = ours;
    const bytes = derivedBytes();
    const others = [
      joseToken().setProtectedHeader({ alg: 'A256KW', enc: 'A256GCM', kid }).encrypt(bytes),
      joseToken().setProtectedHeader({ alg: 'dir', enc: 'A128GCM', kid }).encrypt(bytes.subarray(16)),
    ];
    for (const other of others) expect((await openNow(await other)).outcome).toBe('refused');
  });

  test('from before each use had a key of its own is refused, whatever key it names', async () => {
    const bytes = derivedBytes('A256GCM');
    const kid = createHash('sha256').update(bytes).digest('base64url').slice(0, 8);
    const old = await joseToken().setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid }).encrypt(bytes);
    expect((await openNow(old)).outcome).toBe('refused');
    expect((await openNow(withHeader(old, { kid: ours.kid }))).outcome).toBe('refused');
  });

  for (const plaintext of ['null', '[]', '"x"', '7', 'true', '{', '']) {
    test(`that holds «${plaintext}» instead of claims is refused`, async () => {
      const text = await new CompactEncrypt(Buffer.from(plaintext))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: ours.kid })
        .encrypt(ours.key);
      expect((await openNow(text)).outcome).toBe('refused');
    });
  }

  test('needs its whole tag: a shorter one, which is easier to guess, is refused', async () => {
    const text = await seal(keys, 'session', content);
    const [tag = ''] = text.split('.').slice(-1);
    for (const bytes of [4, 8, 12, 15]) {
      const short = Buffer.from(tag, 'base64url').subarray(0, bytes).toString('base64url');
      expect((await openNow(text.slice(0, -tag.length) + short)).outcome).toBe('refused');
    }
  });

  test('is refused when it is cut short or changed, wherever that is', async () => {
    const text = await seal(keys, 'session', content);
    const position = fc.integer({ min: 0, max: text.length - 1 });
    await fc.assert(
      fc.asyncProperty(position, async (at) => {
        expect((await openNow(text.slice(0, at))).outcome).toBe('refused');
      }),
    );
    // Every part in turn: header, (empty) key, vector, ciphertext, tag. Bits are changed in the bytes, not in the
    // letters: the last letter of a part has bits that mean nothing.
    const parts = text.split('.');
    for (const [index, part] of parts.entries()) {
      const bytes = Buffer.from(part, 'base64url');
      for (const at of bytes.keys()) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ 1;
        const tampered = parts.with(index, changed.toString('base64url')).join('.');
        expect((await openNow(tampered)).outcome).toBe('refused');
      }
    }
  });

  test('is refused when it is garbage, and nothing throws', async () => {
    const letters = fc.constantFrom('.', '..', 'eyJ', 'A', '=', '{', 'e30', 'null', ' ', '\u00e9', '%00');
    const shaped = fc.array(fc.base64String(), { minLength: 5, maxLength: 5 }).map((parts) => parts.join('.'));
    const header = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const headed = fc.jsonValue().map((value) => `${header(value)}..AAAA.AAAA.AAAA`);
    const garbage = fc.oneof(
      fc.string(),
      fc.array(letters).map((parts) => parts.join('')),
      shaped,
      headed,
    );
    await fc.assert(
      fc.asyncProperty(garbage, async (text) => {
        expect((await openNow(text)).outcome).toBe('refused');
      }),
      { numRuns: 500 },
    );
  });
});

describe('a session that was opened before', () => {
  /** Has every key by its name and none by its bytes: what opens now was not decrypted. */
  const namesOnly: Pick<KeyRing, 'find'> = {
    find: (kid) => Promise.resolve({ ...deriveSealingKey(numbered(9), 'session'), kid }),
  };
  const sealed = (more: object = {}) => seal(keys, 'session', { ...content, ...more });
  const isRemembered = async (text: string) => (await openNow(text, namesOnly as KeyRing)).outcome === 'opened';

  test('opens to the same claims without being decrypted, and nobody can change them', async () => {
    const text = await sealed({ claims: { tok: 'CANARY-token', more: { nested: [1] } } });
    const first = await openNow(text);
    expect(await isRemembered(text)).toBe(true);
    expect(await openNow(text)).toEqual(first);
    expect(first).toMatchObject({ outcome: 'opened', claims: { more: { nested: [1] } } });
    const { claims } = first as unknown as { claims: { more: { nested: number[] } } };
    expect(() => Object.assign(claims, { tok: 'x' })).toThrow(TypeError);
    expect(() => claims.more.nested.push(2)).toThrow(TypeError);
  });

  test('is refused once its key has left the ring', async () => {
    const text = await sealed();
    await openNow(text);
    expect((await openNow(text, keyRing(numbered(2), secret))).outcome).toBe('opened');
    expect((await openNow(text, keyRing(numbered(3), numbered(2)))).outcome).toBe('refused');
  });

  test('is judged by its subject and its end each time, and forgotten when that has come', async () => {
    const text = await sealed();
    await openNow(text);
    expect((await open(keys, 'session', { text, now: noon, subject: 'company#2' })).outcome).toBe('refused');
    expect((await open(keys, 'session', { text, now: noon, subject: 'company#1' })).outcome).toBe('opened');
    expect(await isRemembered(text)).toBe(true);
    const atItsEnd = new Date(expiresAt * 1000);
    expect((await open(namesOnly, 'session', { text, now: atItsEnd })).outcome).toBe('expired');
    expect(await isRemembered(text)).toBe(false);
  });

  test('opens for no other purpose, and nothing of another purpose is remembered', async () => {
    const text = await sealed();
    await openNow(text);
    expect((await open(keys, 'transaction', { text, now: noon })).outcome).toBe('refused');
    const transaction = await seal(keys, 'transaction', content);
    for (const purpose of ['transaction', 'session'] as const) {
      await open(keys, purpose, { text: transaction, now: noon });
      expect((await open(namesOnly, purpose, { text: transaction, now: noon })).outcome).toBe('refused');
    }
  });

  test('makes no changed text open', async () => {
    const text = await sealed();
    await openNow(text);
    expect((await openNow(`${text.slice(0, -2)}AA`)).outcome).toBe('refused');
    expect((await openNow(withHeader(text, { kid: 'unknown' }))).outcome).toBe('refused');
  });

  test('is one of at most 500, of which the least recently used leaves', async () => {
    const texts = await Promise.all(Array.from({ length: 501 }, () => sealed()));
    const [first = '', second = '', ...others] = texts;
    for (const text of [first, second, ...others.slice(0, 498), first]) await openNow(text);
    await openNow(others.at(-1)!);
    expect(await isRemembered(second)).toBe(false);
    expect(await isRemembered(first)).toBe(true);
    expect(await Promise.all(others.map(isRemembered))).not.toContain(false);
  });
});

test('equal secrets make equal keys for one use, other secrets or uses make others', async () => {
  const text = await seal(keys, 'session', content);
  expect((await openNow(text, keyRing(secret))).outcome).toBe('opened');
  expect((await openNow(text, keyRing(`${secret}x`))).outcome).toBe('refused');
  expect((await openNow(text, keyRingFor('offline-token', secret))).outcome).toBe('refused');
  const names = [secret, `${secret}x`].flatMap((each) => [
    deriveSealingKey(each, 'session').kid,
    deriveSealingKey(each, 'offline-token').kid,
  ]);
  expect(new Set(names).size).toBe(4);
});

test('no key is named by its secret or can be read', async () => {
  expect(ours.kid).not.toContain('CANARY');
  expect(ours.key.extractable).toBe(false);
  await expect(crypto.subtle.exportKey('raw', ours.key)).rejects.toThrow('not extractable');
});

test('a secret of fewer than 32 characters makes no key, and the error says what to do without showing it', () => {
  const short = 'CANARY-0123456789abcdef01234567';
  expect(() => deriveSealingKey(short, 'session')).toThrow(
    /^The secret of the session key has fewer than 32 characters: put a random value of 32 or more into it\.$/,
  );
  expect(deriveSealingKey(`${short}8`, 'session').kid).toHaveLength(8);
});
