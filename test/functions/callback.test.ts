import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { handler as Callback } from '../../functions/callback.ts';
import type { handler as Install } from '../../functions/install.ts';
import { openSession, sessionCookieName } from '../../shared/session/sessions.ts';
import { roundCookieName } from '../../shared/session/sign-in-round.ts';
import { isTransactionCookie, sealTransaction, transactionCookieName } from '../../shared/session/transactions.ts';
import { companyTenant } from '../../shared/tenant.ts';
import { testExtension } from '../shared/fixture/extension.ts';
import { keyRing } from '../shared/fixture/key-ring.ts';
import { bareEvent, gatewayEvent } from './fixture/event.ts';
import { type Flow, startFlow } from './fixture/flow.ts';
import { pages, redirects, signsIn, startWorld, type World } from './fixture/world.ts';

let world: World;
let handlers: { install: typeof Install; callback: typeof Callback };
let flow: Flow;
beforeAll(async () => {
  world = await startWorld();
  const { handler: install } = await import('../../functions/install.ts');
  const { handler: callback } = await import('../../functions/callback.ts');
  handlers = { install, callback };
});
afterAll(() => world.close());
beforeEach(() => {
  flow = startFlow(world, handlers);
});
afterEach(() => {
  world.platform.answer = signsIn;
});

describe('a browser that comes back with a code', () => {
  for (const [frontDoor, event] of [
    ['API Gateway', gatewayEvent],
    ['a front door that leaves cookies in the headers', bareEvent],
  ] as const) {
    test(`through ${frontDoor} is signed in and lands on the extension's page`, async () => {
      const state = await flow.launch();
      const answer = await flow.comeBack(flow.withCode(state), event);
      expect(answer.status).toBe(302);
      expect(answer.headers).toMatchObject({
        ...redirects,
        location: `https://extension.example/company/${flow.company}`,
      });
      const tenant = companyTenant(flow.company);
      expect(flow.browser.names).toEqual([sessionCookieName(tenant)]);
      const session = answer.cookies.find((each) => each.startsWith('__Host-ext_session_')) ?? '';
      expect(session).toMatch(/; Max-Age=7200;/);
      for (const attribute of ['HttpOnly', 'Secure', 'SameSite=None', 'Partitioned', 'Path=/']) {
        expect(session.split('; ')).toContain(attribute);
      }
      const text = /=([^;]*)/.exec(session)?.[1] ?? '';
      const opened = await openSession(world.sessionKeys, testExtension().scopes, {
        tenant,
        text,
        now: new Date(),
      });
      expect(opened).toMatchObject({ tenant: companyTenant(flow.company), generation: 1, user: { id: 'u1' } });
      expect(await world.tables.row(flow.company)).toMatchObject({ status: { S: 'installed' } });
    });
  }

  test('from a page that had sent it says so to that page, which may have to stop there', async () => {
    const round = roundCookieName(companyTenant(flow.company));
    flow.browser.take([`${round}=begun; Secure; Path=/`, '__Host-ext_round_7=begun; Secure; Path=/']);
    const answer = await flow.comeBack(flow.withCode(await flow.launch()));
    const set = answer.cookies.filter((each) => each.startsWith('__Host-ext_round_'));
    expect(set).toEqual([expect.stringMatching(new RegExp(`^${round}=done; Max-Age=60;`))]);
    for (const attribute of ['HttpOnly', 'Secure', 'SameSite=None', 'Partitioned', 'Path=/']) {
      expect(set[0]?.split('; ')).toContain(attribute);
    }
  });

  test('lands where the launch asked for, or on the page of its application', async () => {
    const application = '0123456789abcdef01234567';
    for (const [more, path] of [
      ['&redirect_path=%2Forders%3Fpage%3D2%23x', '/orders?page=2#x'],
      [`&application_id=${application}`, `/company/${flow.company}/application/${application}`],
      ['&redirect_path=', `/company/${flow.company}`],
    ]) {
      const answer = await flow.comeBack(flow.withCode(await flow.launch(more)));
      expect(answer.headers['location']).toBe(`https://extension.example${path}`);
    }
  });

  test('lands where a launch of many letters asked for, which travels as it was sent', async () => {
    const path = '/ü'.repeat(256);
    const answer = await flow.comeBack(flow.withCode(await flow.launch(`&redirect_path=${encodeURIComponent(path)}`)));
    expect(answer.headers['location']).toBe(`https://extension.example${'/%C3%BC'.repeat(256)}`);
  });

  test('and those of its other companies outlive twenty launches that nobody finishes', async () => {
    const companies: string[] = [];
    for (let round = 0; round < 4; round++) {
      flow = startFlow(world, handlers, flow.browser);
      companies.push(flow.company);
      await flow.comeBack(flow.withCode(await flow.launch()));
    }
    for (let round = 0; round < 20; round++) await flow.launch();
    const state = await flow.launch();
    for (const company of companies) expect(flow.browser.names).toContain(sessionCookieName(companyTenant(company)));
    expect(flow.browser.names.filter(isTransactionCookie).length).toBeGreaterThan(2);
    expect((await flow.comeBack(flow.withCode(state))).status).toBe(302);
  });

  test('keeps its session while others are let go, and never sends more than an HTTP API takes', async () => {
    for (let round = 0; round < 12; round++) {
      flow = startFlow(world, handlers, flow.browser);
      const state = await flow.launch(`&redirect_path=/${'x'.repeat(400)}`);
      if (round % 4 !== 0) await flow.comeBack(flow.withCode(state));
      expect(flow.browser.header.length).toBeLessThan(6_000);
    }
    expect(flow.browser.names).toContain(sessionCookieName(companyTenant(flow.company)));
  });
});

test('the oldest sessions go when a new one would make the browser send too much', async () => {
  const companies: string[] = [];
  for (let index = 0; index < 18; index++) {
    const signedIn = await world.signIn({ signedInAtMs: Date.now() - 100_000 + index });
    companies.push(signedIn.company);
    flow.browser.take([`${signedIn.cookie}; Secure; Path=/`]);
  }
  flow = startFlow(world, handlers, flow.browser);
  const state = 'state-of-now';
  const launched = {
    applicationId: undefined,
    redirectPath: undefined,
    accessMode: 'offline',
    installEvent: false,
  } as const;
  const transaction = { ...launched, state, tenant: companyTenant(flow.company), startedAtMs: Date.now() };
  const sealed = await sealTransaction(world.sessionKeys, transaction);
  flow.browser.take([`${transactionCookieName(state)}=${sealed}; Secure; Path=/`]);
  expect(flow.browser.header.length).toBeGreaterThan(6_000);
  expect((await flow.comeBack(flow.withCode(state))).status).toBe(302);
  expect(flow.browser.header.length).toBeLessThan(6_000);
  const kept = companies.slice(-(flow.browser.names.length - 1)).map((id) => sessionCookieName(companyTenant(id)));
  expect(kept.length).toBeGreaterThan(2);
  expect(flow.browser.names).toEqual([...kept, sessionCookieName(companyTenant(flow.company))]);
});

describe('a state', () => {
  /** Also where it comes from our own origin, and so with all that the browser has. */
  const isRefused = async (query: Record<string, string>) => {
    const { status, headers: sent, log } = await flow.comeBack({ ...query, returned: '1' });
    expect([status, log['code']]).toEqual([400, 'state_mismatch']);
    expect(sent).toMatchObject(pages);
    expect(await world.tables.row(flow.company)).toBeUndefined();
  };

  test('that this browser was not given is refused, and nothing is asked or stored', async () => {
    await flow.launch();
    world.platform.requests.length = 0;
    await isRefused(flow.withCode('A'.repeat(43)));
    expect(world.platform.requests).toEqual([]);
  });

  test('that begins like one that it was given is refused', async () => {
    const state = await flow.launch();
    await isRefused(flow.withCode(`${state.slice(0, 42)}${state.endsWith('A') ? 'B' : 'A'}`));
  });

  test('is used up by a failure, too', async () => {
    const state = await flow.launch();
    world.platform.answer = () => ({ status: 500 });
    expect((await flow.comeBack(flow.withCode(state))).status).toBe(502);
    expect(flow.browser.names.filter(isTransactionCookie)).toEqual([]);
    world.platform.answer = signsIn;
    await isRefused(flow.withCode(state));
  });

  test('for another company or application is refused', async () => {
    await isRefused({ ...flow.withCode(await flow.launch()), company_id: world.tables.newCompany() });
    await isRefused({ ...flow.withCode(await flow.launch()), application_id: '0123456789abcdef01234567' });
  });

  test('from over ten minutes ago, another key or another mode is refused', async () => {
    const state = 'state-one';
    const transaction = {
      state,
      tenant: companyTenant(flow.company),
      applicationId: undefined,
      redirectPath: undefined,
      accessMode: 'offline',
      installEvent: false,
      startedAtMs: Date.now(),
    } as const;
    for (const sealed of [
      await sealTransaction(world.sessionKeys, { ...transaction, startedAtMs: Date.now() - 601_000 }),
      await sealTransaction(keyRing('CANARY-other-secret-0123456789abcdef'), transaction),
      await sealTransaction(world.sessionKeys, { ...transaction, accessMode: 'online' }),
      await sealTransaction(world.sessionKeys, { ...transaction, state: 'state-ond' }),
      'garbage',
    ]) {
      flow.browser.take([`${transactionCookieName(state)}=${sealed}; Secure; Path=/`]);
      const refused = await flow.comeBack(flow.withCode(state));
      expect([refused.status, refused.log['code']]).toEqual([400, 'state_mismatch']);
      expect(flow.browser.names).toEqual([]);
      expect(await world.tables.row(flow.company)).toBeUndefined();
    }
  });
});
