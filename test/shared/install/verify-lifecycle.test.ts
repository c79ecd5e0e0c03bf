import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { signatureDate, signV2 } from '../../../shared/fynd/signature.ts';
import { lifecycleSignature } from '../../../shared/install/verify-lifecycle.ts';
import { afterNoon, noon } from '../fixture/extension.ts';
import { problemOf } from '../fixture/problem.ts';
import vectors from '../fynd/fynd-signatures.json' with { type: 'json' };

const secret = 'CANARY-secret';
const body = Buffer.from('{"company_id":1,"client_id":"x"}');
const usual = { method: 'POST', target: '/fp/uninstall', body };
type Request = Parameters<typeof lifecycleSignature>[0];

/** A call as the platform's servers sign it, with some headers that take no part. */
function signed(at: Date, key = secret): Request {
  const date = signatureDate(at);
  const headers = { host: 'ext.example.com', 'x-fp-date': date };
  const signature = signV2({ ...usual, headers }, date, key);
  return { ...usual, headers: { ...headers, 'x-fp-signature': signature, accept: '*/*', 'x-forwarded-for': '::1' } };
}
const signatureOf = (request: Request, secrets = [secret], now = noon) => lifecycleSignature(request, secrets, now);
/** The date that counts; undefined where there is none. */
const judge = (...request: Parameters<typeof signatureOf>) => signatureOf(...request).signedAtMs;
const unsigned = { isSigned: false, signedAtMs: undefined };
const plain = (signature: string): Request => ({ ...usual, headers: { 'x-fp-signature': signature } });
const hmac = (key: string) => createHmac('sha256', key).update(body).digest('hex');

describe('the signature of a lifecycle call', () => {
  // What the platform's servers send names its host; the upstream vector does not.
  for (const vector of vectors.signatures.filter(({ lib, request }) => lib === 'v2' && 'host' in request.headers)) {
    test(`agrees with the published vector «${vector.name}»`, () => {
      const { method, path: target, headers, body: text } = vector.request;
      const request = {
        method,
        target,
        headers: { ...(headers as unknown as Record<string, string>), 'x-fp-signature': vector.signature },
        body: Buffer.from(text ?? ''),
      };
      const at = new Date('2024-01-15T10:30:00Z');
      if ('x-user-data' in headers) {
        expect(() => judge(request, ['API_SECRET'], at)).toThrow('shopper');
        return;
      }
      expect(judge(request, ['API_SECRET'], at)).toBe(at.getTime());
      expect(() => judge({ ...request, target: `${target}x` }, ['API_SECRET'], at)).toThrow();
    });
  }

  test('tells when it was made, to the second', () => {
    expect(judge(signed(noon))).toBe(noon.getTime());
    expect(judge(signed(new Date(noon.getTime() - 1)))).toBe(noon.getTime() - 1_000);
  });

  test('made with a previous secret counts as none', () => {
    expect(signatureOf(signed(noon))).toEqual({ isSigned: true, signedAtMs: noon.getTime() });
    expect(signatureOf(signed(noon), [secret, 'CANARY-old'])).toEqual({ isSigned: true, signedAtMs: noon.getTime() });
    expect(signatureOf(signed(noon), ['CANARY-new', secret])).toEqual(unsigned);
    expect(signatureOf(plain(hmac(secret)), ['CANARY-new', 'CANARY-newer', secret])).toEqual(unsigned);
  });

  for (const name of ['x-user-data', 'x-application-data']) {
    test(`is refused, and so is its absence, where ${name} says that the call is a shopper’s`, async () => {
      for (const request of [signed(noon), plain(hmac(secret)), { ...usual, headers: {} }]) {
        for (const value of ['{}', '']) {
          const headers = { ...request.headers, [name]: value };
          const date = request.headers['x-fp-date'];
          if (date !== undefined) {
            const all = { host: 'ext.example.com', 'x-fp-date': date, [name]: value };
            headers['x-fp-signature'] = signV2({ ...usual, headers: all }, date, secret);
          }
          expect(await problemOf(() => judge({ ...request, headers }))).toMatchObject({
            code: 'signature_mismatch',
            status: 403,
          });
        }
      }
    });
  }

  test('is good for five minutes around its date; an old one counts as none', () => {
    for (const [seconds, counts] of [
      [-300, true],
      [300, true],
      [-301, false],
      [301, false],
      [-86_400, false],
    ] as const) {
      expect(signatureOf(signed(afterNoon(seconds)))).toEqual(
        counts ? { isSigned: true, signedAtMs: afterNoon(seconds).getTime() } : unsigned,
      );
    }
  });

  test('over the body alone, as of a webhook, is right and has no date', () => {
    expect(signatureOf(plain(hmac(secret)))).toEqual({ isSigned: true, signedAtMs: undefined });
    expect(judge(plain(hmac('CANARY-previous')), [secret, 'CANARY-previous'])).toBeUndefined();
  });

  test('may be absent or empty, which proves nothing', () => {
    expect(signatureOf({ ...usual, headers: {} })).toEqual(unsigned);
    expect(signatureOf(plain(''))).toEqual(unsigned);
  });

  const right = signed(noon);
  const changed = (headers: Record<string, string>) => ({ ...right, headers: { ...right.headers, ...headers } });
  for (const [what, request] of [
    ['made with another secret', signed(noon, 'CANARY-other')],
    ['made with another secret a year ago', signed(afterNoon(-365 * 86_400), 'CANARY-other')],
    ['of another body', { ...right, body: Buffer.from('{"company_id":2,"client_id":"x"}') }],
    ['of another path', { ...right, target: '/fp/auto_install' }],
    ['with another query', { ...right, target: '/fp/uninstall?company_id=2' }],
    ['of another method', { ...right, method: 'PUT' }],
    ['with another date', changed({ 'x-fp-date': signatureDate(afterNoon(1)) })],
    ['with another host', changed({ host: 'evil.example' })],
    ['with a header more that would be signed', changed({ 'x-user-data': '{}' })],
    ['cut off', changed({ 'x-fp-signature': right.headers['x-fp-signature']?.slice(0, -1) ?? '' })],
    [
      'without its date',
      { ...right, headers: { host: 'ext.example.com', 'x-fp-signature': right.headers['x-fp-signature'] ?? '' } },
    ],
    ['empty but for its version', plain('v1.1:')],
    ['no signature at all', plain('yes')],
    ['over the body with another secret', plain(hmac('CANARY-other'))],
    ['with letters that no signature has', plain('v1é')],
  ] as [string, Request][]) {
    test(`is refused where it is ${what}`, async () => {
      const refusal = await problemOf(() => judge(request));
      expect(refusal).toMatchObject({ code: 'signature_mismatch', status: 403 });
    });
  }

  test('with a date that is none, though signed, has no date', () => {
    const headers = { host: 'ext.example.com', 'x-fp-date': 'today' };
    const signature = signV2({ ...usual, headers }, 'today', secret);
    expect(judge({ ...usual, headers: { ...headers, 'x-fp-signature': signature } })).toBeUndefined();
  });
});
