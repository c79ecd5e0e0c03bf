import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { handler as Callback } from '../../functions/callback.ts';
import type { handler as Install } from '../../functions/install.ts';
import { clientId } from '../shared/fixture/extension.ts';
import { onlineToken } from '../shared/fixture/sign-in.ts';
import { type Flow, startFlow } from './fixture/flow.ts';
import { pages, signsIn, startWorld, type World } from './fixture/world.ts';

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

describe('an answer without a code', () => {
  for (const [query, status, code] of [
    [{ error: 'access_denied' }, 403, 'access_denied'],
    [{ error: 'server_error', error_description: 'CANARY-description' }, 502, 'platform_error'],
    [{ error: 'CANARY<script>' }, 502, 'platform_error'],
  ] as const) {
    test(`but with ${JSON.stringify(query)} is ${status} ${code}, with a way to try again`, async () => {
      const state = await flow.launch();
      const answer = await flow.comeBack({ ...query, state, company_id: flow.company });
      expect([answer.status, answer.log['code']]).toEqual([status, code]);
      expect(answer.headers).toMatchObject(pages);
      expect(answer.headers).not.toHaveProperty('cross-origin-opener-policy');
      expect(answer.text).toContain(`href="/fp/install?company_id=${flow.company}&#38;client_id=${clientId}"`);
      expect(flow.browser.names).toEqual([]);
    });
  }

  test('or an error is 400 invalid_request with a way to try again, and what was begun can still be finished', async () => {
    const state = await flow.launch();
    const answer = await flow.comeBack({ state, company_id: flow.company });
    expect([answer.status, answer.log['code']]).toEqual([400, 'invalid_request']);
    expect(answer.text).toContain(`href="/fp/install?company_id=${flow.company}&#38;client_id=${clientId}"`);
    expect((await flow.comeBack(flow.withCode(state))).status).toBe(302);
  });

  test('and without a state that is known is 400', async () => {
    const denied = { error: 'access_denied', company_id: flow.company };
    expect((await flow.comeBack(denied)).status).toBe(400);
    expect((await flow.comeBack({ ...denied, state: '' })).status).toBe(400);
    expect((await flow.comeBack({ ...denied, state: 'x'.repeat(43), returned: '1' })).status).toBe(400);
  });
});

describe('the platform', () => {
  for (const [what, answer, status, code] of [
    ['answers HTML', { headers: { 'content-type': 'text/html' }, body: '<h1>CANARY</h1>' }, 502, 'platform_error'],
    ['answers nothing', { body: '' }, 502, 'platform_error'],
    ['answers an empty JSON', { body: {} }, 502, 'platform_error'],
    ['answers 500', { status: 500 }, 502, 'platform_error'],
    ['hangs up', 'hang up', 502, 'platform_error'],
    ['gives a token that is a number', { body: { ...onlineToken, access_token: 7 } }, 502, 'platform_error'],
    [
      'gives a token that no cookie can hold',
      { body: { ...onlineToken, access_token: `CANARY${'x'.repeat(4_000)}` } },
      502,
      'platform_error',
    ],
    ['grants too little', { body: { ...onlineToken, scope: ['company/products'] } }, 403, 'scopes_missing'],
    ['has too much to do', { status: 429, headers: { 'retry-after': '9' } }, 429, 'rate_limited'],
  ] as const) {
    test(`that ${what} makes a page with status ${status}, and no session`, async () => {
      const state = await flow.launch();
      world.platform.answer = (request) => (request.url.endsWith('/oauth/token') ? answer : signsIn(request));
      const refused = await flow.comeBack(flow.withCode(state));
      expect([refused.status, refused.log['code']]).toEqual([status, code]);
      expect(refused.headers).toMatchObject(pages);
      expect(refused.headers['retry-after']).toBe(status === 429 ? '9' : undefined);
      expect(refused.text).toContain('Try again');
      if (code === 'scopes_missing') expect(refused.text).toContain('company/orders');
      expect(flow.browser.names).toEqual([]);
    });
  }
});

test('a code for a company beside its transaction, or for another client, is refused', async () => {
  expect((await flow.comeBack({ code: 'CANARY-code', state: await flow.launch() })).log).toMatchObject({
    code: 'invalid_request',
  });
  expect((await flow.comeBack({ ...flow.withCode(await flow.launch()), client_id: 'other' })).log).toMatchObject({
    code: 'invalid_request',
  });
  expect((await flow.comeBack({ ...flow.withCode(await flow.launch()), company_id: '01' })).log).toMatchObject({
    code: 'invalid_request',
  });
});
