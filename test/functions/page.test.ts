import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sessionCookieName } from '../../shared/session/sessions.ts';
import { roundCookieName } from '../../shared/session/sign-in-round.ts';
import { companyTenant } from '../../shared/tenant.ts';
import { clientId } from '../shared/fixture/extension.ts';
import { bareEvent, gatewayEvent } from './fixture/event.ts';
import { bundledPage } from './fixture/front-end.ts';
import { type Handler, pages, redirects, startWorld, type World } from './fixture/world.ts';

let world: World;
let page: Handler;
beforeAll(async () => {
  const csp = { img: ['https://cdn.example'], connect: ['https://api.example'], font: ['https://fonts.example'] };
  world = await startWorld({ name: 'Lens <b>&', csp });
  page = await bundledPage(world.extension);
});
afterAll(() => world.close());

const application = '0123456789abcdef01234567';
const request = (company: string, more: object = {}) => ({
  path: `/company/${company}`,
  pathParameters: { company_id: company },
  headers: { accept: 'text/html' },
  ...more,
});

describe('the page of a company', () => {
  for (const [frontDoor, event] of [
    ['API Gateway', gatewayEvent],
    ['a front door that leaves cookies in the headers', bareEvent],
  ] as const) {
    test(`is the page for who is signed in, through ${frontDoor}`, async () => {
      const { company, cookie } = await world.signIn();
      const answer = await world.send(
        page,
        event(request(company, { cookie, headers: { accept: 'text/html', 'accept-encoding': '' } })),
      );
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({ ...pages, 'cache-control': 'no-store' });
      // Only the page itself may cut itself off from whoever opened it: signing in needs its opener.
      expect(answer.headers['cross-origin-opener-policy']).toBe('same-origin-allow-popups');
      expect(answer.text).toContain('<h1>Lens &#60;b&#62;&#38;</h1>');
      expect(answer.text).toContain('<head><script src="/_extension/session.js"></script>');
      expect(answer.cookies).toEqual([]);
    });
  }

  test('goes by the cookie that opens where a stale one of its name comes first', async () => {
    const { company, cookie } = await world.signIn();
    for (const stale of ['garbage', '', 'a.b.c.d.e']) {
      const both = `${sessionCookieName(companyTenant(company))}=${stale}; ${cookie}`;
      const answer = await world.send(page, gatewayEvent(request(company, { cookie: both })));
      expect([answer.status, answer.cookies]).toEqual([200, []]);
    }
  });

  test('loads from its own origin and from those that the configuration names', async () => {
    const { company, cookie } = await world.signIn();
    const answer = await world.send(page, gatewayEvent(request(company, { cookie })));
    const policy = (answer.headers['content-security-policy'] ?? '').split('; ');
    expect(policy).toEqual(
      expect.arrayContaining([
        `default-src 'none'`,
        `script-src 'self'`,
        `style-src 'self' 'unsafe-inline'`,
        `img-src 'self' data: https://cdn.example`,
        `connect-src 'self' https://api.example`,
        `font-src 'self' https://fonts.example`,
      ]),
    );
  });

  for (const [who, signIn] of [
    ['nobody', () => Promise.resolve({ company: world.tables.newCompany(), cookie: '' })],
    ['somebody whose session is over', () => world.signIn({ expiresAt: 1_000 })],
    ['somebody of an older installation', () => world.signIn({ generation: 7 })],
    [
      'somebody with a cookie that is not ours',
      async () => {
        const company = world.tables.newCompany();
        return { company, cookie: `${sessionCookieName(companyTenant(company))}=garbage` };
      },
    ],
  ] as const) {
    test(`sends ${who} to sign in, and forgets a cookie that does not work`, async () => {
      const { company, cookie } = await signIn();
      const answer = await world.send(page, gatewayEvent(request(company, { cookie })));
      expect(answer.status).toBe(302);
      expect(answer.headers).toMatchObject({
        ...redirects,
        location: `https://extension.example/fp/install?company_id=${company}&client_id=${clientId}`,
      });
      const tenant = companyTenant(company);
      expect(answer.cookies.map((each) => /^(.*?; Max-Age=\d+);/.exec(each)?.[1])).toEqual([
        ...(cookie === '' ? [] : [`${sessionCookieName(tenant)}=; Max-Age=0`]),
        `${roundCookieName(tenant)}=begun; Max-Age=600`,
      ]);
    });
  }

  test('comes back to the very same place after sign-in', async () => {
    const answer = await world.send(
      page,
      gatewayEvent({
        path: `/company/12/application/${application}`,
        pathParameters: { company_id: '12', application_id: application },
        query: 'tab=orders&q=a%2Fb',
        headers: { accept: 'text/html' },
      }),
    );
    const location = new URL(answer.headers['location'] ?? '');
    expect(Object.fromEntries(location.searchParams)).toEqual({
      company_id: '12',
      client_id: clientId,
      application_id: application,
      redirect_path: `/company/12/application/${application}?tab=orders&q=a%2Fb`,
    });
  });

  for (const [what, query, path] of [
    ['of 512 characters', `q=${'x'.repeat(497)}`, `/company/12?q=${'x'.repeat(497)}`],
    ['that is longer than what is kept, without its query', `q=${'x'.repeat(600)}`, null],
    ['whose query no redirect_path may hold, without it', 'q=\\', null],
  ] as const) {
    test(`comes back to a place ${what}`, async () => {
      const answer = await world.send(page, gatewayEvent(request('12', { query })));
      const location = new URL(answer.headers['location'] ?? '');
      expect(location.searchParams.get('redirect_path')).toBe(path);
    });
  }

  test('tells somebody whom it had sent to sign in, and who still has no session that works, and sends them no more', async () => {
    const { company, cookie } = await world.signIn({ generation: 7 });
    const round = roundCookieName(companyTenant(company));
    const refused = await world.send(
      page,
      gatewayEvent(request(company, { query: 'tab=2', cookie: `${cookie}; ${round}=done` })),
    );
    expect([refused.status, refused.log['code']]).toEqual([401, 'session_expired']);
    expect(refused.headers).toMatchObject({ ...pages, 'cache-control': 'no-store' });
    expect(refused.text).toContain('You have just signed in, and it did not help.');
    expect(refused.text).toContain('The extension was installed again since this session began.');
    expect(refused.text).toContain('redirect_path=%2Fcompany%2F');
    const cleared = refused.cookies.map((each) => /^([^=]+)=; Max-Age=0;/.exec(each)?.[1]);
    expect(new Set(cleared)).toEqual(new Set([round, sessionCookieName(companyTenant(company))]));
  });

  test('sends on who turned back on the way to sign in, or has done so for another company', async () => {
    const { company, cookie } = await world.signIn({ generation: 7 });
    for (const other of [`${roundCookieName(companyTenant(company))}=begun`, '__Host-ext_round_7=done']) {
      const answer = await world.send(page, gatewayEvent(request(company, { cookie: `${cookie}; ${other}` })));
      expect(answer.status).toBe(302);
    }
  });

  test('forgets a sign-in that it had sent to and that helped', async () => {
    const { company, cookie } = await world.signIn();
    const round = roundCookieName(companyTenant(company));
    const answer = await world.send(page, gatewayEvent(request(company, { cookie: `${round}=done; ${cookie}` })));
    expect([answer.status, answer.cookies.length]).toEqual([200, 1]);
    expect(answer.cookies[0]).toMatch(new RegExp(`^${round}=; Max-Age=0;`));
  });

  test('shows no company that contradicts itself', async () => {
    const { company, cookie } = await world.signIn();
    for (const more of [{ query: 'company_id=7' }, { headers: { accept: 'text/html', 'x-company-id': '7' } }]) {
      const answer = await world.send(page, gatewayEvent(request(company, { cookie, ...more })));
      expect([answer.status, answer.log['code']]).toEqual([403, 'tenant_mismatch']);
      expect(answer.headers).toMatchObject(pages);
    }
  });

  test('shows no company by the cookie of another one under its name', async () => {
    const { cookie } = await world.signIn();
    const other = world.tables.newCompany();
    await world.tables.putInstallation(other);
    const renamed = `${sessionCookieName(companyTenant(other))}=${cookie.slice(cookie.indexOf('=') + 1)}`;
    const answer = await world.send(page, gatewayEvent(request(other, { cookie: renamed })));
    expect([answer.status, answer.log['code']]).toEqual([403, 'tenant_mismatch']);
  });

  test('says nothing but an id to mention when something of ours is broken', async () => {
    const { company, cookie } = await world.signIn();
    await world.tables.putInstallation(company, { status: { S: 'CANARY-strange' } });
    const answer = await world.send(page, gatewayEvent(request(company, { cookie })));
    await world.tables.putInstallation(company);
    expect([answer.status, answer.log['error']]).toEqual([500, 'CorruptItemError']);
    expect(answer.headers).toMatchObject(pages);
    expect(answer.text).toContain('JKJaXmPLvHcESHA=');
    expect(answer.text).not.toMatch(/Corrupt|stored item|undefined|Error/);
  });

  test('does not exist for what is no id', async () => {
    for (const company of ['01', 'x', '1 ']) {
      const answer = await world.send(page, gatewayEvent(request(company)));
      expect([answer.status, answer.log['code']]).toEqual([400, 'invalid_request']);
    }
  });
});
