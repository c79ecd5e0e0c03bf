import { describe, expect, test } from 'vitest';
import { beginInstall } from '../../../shared/install/begin-install.ts';
import { Cookies } from '../../../shared/session/cookies.ts';
import { openSession, sealSession, sessionCookieName } from '../../../shared/session/sessions.ts';
import { roundCookieName } from '../../../shared/session/sign-in-round.ts';
import { startedAtMs } from '../../../shared/session/started-at.ts';
import { isTransactionCookie, openTransaction, transactionCookieName } from '../../../shared/session/transactions.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { Browser } from '../fixture/browser.ts';
import { baseUrl, clientId, noon, testExtension, testSession } from '../fixture/extension.ts';
import { keyRing } from '../fixture/key-ring.ts';

const sessionKeys = keyRing('CANARY-session-secret-0123456789abcdef');

/** A person who opens company after company; the clock moves a minute with each. */
function startJourney(scopes: readonly string[], accessToken: string) {
  const extension = testExtension({ scopes });
  const browser = new Browser();
  let nowMs = noon.getTime();
  const now = () => new Date(nowMs);
  const largest = { bytes: 0 };
  const answer = (cookies: Cookies) => {
    browser.take(cookies.setCookieHeaders());
    largest.bytes = Math.max(largest.bytes, Buffer.byteLength(browser.header));
  };
  return {
    browser,
    largest,
    async launch(companyId: string): Promise<string> {
      nowMs += 60_000;
      const cookies = new Cookies([browser.header]);
      const launch = {
        tenant: companyTenant(companyId),
        applicationId: undefined,
        redirectPath: `/company/${companyId}`,
        installEvent: false,
        inWindow: false,
      };
      const { location } = await beginInstall(
        { extension, baseUrl, apiKey: clientId, sessionKeys, now },
        launch,
        cookies,
      );
      answer(cookies);
      return new URL(location).searchParams.get('state') ?? '';
    },
    /** What the callback does to the cookies once the platform has answered. */
    async comeBack(companyId: string, state: string): Promise<void> {
      const cookies = new Cookies([browser.header]);
      const name = transactionCookieName(state);
      const transaction = await openTransaction(sessionKeys, cookies.values(name)[0] ?? '', now());
      expect(transaction).toMatchObject({ tenant: companyTenant(companyId), state });
      cookies.clear(name);
      const session = testSession({
        tenant: companyTenant(companyId),
        accessToken,
        scopes,
        signedInAtMs: nowMs,
        expiresAt: nowMs / 1000 + 7_200,
      });
      cookies.set(sessionCookieName(companyTenant(companyId)), await sealSession(sessionKeys, scopes, session), 7_200);
      await cookies.fit((each, text) => startedAtMs(sessionKeys, extension, now(), each, text));
      answer(cookies);
    },
    async isSignedIn(companyId: string): Promise<boolean> {
      const [text] = new Cookies([browser.header]).values(sessionCookieName(companyTenant(companyId)));
      if (text === undefined) return false;
      const tenant = companyTenant(companyId);
      return (await openSession(sessionKeys, scopes, { tenant, text, now: now() })).tenant.id === companyId;
    },
  };
}

const manyScopes = Array.from({ length: 200 }, (_, index) => `company/scope_number_${String(index).padStart(4, '0')}`);

describe('a browser that opens 40 companies in a row, ten of them abandoned half-way', () => {
  for (const [kind, scopes, token] of [
    ['usual sessions', ['company/products', 'company/orders'], 'CANARY-online-token'],
    ['sessions with 200 scopes and a token of 2,000 characters', manyScopes, `CANARY-${'t'.repeat(1_993)}`],
  ] as const) {
    test(`sends less than 6 KB of our cookies and keeps working in the newest, with ${kind}`, async () => {
      const journey = startJourney(scopes, token);
      for (let index = 1; index <= 40; index++) {
        const companyId = String(index);
        const state = await journey.launch(companyId);
        if (index % 4 === 0) continue;
        await journey.comeBack(companyId, state);
        expect(await journey.isSignedIn(companyId)).toBe(true);
      }
      expect(journey.largest.bytes).toBeGreaterThan(2_000);
      expect(journey.largest.bytes).toBeLessThan(6_000);
      expect(await journey.isSignedIn('39')).toBe(true);
      expect(await journey.isSignedIn('1')).toBe(false);
      for (const attributes of journey.browser.seenAttributes) {
        expect(attributes.filter((each) => !each.startsWith('Max-Age=')).toSorted()).toEqual([
          'HttpOnly',
          'Partitioned',
          'Path=/',
          'SameSite=None',
          'Secure',
        ]);
      }
    });
  }

  test('keeps what says that it was sent to sign in, without which a page might send it for ever', async () => {
    const journey = startJourney(manyScopes, `CANARY-${'t'.repeat(1_993)}`);
    await journey.comeBack('1', await journey.launch('1'));
    const round = roundCookieName(companyTenant('2'));
    journey.browser.take([`${round}=begun; Secure; Path=/`]);
    await journey.comeBack('3', await journey.launch('3'));
    await journey.launch('2');
    expect(await journey.isSignedIn('1')).toBe(false);
    expect(journey.browser.names).toContain(round);
  });

  test('lets several tabs sign in at once, each with a transaction of its own', async () => {
    const journey = startJourney(['company/products'], 'CANARY-online-token');
    const states = [await journey.launch('1'), await journey.launch('2'), await journey.launch('1')];
    expect(new Set(states).size).toBe(3);
    await journey.comeBack('1', states[2] ?? '');
    await journey.comeBack('2', states[1] ?? '');
    await journey.comeBack('1', states[0] ?? '');
    expect([await journey.isSignedIn('1'), await journey.isSignedIn('2')]).toEqual([true, true]);
    expect(journey.browser.names.filter(isTransactionCookie)).toEqual([]);
  });
});
