import { afterAll, beforeAll, expect, test } from 'vitest';
import type { handler as Proxy } from '../../functions/platform-proxy.ts';
import { api } from '../../functions/runtime/api.ts';
import { companyTenant } from '../../shared/tenant.ts';
import { gatewayEvent } from './fixture/event.ts';
import { type Answer, type Handler, startWorld, type World } from './fixture/world.ts';

let world: World;
let proxy: typeof Proxy;
beforeAll(async () => {
  world = await startWorld({ limits: { perPerson: 2, perCompany: 6 } });
  ({ handler: proxy } = await import('../../functions/platform-proxy.ts'));
});
afterAll(() => world.close());

const productsOf = (company: string) => `catalog/v2.0/company/${company}/products/`;
const ask = (path: string, cookie: string, method = 'GET') =>
  world.send(proxy, gatewayEvent({ path: `/api/platform/${path}`, pathParameters: { path }, cookie, method }));

/** Calls until one is refused, and says how many were not. */
async function exhaust(call: () => Promise<Answer>): Promise<{ admitted: number; refused: Answer }> {
  for (let admitted = 0; admitted < 100; admitted++) {
    const answer = await call();
    if (answer.status === 429) return { admitted, refused: answer };
  }
  throw new Error('Nothing was refused.');
}

test('a person who calls too often is refused with a moment to come back, hits and HEAD included, and nobody else is', async () => {
  const { company, cookie } = await world.signIn();
  await ask(productsOf(company), cookie);
  let methods = 0;
  const { admitted, refused } = await exhaust(() =>
    ask(productsOf(company), cookie, methods++ % 2 === 0 ? 'GET' : 'HEAD'),
  );
  expect(admitted).toBeGreaterThanOrEqual(9);
  expect(admitted).toBeLessThanOrEqual(20);
  expect(refused.headers).toMatchObject({
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    vary: 'Cookie, Authorization',
  });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect(refused.log).toMatchObject({ level: 'info', status: 429, code: 'rate_limited' });

  // Refused out of memory: no table is asked, nor the platform.
  const before = [world.tables.calls.length, world.platform.requests.length];
  const again = await ask('catalog/v1.0/anything/', cookie);
  expect(again.json).toMatchObject({ code: 'rate_limited', status: 429, title: 'Too many requests' });
  expect([world.tables.calls.length, world.platform.requests.length]).toEqual(before);

  const another = await world.signIn();
  expect((await ask(productsOf(another.company), another.cookie)).status).toBe(200);
});

test('routes of the author’s and the proxy are one allowance', async () => {
  const { company, cookie } = await world.signIn();
  const route: Handler = api(() => Promise.resolve({ ok: true }));
  const call = () => world.send(route, gatewayEvent({ path: '/api/x', cookie }));
  const { refused } = await exhaust(call);
  expect(refused.json).toMatchObject({ code: 'rate_limited' });
  expect((await ask(productsOf(company), cookie)).status).toBe(429);
});

test('a session that is over uses up nothing, neither of the person nor of the company', async () => {
  const { company, cookie } = await world.signIn();
  const { handler: session } = await import('../../functions/session.ts');
  const signOut = gatewayEvent({
    path: '/api/session',
    method: 'DELETE',
    cookie,
    headers: { 'x-company-id': company },
  });
  expect((await world.send(session, signOut)).status).toBe(204);
  const route: Handler = api(() => Promise.resolve({ ok: true }));
  for (let call = 0; call < 40; call++) {
    const answer =
      call % 2 === 0
        ? await ask(productsOf(company), cookie)
        : await world.send(route, gatewayEvent({ path: '/api/x', cookie }));
    expect(answer.status).toBe(401);
  }
  const later = await world.signIn({ tenant: companyTenant(company), signedInAtMs: Date.now() + 1 });
  const again = later.cookie.replace(/session_\d+/, `session_${company}`);
  expect((await ask(productsOf(company), again)).status).toBe(200);
});
