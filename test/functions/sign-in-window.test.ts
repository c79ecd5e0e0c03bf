import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { handler as Callback } from '../../functions/callback.ts';
import type { handler as Install } from '../../functions/install.ts';
import { openSession, sessionCookieName } from '../../shared/session/sessions.ts';
import { companyTenant } from '../../shared/tenant.ts';
import { clientId, testExtension } from '../shared/fixture/extension.ts';
import { gatewayEvent } from './fixture/event.ts';
import { type Flow, startFlow } from './fixture/flow.ts';
import { everywhere, signsIn, startWorld, type World } from './fixture/world.ts';

let world: World;
let handlers: { install: typeof Install; callback: typeof Callback };
let flow: Flow;
beforeAll(async () => {
  world = await startWorld({ name: 'Lens <b>&' });
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

/** What the page posts to its opener. */
const messageIn = (text: string): Record<string, unknown> =>
  JSON.parse(/const message = (\{.*\});$/m.exec(text)?.[1] ?? '{}') as Record<string, unknown>;

describe('a sign-in in a window of its own', () => {
  test('sets the cookie as ever, and ends in a page that hands the same session to its opener', async () => {
    const state = await flow.launch('&display=window&redirect_path=%2Forders%3Fq%3D%3C%2Fscript%3E');
    const answer = await flow.comeBack(flow.withCode(state));
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      ...everywhere,
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    });
    const policy = (answer.headers['content-security-policy'] ?? '').split('; ');
    expect(policy).toEqual(expect.arrayContaining([`default-src 'none'`, `frame-ancestors 'none'`]));
    // Cut off from its opener it could hand nothing over.
    expect(answer.headers).not.toHaveProperty('cross-origin-opener-policy');
    const nonce = /script-src 'nonce-([^']+)'/.exec(answer.headers['content-security-policy'] ?? '')?.[1];
    expect(answer.text.match(/<script/g)).toHaveLength(1);
    expect(answer.text).toContain(`<script nonce="${nonce}">`);
    expect(answer.text).toContain('postMessage(message, location.origin);');
    expect(answer.text.match(/<\/script>/g)).toHaveLength(1);

    const tenant = companyTenant(flow.company);
    const cookie = flow.browser.header.split('; ').find((each) => each.startsWith(sessionCookieName(tenant))) ?? '';
    const message = messageIn(answer.text);
    expect(message).toEqual({
      type: 'extension-session',
      company_id: flow.company,
      session: expect.any(String),
      expires_at: expect.any(Number),
      path: '/orders?q=%3C/script%3E',
    });
    const text = String(message['session']);
    const open = async (sealed: string) =>
      await openSession(world.sessionKeys, testExtension().scopes, { tenant, text: sealed, now: new Date() });
    expect(await open(text)).toEqual(await open(cookie.slice(cookie.indexOf('=') + 1)));
    expect(message['expires_at']).toBe((await open(text)).expiresAt);
    expect(answer.log).toMatchObject({ status: 200, outcome: 'hands_over' });
    expect(JSON.stringify([answer.headers, answer.log])).not.toContain(text);
  });

  test('that comes back twice hands over again, and redeems nothing', async () => {
    const state = await flow.launch('&display=window');
    const first = await flow.comeBack(flow.withCode(state));
    world.platform.requests.length = 0;
    const again = await flow.comeBack(flow.withCode(state));
    expect([again.status, again.cookies, world.platform.requests]).toEqual([200, [], []]);
    const { session: one, ...same } = messageIn(first.text);
    const { session: two, ...message } = messageIn(again.text);
    expect(message).toEqual(same);
    expect([typeof one, typeof two]).toEqual(['string', 'string']);
  });

  test('that was refused offers to try again there', async () => {
    const state = await flow.launch('&display=window');
    const answer = await flow.comeBack({ state, error: 'access_denied', company_id: flow.company });
    expect(answer.status).toBe(403);
    const retry = `/fp/install?company_id=${flow.company}&client_id=${clientId}&display=window`;
    expect(answer.text).toContain(`href="${retry.replaceAll('&', '&#38;')}"`);
  });

  for (const more of ['', '&display=', '&display=popup', '&display=WINDOW']) {
    test(`is none where the launch says ${more || 'nothing of it'}`, async () => {
      const answer = await flow.comeBack(flow.withCode(await flow.launch(more)));
      expect([answer.status, answer.headers['location']]).toEqual([
        302,
        `https://extension.example/company/${flow.company}`,
      ]);
    });
  }

  test('is what the transaction says, and nothing that the callback says', async () => {
    const state = await flow.launch();
    expect((await flow.comeBack({ ...flow.withCode(state), display: 'window' })).status).toBe(302);
  });
});

describe('a sign-in that this browser did not begin', () => {
  const deliver = (query: Record<string, string>, headers: Record<string, string> = { accept: 'text/html' }) =>
    world.send(
      handlers.callback,
      gatewayEvent({ path: '/fp/auth', query: new URLSearchParams({ returned: '1', ...query }).toString(), headers }),
    );
  const application = '0123456789abcdef01234567';

  test('offers one in a window of its own, for the same company and application', async () => {
    for (const more of [{}, { application_id: application }] as Record<string, string>[]) {
      const answer = await deliver({ state: 'x', code: 'y', company_id: '7', ...more });
      expect([answer.status, answer.log['code']]).toEqual([400, 'state_mismatch']);
      const query = new URLSearchParams({ company_id: '7', client_id: clientId, ...more, display: 'window' });
      const address = `/fp/install?${query.toString()}`.replaceAll('&', '&#38;');
      expect(answer.text).toContain(`href="${address}" target="_blank">Open in a new window</a>`);
      expect(answer.text).toContain('"extension-session:7"');
      expect(answer.text).not.toContain('noopener');
      expect(answer.headers).not.toHaveProperty('cross-origin-opener-policy');
      const nonce = /script-src 'nonce-([^']+)'/.exec(answer.headers['content-security-policy'] ?? '')?.[1];
      expect(answer.text.split(`<script nonce="${nonce}">`)).toHaveLength(2);
    }
  });

  test('of no company that it knows offers none, and neither does any other problem, nor a problem for scripts', async () => {
    expect((await deliver({ state: 'x', error: 'access_denied' })).text).not.toContain('display=window');
    expect((await deliver({ state: 'x', company_id: '7' })).text).not.toContain('display=window');
    const problem = await deliver({ state: 'x', code: 'y', company_id: '7' }, { accept: 'application/json' });
    expect(problem.json).toMatchObject({ status: 400, code: 'state_mismatch' });
    expect(problem.text).not.toContain('display=window');
  });
});
