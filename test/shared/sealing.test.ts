import * as fc from 'fast-check';
import { EncryptJWT, jwtDecrypt } from 'jose';
import { describe, expect, test } from 'vitest';
import { deriveSealingKey, open, seal } from '../../shared/sealing.ts';
import { noon } from './fixture/extension.ts';
import { keyRing } from './fixture/key-ring.ts';

const secret = 'CANARY-session-secret-1';
const keys = keyRing(secret);
const expiresAt = noon.getTime() / 1000 + 60;
const content = { subject: 'company#1', claims: { tok: 'CANARY-token' }, expiresAt };
const openNow = (text: string, ring = keys) => open(ring, 'session', { text, now: noon });

/** The same content, made by the reference implementation. */
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
      kid: deriveSealingKey(secret).kid,
    });
  });

  test('is never the same twice', async () => {
    expect(await seal(keys, 'session', content)).not.toBe(await seal(keys, 'session', content));
  });

  test('opens during a key rotation, under the current and the previous key, and afterwards no more', async () => {
    const text = await seal(keys, 'session', content);
    const newer = 'CANARY-session-secret-2';
    expect((await openNow(text, keyRing(newer, secret))).outcome).toBe('opened');
    expect((await openNow(text, keyRing('CANARY-session-secret-3', newer))).outcome).toBe('refused');
    const [head = ''] = (await seal(keyRing(newer, secret), 'session', content)).split('.');
    expect(Buffer.from(head, 'base64url').toString()).toContain(deriveSealingKey(newer).kid);
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
    const foreign = await seal(keyRing('CANARY-foreign-secret'), 'session', content);
    expect((await openNow(foreign)).outcome).toBe('refused');
    expect((await openNow(withHeader(foreign, { kid: deriveSealingKey(secret).kid }))).outcome).toBe('refused');
  });

  for (const change of [
    { kid: 'unknown' },
    { kid: undefined },
    { kid: 7 },
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

  test('is what RFC 7516 says: jose opens it, and what jose makes under the same header opens here', async () => {
    const { kid, key } = deriveSealingKey(secret);
    const { payload } = await jwtDecrypt(await seal(keys, 'session', content), key, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
      audience: 'session',
      subject: 'company#1',
      currentDate: noon,
    });
    expect(payload).toMatchObject({ ...content.claims, exp: expiresAt });
    const made = await joseToken().setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid }).encrypt(key);
    expect(await openNow(made)).toMatchObject({ outcome: 'opened', claims: content.claims, expiresAt });
  });

  test('is refused under another algorithm or header, although the key is right', async () => {
    const { kid, key } = deriveSealingKey(secret);
    const bytes = key.export();
    const others = [
      joseToken().setProtectedHeader({ alg: 'A256KW', enc: 'A256GCM', kid }).encrypt(bytes),
      joseToken().setProtectedHeader({ alg: 'dir', enc: 'A128GCM', kid }).encrypt(bytes.subarray(16)),
      joseToken().setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid, typ: 'JWT' }).encrypt(bytes),
      joseToken().setProtectedHeader({ enc: 'A256GCM', alg: 'dir', kid }).encrypt(bytes),
    ];
    for (const other of others) expect((await openNow(await other)).outcome).toBe('refused');
  });

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

test('equal secrets make equal keys, other secrets make others, and no key is named by its secret', () => {
  const { kid, key } = deriveSealingKey(secret);
  const other = deriveSealingKey(`${secret}x`);
  expect(deriveSealingKey(secret).kid).toBe(kid);
  expect(deriveSealingKey(secret).key.equals(key)).toBe(true);
  expect(other.kid).not.toBe(kid);
  expect(other.key.equals(key)).toBe(false);
  expect(key.symmetricKeySize).toBe(32);
  expect(kid).not.toContain('CANARY');
});
