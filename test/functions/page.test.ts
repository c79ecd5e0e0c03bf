import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { handler as Page } from '../../functions/page.ts';
import { sessionCookieName } from '../../shared/session/sessions.ts';
import { companyTenant } from '../../shared/tenant.ts';
import { clientId } from '../shared/fixture/extension.ts';
import { bareEvent, gatewayEvent } from './fixture/event.ts';
import { pages, redirects, startWorld, type World } from './fixture/world.ts';

let world: World;
let page: typeof Page;
beforeAll(async () => {
  world = await startWorld({ name: 'Lens <b>&' });
  ({ handler: page } = await import('../../functions/page.ts'));
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
    test(`greets who is signed in, through ${frontDoor}`, async () => {
      const user = { id: 'u1', name: '<script>alert(1)</script>', email: undefined };
      const { company, cookie } = await world.signIn({ user });
      const answer = await world.send(page, event(request(company, { cookie })));
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({ ...pages, 'cache-control': 'no-store' });
      expect(answer.text).toContain('&#60;script&#62;alert(1)');
      expect(answer.text).not.toContain('<script>alert(1)');
      expect(answer.text).toContain('<h1>Lens &#60;b&#62;&#38;</h1>');
      expect(answer.cookies).toEqual([]);
      const nonce = /script-src 'nonce-([^']+)'/.exec(answer.headers['content-security-policy'] ?? '')?.[1];
      expect(answer.text.match(/<(script|style) nonce="([^"]+)"/g)).toHaveLength(3);
      expect(answer.text.split(`nonce="${nonce}"`)).toHaveLength(4);
    });
  }

  test('greets by the cookie that opens where a stale one of its name comes first', async () => {
    const { company, cookie } = await world.signIn();
    for (const stale of ['garbage', '', 'a.b.c.d.e']) {
      const both = `${sessionCookieName(companyTenant(company))}=${stale}; ${cookie}`;
      const answer = await world.send(page, gatewayEvent(request(company, { cookie: both })));
      expect([answer.status, answer.cookies]).toEqual([200, []]);
    }
  });

  test('names what the person lacks', async () => {
    const { company, cookie } = await world.signIn({ scopes: ['company/products'] });
    const answer = await world.send(page, gatewayEvent(request(company, { cookie })));
    expect(answer.text).toContain('<code>company/orders</code>');
    expect(answer.text).not.toContain('<code>company/products</code>');
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
      expect(answer.cookies.map((each) => each.split('=')[0])).toEqual(
        cookie === '' ? [] : [sessionCookieName(companyTenant(company))],
      );
      for (const each of answer.cookies) expect(each).toMatch(/=; Max-Age=0;/);
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
    for (const company of ['01', 'x', '1 ', '1/2']) {
      const answer = await world.send(page, gatewayEvent(request(company)));
      expect([answer.status, answer.log['code']]).toEqual([400, 'invalid_request']);
    }
  });
});
