import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isSignedBody } from '../../../shared/fynd/body-signature.ts';
import vectors from './fynd-signatures.json' with { type: 'json' };

const [, reserialised] = vectors.webhooks;
const secret = 'CANARY-secret';
const sign = (body: Uint8Array, key = secret) => createHmac('sha256', key).update(body).digest('hex');

describe('a webhook’s signature', () => {
  for (const { name, raw, secret, hmac_raw } of vectors.webhooks) {
    test(`agrees with the published vector «${name}»`, () => {
      expect(isSignedBody(Buffer.from(raw), hmac_raw, [secret])).toBe(true);
    });
  }

  test('is over the bytes as they came: of JSON that was written again it is another', () => {
    const { raw = '', secret = '', hmac_raw = '', hmac_reserialised_wrong = '' } = reserialised ?? {};
    expect(hmac_reserialised_wrong).toMatch(/^[0-9a-f]{64}$/);
    expect(isSignedBody(Buffer.from(raw), hmac_reserialised_wrong, [secret])).toBe(false);
    const rewritten = Buffer.from(JSON.stringify(JSON.parse(raw)));
    expect(isSignedBody(rewritten, hmac_raw, [secret])).toBe(false);
    expect(isSignedBody(rewritten, hmac_reserialised_wrong, [secret])).toBe(true);
  });

  test('covers any bytes, also none and those that are no text', () => {
    for (const body of [Buffer.alloc(0), Buffer.from([0, 255, 13, 10, 254]), Buffer.from('é\ufffe')]) {
      expect(isSignedBody(body, sign(body), [secret])).toBe(true);
      expect(isSignedBody(Buffer.concat([body, Buffer.from(' ')]), sign(body), [secret])).toBe(false);
    }
  });

  test('may be made with the current secret or the one before it, and with no other', () => {
    const body = Buffer.from('{}');
    const secrets = [secret, 'CANARY-previous'];
    expect(isSignedBody(body, sign(body, 'CANARY-previous'), secrets)).toBe(true);
    expect(isSignedBody(body, sign(body), secrets)).toBe(true);
    expect(isSignedBody(body, sign(body, 'CANARY-older'), secrets)).toBe(false);
    expect(isSignedBody(body, sign(body), [])).toBe(false);
  });

  test('may be spelled in capitals or with spaces around it', () => {
    const body = Buffer.from('{}');
    expect(isSignedBody(body, ` ${sign(body).toUpperCase()}\t`, [secret])).toBe(true);
  });

  test('is nothing shorter, longer or otherwise spelled', () => {
    const body = Buffer.from('{}');
    const right = sign(body);
    for (const signature of [
      '',
      'x',
      right.slice(0, -1),
      `${right}0`,
      `sha256=${right}`,
      `${right},${right}`,
      right.replace(/^./, 'é'),
      right.replace(/^./, (letter) => (letter === '0' ? '1' : '0')),
      Buffer.from(right, 'hex').toString('base64'),
    ]) {
      expect(isSignedBody(body, signature, [secret])).toBe(false);
    }
  });
});
