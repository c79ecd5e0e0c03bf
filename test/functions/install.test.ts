import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { handler as Install } from '../../functions/install.ts';
import { clientId } from '../shared/fixture/extension.ts';
import { bareEvent, gatewayEvent } from './fixture/event.ts';
import { everywhere, pages, redirects, startWorld, type World } from './fixture/world.ts';

let world: World;
let install: typeof Install;
beforeAll(async () => {
  world = await startWorld();
  ({ handler: install } = await import('../../functions/install.ts'));
});
afterAll(() => world.close());

const page = { accept: 'text/html,application/xhtml+xml' };
const launch = `company_id=12&client_id=${clientId}`;
const send = (query: string, headers: Record<string, string> = page) =>
  world.send(install, gatewayEvent({ path: '/fp/install', query, headers }));

describe('a launch', () => {
  for (const [frontDoor, event, route] of [
    ['API Gateway', gatewayEvent, 'GET /fp/install'],
    ['a front door that sends the bare minimum', bareEvent, '$default'],
  ] as const) {
    test(`through ${frontDoor} sends the browser to the platform's authorize page, with a transaction`, async () => {
      const answer = await world.send(install, event({ path: '/fp/install', query: launch, headers: page }));
      expect(answer.status).toBe(302);
      expect(answer.headers).toMatchObject(redirects);
      const location = new URL(answer.headers['location'] ?? '');
      expect(location.pathname).toBe('/service/panel/authentication/v1.0/company/12/oauth/authorize');
      expect(Object.fromEntries(location.searchParams)).toMatchObject({
        client_id: clientId,
        response_type: 'code',
        scope: 'company/products,company/orders',
        redirect_uri: 'https://extension.example/fp/auth',
        state: expect.stringMatching(/^[\w-]{43}$/),
      });
      // Until somebody has seen the platform honour it.
      expect(location.searchParams.has('code_challenge')).toBe(false);
      expect(answer.cookies).toHaveLength(1);
      const [cookie = ''] = answer.cookies;
      const state = location.searchParams.get('state') ?? '';
      expect(cookie.startsWith(`__Host-ext_txn_${state.replaceAll(/[^\w-]/g, '').slice(0, 8)}=`)).toBe(true);
      expect(cookie).toMatch(/; Max-Age=600;/);
      for (const attribute of ['HttpOnly', 'Secure', 'SameSite=None', 'Partitioned', 'Path=/']) {
        expect(cookie.split('; ')).toContain(attribute);
      }
      expect(answer.log).toMatchObject({ level: 'info', status: 302, route, method: 'GET' });
    });
  }

  test('asks nobody and writes no table', async () => {
    world.tables.calls.length = 0;
    world.platform.requests.length = 0;
    await send(launch);
    expect([world.tables.calls, world.platform.requests]).toEqual([[], []]);
  });

  test('goes to the configured cluster, whatever cluster_url says', async () => {
    const answer = await send(`${launch}&cluster_url=https%3A%2F%2Fevil.example`);
    expect(new URL(answer.headers['location'] ?? '').hostname).toBe('127.0.0.1');
    expect(JSON.stringify(answer)).not.toContain('evil');
  });

  test('of an application comes back for it', async () => {
    const application = '0123456789abcdef01234567';
    const answer = await send(`${launch}&application_id=${application}`);
    const redirectUri = new URL(answer.headers['location'] ?? '').searchParams.get('redirect_uri');
    expect(redirectUri).toBe(`https://extension.example/fp/auth?application_id=${application}`);
  });

  test('with an empty redirect_path is one without it', async () => {
    expect((await send(`${launch}&redirect_path=`)).status).toBe(302);
  });

  for (const [field, query] of [
    ['company_id', `client_id=${clientId}`],
    ['company_id', `company_id=&client_id=${clientId}`],
    ['company_id', `company_id=0&client_id=${clientId}`],
    ['company_id', `company_id=012&client_id=${clientId}`],
    ['company_id', `company_id=-1&client_id=${clientId}`],
    ['company_id', `company_id=1.5&client_id=${clientId}`],
    ['company_id', `company_id=%EF%BC%91&client_id=${clientId}`],
    ['company_id', `company_id=1234567890123456789&client_id=${clientId}`],
    ['company_id', `company_id=12%0A&client_id=${clientId}`],
    ['company_id', `company_id=1&company_id=2&client_id=${clientId}`],
    ['company_id', `company_id[]=1&client_id=${clientId}`],
    ['client_id', 'company_id=12'],
    ['client_id', 'company_id=12&client_id=CANARY-other'],
    ['client_id', `${launch}&client_id=${clientId}`],
    ['application_id', `${launch}&application_id=CANARY`],
    ['application_id', `${launch}&application_id=0123456789abcdef0123456`],
    ['redirect_path', `${launch}&redirect_path=%2F%2Fevil.example%2FCANARY`],
    ['redirect_path', `${launch}&redirect_path=/%255c..%255cCANARY/..//x`],
    ['redirect_path', `${launch}&redirect_path=/a&redirect_path=/b`],
  ] as const) {
    test(`with ?${query} is refused, naming ${field} and never its value`, async () => {
      const problem = await send(query, { accept: 'application/json' });
      expect(problem.status).toBe(400);
      expect(problem.headers).toMatchObject({ ...everywhere, 'content-type': 'application/problem+json' });
      expect(problem.json).toMatchObject({
        code: 'invalid_request',
        status: 400,
        detail: expect.stringContaining(field),
      });
      expect(problem.cookies).toEqual([]);
      const shown = await send(query);
      expect(shown.status).toBe(400);
      expect(shown.headers).toMatchObject(pages);
      expect(shown.text).toContain(field);
      expect(shown.text).toContain('JKJaXmPLvHcESHA=');
      expect(shown.log).toMatchObject({ code: 'invalid_request', status: 400, level: 'info' });
    });
  }
});
