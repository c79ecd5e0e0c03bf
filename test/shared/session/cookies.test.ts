import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Cookies, maxAllCookiesBytes, selectTenant } from '../../../shared/session/cookies.ts';
import { sessionCookieName } from '../../../shared/session/sessions.ts';
import { transactionCookieName } from '../../../shared/session/transactions.ts';
import { companyTenant, type Tenant } from '../../../shared/tenant.ts';
import { problemOf } from '../fixture/problem.ts';

describe('the cookies of a request', () => {
  test('are read from one header or from many, exactly as they were sent', () => {
    for (const header of [
      ['a=1; __Host-ext_session_1=x%20y', 'b=2'],
      ['a=1', '__Host-ext_session_1=x%20y', 'b=2'],
    ]) {
      const cookies = new Cookies(header);
      const names = ['a', sessionCookieName(companyTenant('1')), 'b', 'c'];
      expect(names.map((name) => cookies.values(name))).toEqual([['1'], ['x%20y'], ['2'], []]);
      expect(cookies.tenants()).toEqual([companyTenant('1')]);
    }
  });

  test('may be anything, and nothing throws', () => {
    const piece = fc.constantFrom(
      ';',
      '=',
      ' ',
      '"',
      ',',
      '%',
      '%zz',
      '\\',
      '\0',
      '\u00e9',
      '__proto__',
      'toString',
      'a',
    );
    const garbage = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(fc.array(garbage), (header) => {
        const cookies = new Cookies([...header, '__Host-ext_session_7=x']);
        expect(cookies.setCookieHeaders()).toEqual([]);
        expect(cookies.tenants()).toContainEqual(companyTenant('7'));
        expect(cookies.values('valueOf')).toEqual([]);
      }),
    );
  });

  test('with one name are all there, and one tenant', () => {
    const cookies = new Cookies(['__Host-ext_session_1=stale; a=1', '__Host-ext_session_1=new']);
    expect(cookies.values('__Host-ext_session_1')).toEqual(['stale', 'new']);
    expect(cookies.tenants()).toEqual([companyTenant('1')]);
    cookies.clear('__Host-ext_session_1');
    expect(cookies.setCookieHeaders()).toHaveLength(1);
  });

  test('never become those of another company by their names', () => {
    const names = ['__Host-ext_session_01', '__Host-ext_session_1x', '__Host-ext_session_', '__host-ext_session_1'];
    expect(new Cookies(names.map((name) => `${name}=x`)).tenants()).toEqual([]);
  });
});

describe('a cookie that is set', () => {
  test('is kept from scripts and other sites, belongs to this host and this frame, and lives as long as it should', () => {
    const cookies = new Cookies([]);
    cookies.set(sessionCookieName(companyTenant('1')), 'sealed', 3_600);
    const [header = '', ...others] = cookies.setCookieHeaders();
    const [pair, ...attributes] = header.split('; ');
    expect(others).toEqual([]);
    expect(pair).toBe('__Host-ext_session_1=sealed');
    expect(attributes.toSorted()).toEqual([
      'HttpOnly',
      'Max-Age=3600',
      'Partitioned',
      'Path=/',
      'SameSite=None',
      'Secure',
    ]);
  });

  test('is cleared with the same attributes, without which a browser would keep it', () => {
    const cookies = new Cookies(['__Host-ext_session_1=sealed']);
    cookies.clear(sessionCookieName(companyTenant('1')));
    const [header = ''] = cookies.setCookieHeaders();
    const [pair, ...attributes] = header.split('; ');
    expect(pair).toBe('__Host-ext_session_1=');
    expect(attributes.toSorted()).toEqual([
      'HttpOnly',
      'Max-Age=0',
      'Partitioned',
      'Path=/',
      'SameSite=None',
      'Secure',
    ]);
  });

  test('is not cleared where the browser did not send it', () => {
    const cookies = new Cookies(['a=1']);
    cookies.clear(sessionCookieName(companyTenant('1')));
    expect(cookies.setCookieHeaders()).toEqual([]);
  });

  test('and cleared again is not set', () => {
    const cookies = new Cookies([]);
    cookies.set('x', '1', 10);
    cookies.clear('x');
    expect(cookies.setCookieHeaders()).toEqual([]);
  });
});

describe('too many cookies', () => {
  const ages = new Map<string, number>();
  const ageOf = (name: string) => Promise.resolve(ages.get(name));
  const sessions = (count: number) =>
    Array.from({ length: count }, (_, index) => {
      const name = sessionCookieName(companyTenant(String(index + 1)));
      ages.set(name, 1_000 + index);
      return `${name}=${'x'.repeat(700)}`;
    });
  const clearedBy = (cookies: Cookies) =>
    cookies.setCookieHeaders().flatMap((header) => /^([^=]+)=;.*Max-Age=0/.exec(header)?.[1] ?? []);

  test('lose the oldest ones, and no more than needed', async () => {
    const cookies = new Cookies(sessions(10));
    await cookies.fit(ageOf);
    expect(clearedBy(cookies)).toEqual(['1', '2'].map((id) => sessionCookieName(companyTenant(id))));
  });

  test('lose what does not open any more before anything else', async () => {
    const header = sessions(9);
    ages.delete(sessionCookieName(companyTenant('5')));
    const cookies = new Cookies(header);
    await cookies.fit(ageOf);
    expect(clearedBy(cookies)[0]).toBe(sessionCookieName(companyTenant('5')));
  });

  test('never lose the one that is being set, nor one that is not ours', async () => {
    const cookies = new Cookies([...sessions(8), `theirs=${'x'.repeat(4_000)}`]);
    const name = transactionCookieName('CANARY-state');
    cookies.set(name, 'x'.repeat(3_000), 600);
    await cookies.fit(ageOf);
    expect(clearedBy(cookies)).toEqual(['1', '2', '3', '4', '5'].map((id) => sessionCookieName(companyTenant(id))));
    expect(cookies.setCookieHeaders().some((header) => header.startsWith(`${name}=x`))).toBe(true);
  });

  const transactions = (count: number) =>
    Array.from({ length: count }, (_, index) => {
      const name = transactionCookieName(`${String(index).padStart(8, '0')}CANARY-state`);
      ages.set(name, 5_000 + index);
      return `${name}=${'x'.repeat(330)}`;
    });
  const namesOf = (header: readonly string[]) => header.map((each) => each.slice(0, each.indexOf('=')));

  test('lose abandoned transactions before any session, though all sessions are older', async () => {
    const abandoned = transactions(20);
    const cookies = new Cookies([...sessions(5), ...abandoned]);
    await cookies.fit(ageOf);
    expect(clearedBy(cookies)).toEqual(namesOf(abandoned).slice(0, 14));
  });

  test('lose the oldest transactions beyond what a few tabs need, where the whole would fit too', async () => {
    const abandoned = transactions(8);
    const cookies = new Cookies(abandoned);
    await cookies.fit(ageOf);
    expect(clearedBy(cookies)).toEqual(namesOf(abandoned).slice(0, 2));
  });

  test('with one name count each, and are as young as the youngest of them', async () => {
    const name = sessionCookieName(companyTenant('99'));
    const cookies = new Cookies([...sessions(7), `${name}=${'s'.repeat(700)}`, `${name}=${'y'.repeat(700)}`]);
    await cookies.fit((each, value) =>
      Promise.resolve(each === name ? (value.startsWith('y') ? 9_000 : 1) : ages.get(each)),
    );
    expect(clearedBy(cookies)).toEqual([sessionCookieName(companyTenant('1'))]);
  });

  test('are left alone where they fit', async () => {
    const cookies = new Cookies(sessions(7));
    await cookies.fit(() => Promise.reject(new Error('There is no need to open them.')));
    expect(cookies.setCookieHeaders()).toEqual([]);
    expect(maxAllCookiesBytes).toBeLessThan(6_000);
  });
});

describe('the company that a request means', () => {
  const of = (...companies: string[]) => companies.map(companyTenant);
  const select = (named: readonly (string | undefined)[], signedIn: readonly Tenant[]) =>
    selectTenant(
      named.map((id) => (id === undefined ? undefined : companyTenant(id))),
      signedIn,
    );

  test('is the one that it names, whatever cookies there are', () => {
    expect(select(['2', undefined, undefined], of('1'))).toEqual(companyTenant('2'));
    expect(select([undefined, '2', '2'], of())).toEqual(companyTenant('2'));
  });

  test('is the only one with a session where it names none', () => {
    expect(select([undefined], of('7'))).toEqual(companyTenant('7'));
  });

  test('is no company where it names several', async () => {
    for (const named of [
      ['1', '2'],
      [undefined, '1', '2'],
      ['1', undefined, '2'],
      ['1', '1', '2'],
    ]) {
      const refusal = await problemOf(() => select(named, of('1', '2')));
      expect(refusal).toMatchObject({ code: 'tenant_mismatch', status: 403 });
    }
  });

  test('is unknown without a session, and ambiguous with several', async () => {
    expect(await problemOf(() => select([], of()))).toMatchObject({ code: 'session_required', status: 401 });
    expect(await problemOf(() => select([], of('1', '2')))).toMatchObject({
      code: 'invalid_request',
      status: 400,
    });
  });
});
