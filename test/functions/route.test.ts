import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { handler as Products } from '../extension/products.ts';
import { gatewayEvent, type TestRequest } from './fixture/event.ts';
import { everywhere, signsIn, startWorld, type World } from './fixture/world.ts';

let world: World;
let products: typeof Products;
beforeAll(async () => {
  world = await startWorld();
  ({ handler: products } = await import('../extension/products.ts'));
});
afterAll(() => world.close());
afterEach(() => {
  world.platform.answer = signsIn;
  world.platform.requests.length = 0;
});

const send = (request: Partial<TestRequest>) =>
  world.send(products, gatewayEvent({ path: '/api/products', ...request }));
const application = '0123456789abcdef01234567';

describe('GET /api/products', () => {
  test('answers the items that this person may see, out of their own cache the second time', async () => {
    const { company, cookie } = await world.signIn();
    const items = [{ uid: 1, name: 'Shirt' }];
    world.platform.answer = () => ({ body: { items, page: { total: 1 } } });
    const answer = await send({ cookie });
    expect([answer.status, answer.json]).toEqual([200, { items }]);
    expect(answer.headers).toMatchObject({
      ...everywhere,
      'content-type': 'application/json',
      'cache-control': 'private, no-cache',
      vary: 'Cookie, Authorization',
      'cache-status': 'user-cache; fwd=uri-miss; stored',
    });
    expect(world.platform.requests[0]).toMatchObject({
      method: 'GET',
      url: `/service/platform/catalog/v2.0/company/${company}/products/?page_no=1&page_size=20`,
    });
    expect((await send({ cookie })).headers['cache-status']).toMatch(/^user-cache; hit; ttl=/);
    expect(world.platform.requests).toHaveLength(1);
  });

  test('of an application asks for the products of the application', async () => {
    const { company, cookie } = await world.signIn();
    const path = `/api/products/application/${application}`;
    const answer = await send({ path, pathParameters: { application_id: application }, cookie });
    expect(answer.json).toEqual({ items: [] });
    expect(world.platform.requests[0]?.url).toBe(
      `/service/platform/catalog/v1.0/company/${company}/application/${application}/raw-products/?page_no=1&page_size=20`,
    );
    const wrong = await send({ path, pathParameters: { application_id: 'CANARY' }, cookie });
    expect(wrong.json).toMatchObject({ code: 'invalid_request', detail: expect.stringContaining('application_id') });
  });

  test('passes a refusal of the platform on, with the scopes that the person lacks', async () => {
    const { cookie } = await world.signIn({ scopes: ['company/orders'] });
    world.platform.answer = () => ({
      status: 403,
      headers: { 'content-type': 'application/json' },
      body: { message: 'no' },
    });
    const answer = await send({ cookie });
    expect([answer.status, answer.json]).toEqual([403, { message: 'no' }]);
    expect(answer.headers).toMatchObject({ 'x-missing-scopes': 'company/products', vary: 'Cookie, Authorization' });
  });

  for (const [what, answer, status, code] of [
    ['answers 401', { status: 401 }, 401, 'session_expired'],
    ['answers HTML', { body: '<h1>Maintenance</h1>' }, 502, 'platform_error'],
    ['hangs up', 'hang up', 502, 'platform_error'],
  ] as const) {
    test(`is ${status} ${code} when the platform ${what}`, async () => {
      const { cookie } = await world.signIn();
      world.platform.answer = () => answer;
      const refused = await send({ cookie });
      expect([refused.status, refused.json['code']]).toEqual([status, code]);
      expect(refused.headers['content-type']).toBe('application/problem+json');
      expect(refused.cookies).toHaveLength(status === 401 ? 1 : 0);
    });
  }

  for (const body of ['', '{}', 'null', '{"items":null}']) {
    test(`is an empty list when the platform answers ${JSON.stringify(body)}`, async () => {
      const { cookie } = await world.signIn();
      world.platform.answer = () => ({ body });
      expect((await send({ cookie })).json).toEqual({ items: [] });
    });
  }

  test('needs a session that still counts', async () => {
    expect((await send({})).json).toMatchObject({ status: 401, code: 'session_required' });
    const { company, cookie } = await world.signIn();
    await world.tables.putInstallation(company, { status: { S: 'uninstalled' } });
    expect((await send({ cookie })).json).toMatchObject({ status: 401, code: 'session_expired' });
    expect(world.platform.requests).toEqual([]);
  });
});
