import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { equalInConstantTime } from '../../../shared/equal-in-constant-time.ts';
import { createCodeVerifier } from '../../../shared/fynd/pkce.ts';
import { seal } from '../../../shared/sealing.ts';
import { maxCookieBytes, sealSession } from '../../../shared/session/sessions.ts';
import {
  createState,
  isTransactionCookie,
  openTransaction,
  sealTransaction,
  type Transaction,
  transactionCookieName,
  transactionSeconds,
} from '../../../shared/session/transactions.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { noon, testSession } from '../fixture/extension.ts';
import { keyRing } from '../fixture/key-ring.ts';

const keys = keyRing('CANARY-session-secret-0123456789abcdef');
const transaction: Transaction = {
  state: 'CANARY-state',
  tenant: companyTenant('1'),
  applicationId: '0123456789abcdef01234567',
  redirectPath: '/company/1?tab=2',
  accessMode: 'offline',
  installEvent: true,
  startedAtMs: noon.getTime(),
};
const after = (seconds: number) => new Date(noon.getTime() + seconds * 1000);

describe('a transaction', () => {
  test('comes back as it was sealed', async () => {
    expect(await openTransaction(keys, await sealTransaction(keys, transaction), noon)).toEqual(transaction);
    const verified = { ...transaction, codeVerifier: createCodeVerifier(), isCodeRefused: true };
    expect(await openTransaction(keys, await sealTransaction(keys, verified), noon)).toEqual(verified);
    const bare = { ...transaction, applicationId: undefined, redirectPath: undefined, installEvent: false };
    expect(await openTransaction(keys, await sealTransaction(keys, bare), noon)).toEqual(bare);
  });

  test('lasts ten minutes', async () => {
    const text = await sealTransaction(keys, transaction);
    expect(transactionSeconds).toBe(600);
    expect(await openTransaction(keys, text, after(599))).toBeDefined();
    expect(await openTransaction(keys, text, after(600))).toBeUndefined();
  });

  test('is none when it is a session, was sealed with another key, lacks a claim or is garbage', async () => {
    const expiresAt = noon.getTime() / 1000 + 60;
    for (const text of [
      await sealSession(keys, ['a/b'], testSession({ scopes: ['a/b'] })),
      await sealTransaction(keyRing('CANARY-other-secret-0123456789abcdef'), transaction),
      await seal(keys, 'transaction', { subject: 'company#1', expiresAt, claims: { st: 'CANARY-state' } }),
      await seal(keys, 'transaction', {
        subject: 'company#',
        expiresAt,
        claims: { st: 'CANARY-state', mode: 'offline', at: 1 },
      }),
      '',
      'a.b.c.d.e',
    ]) {
      expect(await openTransaction(keys, text, noon)).toBeUndefined();
    }
  });

  test('fits into a cookie with the longest redirect_path that can be kept', async () => {
    const text = await sealTransaction(keys, {
      ...transaction,
      redirectPath: `/${'%C3'.repeat(511)}`,
      codeVerifier: createCodeVerifier(),
      isCodeRefused: true,
    });
    expect(`${transactionCookieName(createState())}=${text}`.length).toBeLessThanOrEqual(maxCookieBytes);
  });
});

describe('a state', () => {
  test('has 256 bits, and every one is new', () => {
    const states = Array.from({ length: 100 }, createState);
    expect(new Set(states).size).toBe(100);
    for (const state of states) expect(Buffer.from(state, 'base64url').byteLength).toBe(32);
  });

  test('is the same only as itself', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(equalInConstantTime(a, a)).toBe(true);
        expect(equalInConstantTime(a, b)).toBe(a === b);
      }),
    );
    expect(equalInConstantTime('', 'x')).toBe(false);
  });

  test('names its cookie by a part of it, in letters that a cookie may have', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (state) => {
        const name = transactionCookieName(state);
        expect(name).toMatch(/^__Host-ext_txn_[\w-]{0,8}$/);
        expect(isTransactionCookie(name)).toBe(true);
      }),
    );
    expect(isTransactionCookie('__Host-ext_session_1')).toBe(false);
  });
});
