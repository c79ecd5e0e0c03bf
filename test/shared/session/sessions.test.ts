import { describe, expect, expectTypeOf, test } from 'vitest';
import { seal } from '../../../shared/sealing.ts';
import { describeSession } from '../../../shared/session/describe-session.ts';
import { packScopes } from '../../../shared/session/granted-scopes.ts';
import { type LiveSession, requireLive } from '../../../shared/session/live-session.ts';
import {
  digestOfState,
  maxCookieBytes,
  openLatestSession,
  openSession,
  type Session,
  sealSession,
  sessionCookieName,
  tenantOfSessionCookie,
} from '../../../shared/session/sessions.ts';
import { sealTransaction } from '../../../shared/session/transactions.ts';
import type { UserCache } from '../../../shared/store/user-cache.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { liveSession, noon, testExtension, testSession } from '../fixture/extension.ts';
import { keyRing } from '../fixture/key-ring.ts';
import { problemOf } from '../fixture/problem.ts';

const keys = keyRing('CANARY-session-secret-0123456789abcdef');
const { scopes } = testExtension();
const openFor = (companyId: string, text: string, configured = scopes, now = noon) =>
  openSession(keys, configured, { tenant: companyTenant(companyId), text, now });

describe('a session', () => {
  test('comes back as it was sealed', async () => {
    const session = testSession({ scopes: ['company/orders'], generation: 7 });
    expect(await openFor('1', await sealSession(keys, scopes, session))).toEqual(session);
  });

  test('remembers the sign-in that made it, by a digest of its state', async () => {
    const signIn = {
      stateDigest: digestOfState('CANARY-state'),
      applicationId: '0123456789abcdef01234567',
      redirectPath: '/company/1?tab=2',
    };
    expect(signIn.stateDigest).toMatch(/^[\w-]{22}$/);
    expect((await openFor('1', await sealSession(keys, scopes, testSession({ signIn })))).signIn).toEqual(signIn);
    expect((await openFor('1', await sealSession(keys, scopes, testSession()))).signIn).toBeUndefined();
  });

  test('of somebody without an address has none afterwards', async () => {
    const user = { id: 'u1', name: 'Asha', email: undefined };
    expect((await openFor('1', await sealSession(keys, scopes, testSession({ user })))).user).toEqual(user);
  });

  test('with 200 scopes and a token of 2,000 characters stays below 4,096 bytes', async () => {
    const many = Array.from({ length: 200 }, (_, index) => `company/scope_number_${String(index).padStart(4, '0')}`);
    const session = testSession({
      tenant: companyTenant('9'.repeat(18)),
      user: { id: 'u'.repeat(24), name: '\u0905'.repeat(80), email: `${'m'.repeat(60)}@example.com` },
      accessToken: `CANARY-${'t'.repeat(1_993)}`,
      scopes: many,
      signedInAtMs: noon.getTime(),
      signIn: { stateDigest: digestOfState('CANARY-state'), applicationId: '0'.repeat(24), redirectPath: undefined },
    });
    const text = await sealSession(keys, many, session);
    expect(sessionCookieName(session.tenant).length + 1 + text.length).toBeLessThan(4_096);
    expect((await openFor(session.tenant.id, text, many)).scopes).toEqual(many);
  });

  test('holds the longest path of a sign-in beside a usual token, and leaves it out where it would be too much', async () => {
    const signIn = (redirectPath: string) => ({
      stateDigest: digestOfState('CANARY-state'),
      applicationId: '0'.repeat(24),
      redirectPath,
    });
    for (const [letter, tokenCharacters, isHeld] of [
      ['x', 400, true],
      ['\u0905', 400, true],
      ['x', 1_500, true],
      ['\u0905', 1_500, false],
      ['x', 2_500, false],
    ] as const) {
      const path = `/${letter.repeat(511)}`;
      const session = testSession({ accessToken: `CANARY-${'t'.repeat(tokenCharacters)}`, signIn: signIn(path) });
      const text = await sealSession(keys, scopes, session);
      expect(`${sessionCookieName(session.tenant)}=${text}`.length).toBeLessThanOrEqual(maxCookieBytes);
      expect((await openFor('1', text)).signIn).toEqual({
        ...signIn(path),
        redirectPath: isHeld ? path : undefined,
      });
    }
  });

  test('with a token that no cookie can hold is refused instead of being lost by the browser', async () => {
    const refusal = await problemOf(
      sealSession(keys, scopes, testSession({ accessToken: `CANARY-${'t'.repeat(3_000)}` })),
    );
    expect(refusal).toMatchObject({ code: 'platform_error' });
    expect(refusal.message).not.toContain('CANARY');
    for (let length = 2_500; length < 2_800; length += 25) {
      const sealing = sealSession(keys, scopes, testSession({ accessToken: 't'.repeat(length) }));
      const text = await sealing.catch(() => '');
      expect(`${sessionCookieName(companyTenant('1'))}=${text}`.length).toBeLessThanOrEqual(maxCookieBytes);
    }
  });

  test('of a person with an endless name is shortened, not refused', async () => {
    const user = { id: 'u1', name: 'n'.repeat(5_000), email: 'e'.repeat(5_000) };
    const opened = await openFor('1', await sealSession(keys, scopes, testSession({ user })));
    expect(opened.user.id).toBe('u1');
    expect(opened.user.name).toBe('n'.repeat(80));
  });

  const family = '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}';
  for (const [what, name, shown] of [
    ['eighty characters, the last an emoji', `${'n'.repeat(79)}\u{1f600}`, `${'n'.repeat(79)}\u{1f600}`],
    ['more, the eightieth an emoji', `${'n'.repeat(79)}\u{1f600}n`, `${'n'.repeat(79)}\u{1f600}`],
    ['a family across the limit', `${'n'.repeat(78)}${family}`, 'n'.repeat(78)],
    ['a letter with an accent across it', `${'n'.repeat(79)}e\u0301x`, 'n'.repeat(79)],
    ['one endless character', `e${'\u0301'.repeat(5_000)}`, `e${'\u0301'.repeat(79)}`],
    ['emoji alone', '\u{1f600}'.repeat(100), '\u{1f600}'.repeat(80)],
  ] as const) {
    test(`of a person whose name has ${what} is cut at whole characters`, async () => {
      const user = { id: 'u1', name, email: undefined };
      const opened = await openFor('1', await sealSession(keys, scopes, testSession({ user })));
      expect(opened.user.name).toBe(shown);
    });
  }

  test('of another company than its cookie says is a tenant_mismatch', async () => {
    const text = await sealSession(keys, scopes, testSession({ tenant: companyTenant('2') }));
    expect(await problemOf(openFor('1', text))).toMatchObject({ code: 'tenant_mismatch', status: 403 });
  });

  test('ends with its token', async () => {
    const text = await sealSession(keys, scopes, testSession());
    const end = new Date(testSession().expiresAt * 1000);
    expect(await problemOf(openFor('1', text, scopes, end))).toMatchObject({ code: 'session_expired', status: 401 });
  });

  test('ends when the configured scopes change', async () => {
    const text = await sealSession(keys, scopes, testSession());
    const refusal = await problemOf(openFor('1', text, [...scopes, 'company/settings']));
    expect(refusal).toMatchObject({ code: 'session_expired' });
    expect(await openFor('1', text, scopes.toReversed())).toMatchObject({ tenant: companyTenant('1') });
  });

  test('that is not ours is session_required: another key, another purpose, other claims, garbage', async () => {
    const transaction = await sealTransaction(keys, {
      state: 'CANARY-state',
      tenant: companyTenant('1'),
      applicationId: undefined,
      redirectPath: undefined,
      accessMode: 'offline',
      installEvent: false,
      startedAtMs: noon.getTime(),
    });
    const { expiresAt } = testSession();
    const sco = packScopes(scopes, scopes);
    const claims = { uid: 'u', name: 'n', gen: '1', at: 1, tok: 't', sco };
    for (const text of [
      await sealSession(keyRing('CANARY-other-secret-0123456789abcdef'), scopes, testSession()),
      transaction,
      await seal(keys, 'session', { subject: 'company#1', expiresAt, claims: {} }),
      await seal(keys, 'session', { subject: 'company#1', expiresAt, claims }),
      '',
      'garbage',
      `${await sealSession(keys, scopes, testSession())}x`,
    ]) {
      expect(await problemOf(openFor('1', text))).toMatchObject({ code: 'session_required', status: 401 });
    }
  });
});

describe('of several cookies with one name', () => {
  const sealedAt = (signedInAtMs: number, changes: Partial<Session> = {}) =>
    sealSession(keys, scopes, testSession({ signedInAtMs, ...changes }));
  const open = (texts: readonly string[]) =>
    openLatestSession(keys, scopes, { tenant: companyTenant('1'), texts, now: noon });

  test('the one that opens counts, wherever it stands', async () => {
    const good = await sealedAt(2_000);
    const expired = await sealedAt(9_000, { expiresAt: noon.getTime() / 1000 - 1 });
    const others = await sealedAt(9_000, { tenant: companyTenant('2') });
    for (const texts of [
      [expired, good],
      [good, expired],
      ['garbage', others, good],
    ]) {
      expect(await open(texts)).toMatchObject({ signedInAtMs: 2_000 });
    }
  });

  test('that open, the latest sign-in counts', async () => {
    const [older, newer] = [await sealedAt(1_000), await sealedAt(2_000)];
    for (const texts of [
      [older, newer],
      [newer, older],
    ]) {
      expect(await open(texts)).toMatchObject({ signedInAtMs: 2_000 });
    }
  });

  test('of which none opens, the first says why', async () => {
    const expired = await sealedAt(1_000, { expiresAt: noon.getTime() / 1000 - 1 });
    expect(await problemOf(open([expired, 'garbage']))).toMatchObject({ code: 'session_expired' });
    expect(await problemOf(open(['garbage', expired]))).toMatchObject({ code: 'session_required' });
    expect(await problemOf(open([]))).toMatchObject({ code: 'session_required', status: 401 });
  });
});

describe('the name of a session cookie', () => {
  test('holds the company or the organization, and nothing else is taken for one', () => {
    expect(tenantOfSessionCookie(sessionCookieName(companyTenant('123')))).toEqual(companyTenant('123'));
    for (const name of ['01', '', 'org_', 'org_a b', `org_${'a'.repeat(65)}`, '1 ', '1'.repeat(19), '-1', '1\n']) {
      const cookie = `__Host-ext_session_${name}`;
      expect([cookie, tenantOfSessionCookie(cookie)]).toEqual([cookie, undefined]);
    }
    for (const id of ['1', 'a-Z_9', 'a'.repeat(64)]) {
      expect(tenantOfSessionCookie(`__Host-ext_session_org_${id}`)).toEqual({ kind: 'organization', id });
    }
    expect(tenantOfSessionCookie('ext_session_1')).toBeUndefined();
    expect(sessionCookieName(companyTenant('123'))).toBe('__Host-ext_session_123');
    expect(sessionCookieName({ kind: 'organization', id: '123' })).toBe('__Host-ext_session_org_123');
  });
});

describe('a session that was compared with the tables', () => {
  test('is another type than one that was only opened: what acts for a person does not compile without the check', () => {
    expectTypeOf(openSession).returns.resolves.toEqualTypeOf<Session>();
    expectTypeOf<Session>().not.toExtend<LiveSession>();
    expectTypeOf(requireLive).returns.toEqualTypeOf<LiveSession>();
    expectTypeOf(describeSession).parameter(0).toEqualTypeOf<LiveSession>();
    expectTypeOf<UserCache['signOut']>().parameter(0).toEqualTypeOf<LiveSession>();
  });

  test('is what the page is told of it, without the token', () => {
    const configured = { accessMode: 'offline', scopes: [...scopes, 'company/settings'] } as const;
    const user = { id: 'u1', name: 'Asha', email: undefined };
    expect(describeSession(liveSession({ user }), configured)).toEqual({
      company_id: '1',
      user: { ...user, email: null },
      access_mode: 'offline',
      scopes,
      missing_scopes: ['company/settings'],
      expires_at: testSession().expiresAt,
    });
  });
});

describe('a session is over', () => {
  const session = testSession({ generation: 2, signedInAtMs: 1_000 });
  const gate = { generation: 2, status: 'installed', sessionsValidFromMs: undefined } as const;
  const live = { installation: gate, signedOutAtMs: undefined };

  for (const [when, view, alive] of [
    ['the installation is as it was', live, true],
    [
      'the installation needs a new grant for its background work',
      { ...live, installation: { ...gate, status: 'reauthorize' } },
      true,
    ],
    ['there is no installation', { ...live, installation: undefined }, false],
    ['the extension was uninstalled', { ...live, installation: { ...gate, status: 'uninstalled' } }, false],
    ['it was installed again', { ...live, installation: { ...gate, generation: 3 } }, false],
    [
      'it was made under a newer installation than there is',
      { ...live, installation: { ...gate, generation: 1 } },
      false,
    ],
    ['its person signed out after it began', { ...live, signedOutAtMs: 1_001 }, false],
    ['its person signed out in the moment in which it began', { ...live, signedOutAtMs: 1_000 }, false],
    ['its person signed out before it began', { ...live, signedOutAtMs: 999 }, true],
    [
      'everybody was signed out after it began',
      { ...live, installation: { ...gate, sessionsValidFromMs: 2_000 } },
      false,
    ],
    [
      'everybody was signed out before it began',
      { ...live, installation: { ...gate, sessionsValidFromMs: 500 } },
      true,
    ],
  ] as const) {
    test(`${alive ? 'not ' : ''}when ${when}`, async () => {
      if (alive) expect(() => requireLive(session, view)).not.toThrow();
      else expect(await problemOf(() => requireLive(session, view))).toMatchObject({ code: 'session_expired' });
    });
  }
});
