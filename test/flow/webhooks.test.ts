import { beforeEach, describe, expect, inject, test } from 'vitest';
import { Browser } from './browser.ts';
import { PlatformControl } from './platform-control.ts';

const world = inject('offline');
const platform = new PlatformControl(world);
const key = 'company/product/update/v1';
const webhookUrl = `${world.baseUrl}/api/webhook-events`;

beforeEach(async () => {
  await platform.reset();
});

/** Signs in, so that the company is installed and its subscriber registered. */
async function subscribed(company: number): Promise<Browser> {
  const browser = new Browser(world);
  expect((await browser.signIn(company, 'owner', { install_event: 'true' })).status).toBe(302);
  await expect.poll(() => platform.subscribers(company), { timeout: 20_000 }).toHaveLength(1);
  return browser;
}

/** What the sample's handler does with an event: reads the product with the company's own token. */
const handled = (company: number, uid: number) =>
  expect.poll(
    async () =>
      (await platform.requests(`/service/platform/catalog/v2.0/company/${company}/products/${uid}/`)).filter(
        ({ method }) => method === 'GET',
      ).length,
    { timeout: 20_000 },
  );
const payloadOf = (uid: number) => ({ product: { uid } });
const [category, name, type] = key.split('/');
/** An event that names no company. */
const bare = (uid: number) => ({ event: { category, name, type, version: '1' }, payload: payloadOf(uid) });
const lastStatus = async (query: Record<string, string>) =>
  (await platform.deliveries(query)).at(-1)?.attempts.at(-1)?.status;

describe('webhooks', () => {
  test('are registered once the company is installed, with the configured events', async () => {
    await subscribed(47);
    const [subscriber] = await platform.subscribers(47);
    expect(subscriber).toMatchObject({
      status: 'active',
      provider: 'rest',
      webhook_url: `${webhookUrl}?company_id=47`,
    });
    const events = (subscriber?.['event_configs'] ?? []) as Record<string, string>[];
    expect(events.map((e) => `${e['event_category']}/${e['event_name']}/${e['event_type']}/v${e['version']}`)).toEqual([
      key,
      'company/brand/update/v1',
    ]);
    await platform.forgetRequests();
    await new Browser(world).signIn(47);
    expect(await platform.requests('/service/platform/webhook/')).toEqual([]);
  });

  for (const versions of [['v2', 'v1'], ['v1']]) {
    test(`are registered with a platform that knows only ${versions.join(' and ')}`, async () => {
      await platform.set({ webhooks: { versions } });
      await subscribed(48);
      expect((await platform.subscribers(48))[0]).toMatchObject({
        status: 'active',
        webhook_url: `${webhookUrl}?company_id=48`,
      });
    });
  }

  test('reach the author’s handler, which works with the company’s own token', async () => {
    await subscribed(49);
    await platform.event(49, { event: key, payload: payloadOf(7_549_000) });
    await platform.deliveries({ company_id: '49', state: 'delivered', at_least: '1' });
    await handled(49, 7_549_000).toBe(1);
  });

  test('are handled once, however often the platform delivers them', async () => {
    await subscribed(50);
    await platform.event(50, { event: key, payload: payloadOf(7_550_000), duplicate: true });
    await platform.event(50, { event: key, payload: payloadOf(7_550_001) });
    // In order per company: when the later one was handled, both deliveries of the first were done with.
    await handled(50, 7_550_001).toBe(1);
    await handled(50, 7_550_000).toBe(1);
  });

  for (const [what, options, status] of [
    ['tampered with', { tamper: 'body' }, 403],
    ['wrongly signed', { tamper: 'signature' }, 403],
    ['unsigned', { tamper: 'unsigned' }, 401],
    ['signed by somebody else', { secret: 'CANARY-other' }, 403],
    ['no JSON', { raw: '{"company_id":' }, 400],
    ['no UTF-8', { raw_base64: Buffer.from([0x7b, 0xff, 0x7d]).toString('base64') }, 400],
    ['nested too deeply', { raw: `${'['.repeat(5_000)}${']'.repeat(5_000)}` }, 400],
    ['about another company', { raw: JSON.stringify({ company_id: 52, ...bare(7_551_000) }) }, 403],
  ] as const) {
    test(`that are ${what} are refused with ${status}, and nothing is handled`, async () => {
      await subscribed(51);
      await platform.event(51, { event: key, payload: payloadOf(7_551_000), ...options });
      await expect.poll(() => lastStatus({ company_id: '51' }), { timeout: 10_000 }).toBe(status);
      await platform.event(51, { event: key, payload: payloadOf(7_551_001) });
      await handled(51, 7_551_001).toBe(1);
      await handled(51, 7_551_000).toBe(0);
    });
  }

  test('that are signed with the API secret are refused: nothing is registered with it', async () => {
    await platform.event(60, { event: key, payload: payloadOf(7_560_000), force: true });
    await expect.poll(() => lastStatus({ company_id: '60' }), { timeout: 10_000 }).toBe(403);
  });

  test('that name no company count for the one whose secret signed them', async () => {
    await subscribed(24);
    await platform.event(24, { event: key, raw: JSON.stringify(bare(7_524_000)) });
    await handled(24, 7_524_000).toBe(1);
  });

  test('are handled where the platform drops the query of the address', async () => {
    await platform.set({ webhooks: { dropsQuery: true } });
    await subscribed(25);
    await platform.event(25, { event: key, payload: payloadOf(7_525_000) });
    await handled(25, 7_525_000).toBe(1);
    expect(await platform.deliveries({ company_id: '25' })).toMatchObject([{ url: webhookUrl }]);
  });

  test('that are a ping, unknown or replayed are taken and dropped', async () => {
    await subscribed(52);
    await platform.event(52, { event: 'ping' });
    await platform.event(52, { event: 'company/unheard/of/v1', force: true });
    await platform.event(52, {
      event: key,
      payload: payloadOf(7_552_000),
      created_at_ms: Date.now() - 31 * 86_400_000,
    });
    await expect
      .poll(async () => (await platform.deliveries({ state: 'delivered' })).length, { timeout: 10_000 })
      .toBe(3);
    await platform.event(52, { event: key, payload: payloadOf(7_552_001) });
    await handled(52, 7_552_001).toBe(1);
    await handled(52, 7_552_000).toBe(0);
  });

  test('are handled that the platform held back for weeks, and once each, by the id that they were signed with', async () => {
    await subscribed(61);
    const event = { event: key, payload: payloadOf(7_561_000), created_at_ms: Date.now() - 20 * 86_400_000 };
    // Each has a trace of its own, so that their bytes differ.
    for (let time = 0; time < 3; time++) await platform.event(61, { ...event, id: 'held-back' });
    await platform.event(61, { event: key, payload: payloadOf(7_561_001) });
    await handled(61, 7_561_001).toBe(1);
    await handled(61, 7_561_000).toBe(1);
  });

  test('are handled after the platform recovers', async () => {
    await subscribed(53);
    const path = '/service/platform/catalog/v2.0/company/53/products/7553000/';
    await platform.fault({ path }, { status: 500, body: '{}' }, 1);
    await platform.event(53, { event: key, payload: payloadOf(7_553_000) });
    await handled(53, 7_553_000).toBe(2);
  });

  test('are handled with a token that is refreshed once, when it has expired', async () => {
    await platform.set({ refresh: { mode: 'revoke-family' }, offlineTokenSeconds: 1 });
    await subscribed(54);
    await platform.set({ offlineTokenSeconds: 3599 });
    await platform.forgetRequests();
    await platform.expireTokens({ company_id: 54, access_mode: 'offline' });
    for (const uid of [7_554_000, 7_554_001, 7_554_002])
      await platform.event(54, { event: key, payload: payloadOf(uid) });
    await handled(54, 7_554_002).toBe(1);
    const refreshes = await platform.requests('/service/panel/authentication/v1.0/company/54/oauth/token');
    expect(refreshes).toHaveLength(1);
  });
});
