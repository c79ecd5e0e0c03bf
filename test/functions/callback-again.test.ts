import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { handler as Callback } from '../../functions/callback.ts';
import type { handler as Install } from '../../functions/install.ts';
import { isTransactionCookie, transactionCookieName } from '../../shared/session/transactions.ts';
import { clientId } from '../shared/fixture/extension.ts';
import { gatewayEvent } from './fixture/event.ts';
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

/** The callback of this state, by a browser with these headers and cookies. */
function deliver(state: string, headers: Record<string, string>, cookie = flow.browser.header, more = '') {
  const query = `${new URLSearchParams({ ...flow.withCode(state), client_id: clientId }).toString()}${more}`;
  return world.send(handlers.callback, gatewayEvent({ path: '/fp/auth', query, headers, cookie }));
}

const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site' };
const fromOurselves = { ...navigation, 'sec-fetch-site': 'same-origin' };

describe('a callback that is delivered again', () => {
  const application = '0123456789abcdef01234567';
  for (const [what, launch, path] of [
    ['the launch page', '', undefined],
    ['the page of its application', `&application_id=${application}`, `application/${application}`],
    ['the path that was asked for', '&redirect_path=%2Forders%3Fpage%3D2%23x', '/orders?page=2#x'],
    [
      'a path of many letters',
      `&redirect_path=${encodeURIComponent('/ü'.repeat(256))}`,
      new URL('/ü'.repeat(256), 'https://extension.example').pathname,
    ],
  ] as const) {
    test(`goes to ${what} as the first did: nothing is redeemed, nothing is set`, async () => {
      const state = await flow.launch(launch);
      const first = await flow.comeBack(flow.withCode(state));
      const page = `https://extension.example/company/${flow.company}`;
      const to =
        path === undefined ? page : path.startsWith('/') ? `https://extension.example${path}` : `${page}/${path}`;
      expect(first.headers['location']).toBe(to);
      world.platform.requests.length = 0;
      for (const headers of [navigation, fromOurselves, { accept: 'application/json' }]) {
        for (const more of ['', '&application_id=65a000000000000000010001', '&redirect_path=/x', '&returned=1']) {
          const again = await deliver(state, headers, flow.browser.header, more);
          expect([again.status, again.headers['location'], again.cookies]).toEqual([302, to, []]);
          expect(again.headers).toMatchObject(redirects);
        }
      }
      expect(world.platform.requests).toEqual([]);
    });
  }

  test('also with an error where the first one brought a code', async () => {
    const state = await flow.launch();
    await flow.comeBack(flow.withCode(state));
    expect((await flow.comeBack({ state, error: 'access_denied', company_id: flow.company })).status).toBe(302);
  });

  test('but for another company, or when its session is over, is one that this browser did not begin', async () => {
    const state = await flow.launch();
    await flow.comeBack(flow.withCode(state));
    const other = { ...flow.withCode(state), company_id: world.tables.newCompany(), returned: '1' };
    expect((await flow.comeBack(other)).log['code']).toBe('state_mismatch');
    expect((await deliver('another-state', fromOurselves)).log['code']).toBe('state_mismatch');
    await world.tables.putInstallation(flow.company, { generation: { N: '9' } });
    world.platform.requests.length = 0;
    expect((await deliver(state, fromOurselves)).log['code']).toBe('state_mismatch');
    expect(world.platform.requests).toEqual([]);
  });

  test('at once, so that its code is refused, comes back and finds the session of the other one', async () => {
    const state = await flow.launch('&redirect_path=/orders');
    const before = flow.browser.header;
    const first = await flow.comeBack(flow.withCode(state));
    world.platform.answer = () => ({ status: 400, body: { error: 'invalid_grant' } });
    const second = await deliver(state, navigation, before);
    expect([second.status, second.log['outcome'], second.log['warning']]).toEqual([
      200,
      'returns_to_itself',
      'code_refused',
    ]);
    flow.browser.take(second.cookies);
    const back = await deliver(state, fromOurselves, flow.browser.header, '&returned=1');
    expect([back.status, back.headers['location'], back.cookies]).toEqual([302, first.headers['location'], []]);
  });
});

describe('a code that the platform refuses', () => {
  const refuses = () => ({ status: 400, body: 'CANARY-code' });

  test('comes back once, in case it was delivered twice, and is then told about, without being sent again', async () => {
    const state = await flow.launch();
    world.platform.answer = refuses;
    const first = await deliver(state, navigation);
    expect([first.status, first.log['outcome']]).toEqual([200, 'returns_to_itself']);
    flow.browser.take(first.cookies);
    expect(flow.browser.names).toEqual([transactionCookieName(state)]);
    world.platform.requests.length = 0;
    const back = await deliver(state, fromOurselves, flow.browser.header, '&returned=1');
    expect([back.status, back.log['code']]).toEqual([502, 'code_refused']);
    expect(back.headers).toMatchObject(pages);
    expect(back.text).toContain('Try again');
    expect(world.platform.requests).toEqual([]);
    flow.browser.take(back.cookies);
    expect(flow.browser.names).toEqual([]);
  });

  for (const [who, headers, more] of [
    ['a script', { accept: 'application/json' }, ''],
    ['our own origin', fromOurselves, ''],
    ['who has come back already', navigation, '&returned=1'],
  ] as const) {
    test(`is told about at once to ${who}`, async () => {
      const state = await flow.launch();
      world.platform.answer = refuses;
      const refused = await deliver(state, headers, flow.browser.header, more);
      expect([refused.status, refused.log['code']]).toEqual([502, 'code_refused']);
      flow.browser.take(refused.cookies);
      expect(flow.browser.names).toEqual([]);
    });
  }
});

describe('a browser that brings no transaction of its callback', () => {
  test('comes back to the same address from our own origin, by a page that holds nothing of it', async () => {
    for (const headers of [navigation, { accept: 'text/html' }]) {
      for (const query of [
        { state: 'REFLECTED', code: 'REFLECTED', company_id: '777000777', extra: '<script>REFLECTED' },
        { state: 'REFLECTED', error: 'access_denied', error_description: 'REFLECTED' },
        { state: 'REFLECTED', code: 'REFLECTED', company_id: '777000777', returned: '0' },
      ] as Record<string, string>[]) {
        world.platform.requests.length = 0;
        const answer = await world.send(
          handlers.callback,
          gatewayEvent({ path: '/fp/auth', query: new URLSearchParams(query).toString(), headers }),
        );
        expect([answer.status, answer.cookies, answer.log['outcome']]).toEqual([200, [], 'returns_to_itself']);
        expect(answer.headers).toMatchObject({ ...pages, 'cache-control': 'no-store' });
        // Whoever opened this window for the sign-in must be reachable from it.
        expect(answer.headers).not.toHaveProperty('cross-origin-opener-policy');
        expect(JSON.stringify([answer.headers, answer.text])).not.toMatch(/REFLECTED|777000777|access_denied/);
        const nonce = /script-src 'nonce-([^']+)'/.exec(answer.headers['content-security-policy'] ?? '')?.[1];
        expect(answer.text).toContain(
          `<script nonce="${nonce}">location.replace(location.origin + location.pathname + location.search + '&returned=1');</script>`,
        );
        expect(world.platform.requests).toEqual([]);
      }
    }
  });

  for (const [who, headers, more] of [
    ['has come back already', navigation, '&returned=1'],
    ['has come back already, whatever else it says', navigation, '&returned=0&returned=1'],
    ['comes from our own origin', fromOurselves, ''],
    ['is a script', { accept: 'application/json' }, ''],
    [
      'is a script that takes anything',
      { accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'cross-site' },
      '',
    ],
  ] as const) {
    test(`and ${who} is refused`, async () => {
      const answer = await deliver('a-state', headers, '', more);
      expect([answer.status, answer.log['code']]).toEqual([400, 'state_mismatch']);
    });
  }

  test('but one that no longer counts is refused at once', async () => {
    const state = await flow.launch();
    const name = flow.browser.names.find(isTransactionCookie) ?? '';
    for (const query of [
      { ...flow.withCode(state), company_id: world.tables.newCompany() },
      flow.withCode(`${state.slice(0, 42)}${state.endsWith('A') ? 'B' : 'A'}`),
    ]) {
      const copy = flow.browser.header;
      const answer = await world.send(
        handlers.callback,
        gatewayEvent({
          path: '/fp/auth',
          query: new URLSearchParams(query).toString(),
          headers: navigation,
          cookie: copy,
        }),
      );
      expect([answer.status, answer.log['code']]).toEqual([400, 'state_mismatch']);
    }
    const garbage = await deliver(state, navigation, `${name}=garbage`);
    expect([garbage.status, garbage.log['code']]).toEqual([400, 'state_mismatch']);
  });

  test('and finishes what it began where it brings it from our own origin', async () => {
    const state = await flow.launch();
    expect((await deliver(state, navigation, '')).status).toBe(200);
    const back = await deliver(state, fromOurselves, flow.browser.header, '&returned=1');
    expect([back.status, back.headers['location']]).toEqual([302, `https://extension.example/company/${flow.company}`]);
  });
});
