import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { api, partnerApi } from '../../functions/runtime/api.ts';
import { event } from '../../functions/runtime/background.ts';
import { call } from '../../functions/runtime/call.ts';
import { secret, setting } from '../../functions/runtime/own-settings.ts';
import { handler as launched } from '../extension/launched.ts';
import { handler as nightly } from '../extension/nightly.ts';
import { handler as notes } from '../extension/notes.ts';
import { handler as onInstallation } from '../extension/on-installation.ts';
import { handler as onProductUpdate } from '../extension/on-product-update.ts';
import { handler as pay } from '../extension/pay.ts';
import { handler as paymentStatus } from '../extension/payment-status.ts';
import { handler as products } from '../extension/products.ts';
import { handler as wishlist } from '../extension/wishlist.ts';
import { moveClock } from './clock.ts';
import { type OwnTables, startOwnTables } from './own-tables.ts';
import { testEvent, testHook, testLaunch, testSchedule } from './test-background.ts';
import { testRoute } from './test-route.ts';
import { testCall, testStorefront } from './test-signed-call.ts';

vi.stubEnv('EXTENSION_CONFIG', 'test/extension/kit.extension.config.ts');

const list = 'GET catalog/v2.0/company/{company}/products/';
const refused = Response.json({ message: 'no' }, { status: 403 });

describe('settings and secrets', () => {
  const own = async () => [setting('lowStock' as never), await secret('slackUrl' as never)] as unknown[];
  const digest = (values: unknown) => createHash('sha256').update(JSON.stringify(values)).digest('hex');

  test('are as configured, and canaries, where a test says nothing; else what it says, for each call', async () => {
    // A digest: what answers a request must hold no canary.
    const route = api(async () => ({ digest: digest(await own()) }));
    const given = { settings: { lowStock: 3 }, secrets: { slackUrl: 'CANARY-given' } } as never;
    expect((await testRoute(route)).json).toEqual({ digest: digest([5, 'CANARY-slackUrl']) });
    expect((await testRoute(route, given)).json).toEqual({ digest: digest([3, 'CANARY-given']) });
    const inBackground = event(async ({ log }) => log('own', { digest: digest(await own()) }));
    const [logged] = (await testEvent(inBackground, given)).logged;
    expect(logged?.fields).toEqual({ digest: digest([3, 'CANARY-given']) });
    expect((await testEvent(inBackground)).logged[0]?.fields).toEqual({ digest: digest([5, 'CANARY-slackUrl']) });
  });
});

describe('testRoute', () => {
  const echo = api(async ({ company, user, scopes, request }) => {
    const { method, pathParameters, query, headers } = request;
    const body = method === 'GET' ? undefined : request.json();
    return { company, user, scopes, method, pathParameters, page: query.get('page'), mark: headers['x-mark'], body };
  });

  test('sends a GET of the owner of company 1 who holds every configured scope, where nothing else is said', async () => {
    const { status, json } = await testRoute(echo);
    expect(status).toBe(200);
    expect(json).toMatchObject({ company: '1', user: { id: 'u1' }, method: 'GET', pathParameters: {} });
    expect(json).toMatchObject({ scopes: expect.arrayContaining(['company/products', 'company/orders']) });
  });

  test('sends what it is given, as the person that it is given', async () => {
    const request = { method: 'POST', query: { page: '2' }, headers: { 'x-mark': 'm' }, body: { stock: 3 } };
    const who = { company: '12', user: { name: 'Ravi' }, scopes: ['company/orders'], pathParameters: { item_id: '7' } };
    const { json } = await testRoute(echo, { ...request, ...who });
    expect(json).toMatchObject({
      company: '12',
      user: { id: 'u1', name: 'Ravi' },
      scopes: ['company/orders'],
      method: 'POST',
      pathParameters: { item_id: '7' },
      page: '2',
      mark: 'm',
      body: { stock: 3 },
    });
  });

  test('answers the platform’s part with JSON, a Response or a function, and says what was asked, with an empty cache each time', async () => {
    const first = await testRoute(products, { platform: { [list]: { items: [1] } } });
    const second = await testRoute(products, {
      platform: { [list]: ({ query }) => ({ items: [query['page_size']] }) },
    });
    const third = await testRoute(products, { platform: { [list]: refused } });
    expect([first.json, second.json, third.status]).toEqual([{ items: [1] }, { items: ['20'] }, 403]);
    expect(first.calls).toEqual([
      {
        method: 'GET',
        path: 'catalog/v2.0/company/1/products/',
        query: { page_no: '1', page_size: '20' },
        body: undefined,
      },
    ]);
  });

  test('fails with a sentence where the handler asks for what the test does not answer', async () => {
    await expect(testRoute(products, { platform: { 'GET order/{x}': {} } })).rejects.toThrow(
      /^The handler asked the platform for 'GET catalog\/v2\.0\/company\/1\/products\/', which .*\n {2}'GET order\/\{x\}'$/,
    );
  });

  test('goes through everything that a route requires', async () => {
    expect((await testRoute(echo, { signedOut: true })).json).toMatchObject({ code: 'session_required' });
    const foreign = await testRoute(echo, { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } });
    expect(foreign.status).toBe(403);
    expect(foreign.log).toMatchObject({ status: 403 });
  });
});

describe('testRoute with an organization', () => {
  test('sends what a person of it asks a handler of partnerApi, with the partner’s scopes', async () => {
    const themes = partnerApi(async ({ organization, scopes, platform }) => ({
      organization,
      scopes,
      themes: await platform.get(`theme/v1.0/organization/${organization}/themes`),
    }));
    const platform = { 'GET theme/v1.0/organization/{organization}/themes': { items: [] } };
    const { json, calls } = await testRoute(themes, { organization: 'a1', platform });
    expect(json).toEqual({ organization: 'a1', scopes: ['organization/themes'], themes: { items: [] } });
    expect(calls.map(({ path }) => path)).toEqual(['theme/v1.0/organization/a1/themes']);
  });
});

describe('testStorefront and testCall', () => {
  const product = { 'GET catalog/v1.0/products/': { items: [] } };

  test('send what the platform forwards for a shopper, signed', async () => {
    const platform = { 'GET catalog/v2.0/company/7/products/': { page: {} } };
    const shopper = { _id: 's1' };
    const given = { company: '7', pathParameters: { id: 'x y' }, query: { q: 'tea & rice' }, shopper };
    const { status, json, storefrontCalls } = await testStorefront(wishlist, {
      ...given,
      platform,
      storefront: product,
    });
    expect([status, json]).toMatchObject([
      200,
      { company: '7', shopper: 's1', id: 'x y', query: [['q', 'tea & rice']], saw: { products: true, page: true } },
    ]);
    expect(storefrontCalls.map(({ path }) => path)).toEqual(['catalog/v1.0/products/']);
    const anybody = await testStorefront(wishlist, {
      method: 'POST',
      body: { a: 1 },
      platform: { [list]: {} },
      storefront: product,
    });
    expect(anybody.json).toMatchObject({ shopper: null, bytes: 7 });
  });

  test('send what a server sends, with the proof that the route of the configuration asks for', async () => {
    const paid = await testCall(pay, {
      route: 'POST /pay/{company_id}/{application_id}',
      company: '7',
      pathParameters: { company_id: '7', application_id: 'a1' },
      body: { company_id: 7 },
      platform: { 'GET catalog/v2.0/company/7/products/': { page: {} } },
    });
    expect(paid.json).toEqual({ success: true, company: '7', signed: { company_id: 7 } });
    const route = 'GET /api/v1/payment_status/{gid}';
    const { json } = await testCall(paymentStatus, { route, pathParameters: { gid: 'g 1' } });
    expect(json).toMatchObject({ gid: 'g 1', verifiedBy: 'checksum' });
  });

  test('give settings and secrets, and every line of the log', async () => {
    const route = 'POST /api/v1/payment_callback/{company_id}';
    const digest = (text: unknown) => createHash('sha256').update(String(text)).digest('hex');
    const handler = call(async ({ log }) => {
      log('seen', { limit: setting('lowStock' as never) });
      return { digest: digest(await secret('slackUrl' as never)) };
    });
    const answer = await testCall(handler, { route, settings: { lowStock: 2 } } as never);
    expect(answer.json).toEqual({ digest: digest('CANARY-slackUrl') });
    expect(answer.log).toMatchObject([
      { message: 'seen', limit: 2 },
      { status: 200, route },
    ]);
  });

  test('fail with a sentence where the test says too little, and show a company that did not install', async () => {
    await expect(testStorefront(wishlist, { platform: { [list]: {} } })).rejects.toThrow(
      /'GET catalog\/v1\.0\/products\/'/,
    );
    await expect(testCall(pay, { route: 'POST /pay' })).rejects.toThrow(
      /^The configuration has no call «POST \/pay»\. It has: POST \/pay\/\{company_id\}/,
    );
    const { status, json } = await testStorefront(wishlist, { uninstalled: true });
    expect([status, json]).toMatchObject([409, { code: 'installation_required' }]);
  });
});

describe('testEvent, testSchedule, testHook and testLaunch', () => {
  test('run a handler for company 1, and say what it asked for and logged', async () => {
    const seen = event(async ({ company, payload, applications, event: { id }, log }) =>
      log('seen', { company, payload, applications, id }),
    );
    const fields = { company: '1', payload: {}, applications: [], id: 'event-1' };
    expect(await testEvent(seen)).toEqual({ calls: [], logged: [{ message: 'seen', fields }] });
    const platform = { 'GET catalog/v2.0/company/5/products/{uid}/': { data: { name: 'Shirt' } } };
    const payload = { product: { uid: 7 } };
    const { calls, logged } = await testEvent(onProductUpdate, { company: '5', payload, platform });
    expect([calls[0]?.path, logged[0]?.fields]).toEqual([
      'catalog/v2.0/company/5/products/7/',
      { uid: 7, name: 'Shirt' },
    ]);
    const counted = await testSchedule(nightly, { platform: { [list]: { page: { item_total: 3 } } } });
    expect(counted.logged).toEqual([{ message: 'products counted', fields: { products: 3 } }]);
  });

  test('throw what the handler throws, and where the test answers too little', async () => {
    await expect(testSchedule(nightly)).rejects.toThrow(/'GET catalog\/v2\.0\/company\/1\/products\/', which/);
    const swallows = event(async ({ platform }) => void (await platform.get('a/v1.0/b').catch(() => undefined)));
    await expect(testEvent(swallows)).rejects.toThrow(/'GET a\/v1\.0\/b'/);
    const elsewhere = event(async ({ platform }) => void (await platform.get('catalog/v2.0/company/2/products/')));
    await expect(testEvent(elsewhere, { platform: { [list]: {} } })).rejects.toMatchObject({ code: 'tenant_mismatch' });
    await expect(testSchedule(nightly, { platform: { [list]: refused } })).rejects.toThrow(
      /^The platform answered 403/,
    );
  });

  test('an installation has a platform and scopes, an uninstall has neither', async () => {
    const note = 'PUT company-profile/v1.0/company/1/note';
    const installed = await testHook(onInstallation, { generation: 3, platform: { [note]: {} } });
    expect(installed.calls).toMatchObject([{ method: 'PUT', body: { generation: 3 } }]);
    expect(installed.logged[0]?.fields).toEqual({
      scopes: ['company/products', 'company/orders'],
      confirmedBy: undefined,
    });
    const uninstalled = await testHook(onInstallation, { uninstalled: true });
    expect(uninstalled.logged[0]?.fields).toEqual({ scopes: [], confirmedBy: 'platform' });
  });

  test('a launch lands where the handler says', async () => {
    expect(await testLaunch(launched)).toBe('/company/1?tab=orders');
    expect(await testLaunch(launched, { scopes: [] })).toBeUndefined();
  });
});

describe('own tables', () => {
  let tables: OwnTables;
  beforeAll(async () => {
    tables = await startOwnTables();
  });

  test('are those of own-resources.ts, which the handler under test finds by its variable', async () => {
    await tables.put('NOTES_TABLE', { company: '1', id: 'a', text: 'Call back.' }, { company: '2', id: 'a' });
    const { json } = await testRoute(notes);
    expect(json).toEqual({ notes: [{ company: '1', id: 'a', text: 'Call back.' }] });
    const written = { company: '3', method: 'PUT', pathParameters: { note_id: 'b' }, body: { text: 'Ask.' } };
    expect((await testRoute(notes, written)).status).toBe(200);
    expect(await tables.items('NOTES_TABLE')).toContainEqual(
      expect.objectContaining({ company: '3', id: 'b', by: 'Asha Rao', text: 'Ask.' }),
    );
  });

  test('have the keys of own-resources.ts: an item without them is refused', async () => {
    await expect(tables.put('NOTES_TABLE', { company: '1' })).rejects.toThrow();
  });

  test('a variable of no table of one’s own is a sentence that names those that are', async () => {
    await expect(tables.items('INSTALLATIONS_TABLE')).rejects.toThrow(
      'INSTALLATIONS_TABLE names no table of your own. These do: NOTES_TABLE.',
    );
  });

  describe('moveClock', () => {
    const before = Date.now();
    const day = 24 * 60 * 60;
    test('moves what the handler takes for now', async () => {
      moveClock(day);
      moveClock(day);
      await testRoute(notes, { method: 'PUT', company: '4', pathParameters: { note_id: 'c' }, body: {} });
      const [note] = (await tables.items('NOTES_TABLE')).filter(({ company }) => company === '4');
      expect(Number(note?.['at'])).toBeGreaterThanOrEqual(before + 2 * day * 1000);
    });
    test('until the test ends', () => {
      expect(Date.now()).toBeLessThan(before + day * 1000);
    });
  });
});

afterAll(() => vi.unstubAllEnvs());
