import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningPlatform, startPlatform } from '../../infra/simulated-platform/platform.ts';
import {
  cookieParser,
  express,
  type Json,
  MemoryStorage,
  type OfficialExtension,
  setupFdk,
} from './official-libraries.ts';

const apiKey = 'official-extension';
const apiSecret = 'CANARY-api-secret';
const scopes = ['company/products', 'company/orders'];
const event = 'company/product/update';

let platform: RunningPlatform;
let server: Server;
let baseUrl: string;
let fdk: OfficialExtension;
const delivered: unknown[] = [];
const cookies = new Map<string, string>();

beforeAll(async () => {
  const app = express();
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  baseUrl = `http://localhost:${(server.address() as AddressInfo).port}`;
  platform = await startPlatform({ extension: { apiKey, apiSecret, baseUrl, scopes } });
  fdk = await setupFdk(
    {
      api_key: apiKey,
      api_secret: apiSecret,
      cluster: platform.origin,
      scopes,
      storage: new MemoryStorage('test'),
      access_mode: 'offline',
      callbacks: { auth: () => `${baseUrl}/company/1`, uninstall: () => {} },
      webhook_config: {
        api_path: '/api/webhook-events',
        notification_email: 'developers@example.com',
        event_map: { [event]: { version: '1', handler: (...given: unknown[]) => void delivered.push(given) } },
      },
    },
    true,
  );
  app.use(cookieParser('CANARY-cookie-secret'));
  app.use(express.json());
  app.use(fdk.fdkHandler);
  app.post('/api/webhook-events', (request, reply, next) =>
    fdk.webhookRegistry.processWebhook(request).then(() => reply.json({ success: true }), next),
  );
  fdk.platformApiRoutes.get('/products', async ({ platformClient }, reply, next) =>
    platformClient.catalog['getProducts']?.().then((page) => reply.json(page), next),
  );
  fdk.platformApiRoutes.post('/sync', async ({ platformClient }, reply, next) =>
    fdk.webhookRegistry.syncEvents(platformClient, null, true).then(() => reply.json({ success: true }), next),
  );
  app.use('/api', fdk.platformApiRoutes);
  fdk.partnerApiRoutes.get('/themes', async ({ partnerClient }, reply, next) =>
    partnerClient['theme']?.['getOrganizationThemes']?.().then((page) => reply.json(page), next),
  );
  app.use('/partner', fdk.partnerApiRoutes);
  app.use(
    (
      error: Error,
      _request: unknown,
      reply: { status(code: number): { json(body: unknown): void } },
      _next: unknown,
    ) => {
      reply.status(500).json({ message: error.message });
    },
  );
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await platform.close();
});

/** A request of the browser's, which keeps the extension's cookies. */
async function browse(url: string, method = 'GET'): Promise<Response> {
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const response = await fetch(url, { method, redirect: 'manual', headers: { cookie, 'x-company-id': '1' } });
  for (const line of response.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    cookies.set(name, value);
  }
  return response;
}

async function control(method: string, path: string, body?: Json): Promise<unknown> {
  const response = await fetch(`${platform.origin}/__control/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  expect(response.ok, `${method} ${path}: ${response.status}`).toBe(true);
  return response.json();
}

const locationOf = (response: Response) => response.headers.get('location') ?? `none, but ${response.status}`;

/** Opens the extension for company 1 as this person, who agrees; answers where the browser ends. */
async function signIn(user: string): Promise<string> {
  await control('PUT', 'settings', { autoApprove: { user } });
  const install = await browse(`${baseUrl}/fp/install?company_id=1&client_id=${apiKey}`);
  const authorize = await fetch(locationOf(install), { redirect: 'manual' });
  const callback = await browse(locationOf(authorize));
  return locationOf(callback);
}

test('it starts with scopes by name, and takes its address from the extension details', () => {
  expect(fdk.extension).toMatchObject({ isInitialized: true, base_url: baseUrl, scopes });
});

test('a person installs it, its events are registered with that person’s token, and its route answers products', async () => {
  expect(await signIn('owner')).toBe(`${baseUrl}/company/1`);
  const [subscriber] = (await control('GET', 'subscribers?company_id=1')) as Json[];
  expect(subscriber).toMatchObject({
    provider: 'rest',
    status: 'active',
    webhook_url: `${baseUrl}/api/webhook-events`,
    event_configs: [{ event_name: 'product', event_type: 'update' }],
  });
  const registered = ((await control('GET', 'requests')) as Json[]).findLast(({ method }) => method === 'PUT');
  expect(registered).toMatchObject({ status: 200, signature: 'valid', grant: { mode: 'online' } });
  const products = await browse(`${baseUrl}/api/products`);
  expect([products.status, await products.json()]).toMatchObject([200, { items: expect.any(Array) as unknown }]);
});

test('tokens that are about to end are refreshed: the person’s while signing in, the company’s in the background', async () => {
  await control('PUT', 'settings', { accessTokenSeconds: 100, offlineTokenSeconds: 100, refresh: { mode: 'rotate' } });
  await control('DELETE', 'requests');
  await signIn('owner');
  const client = await fdk.getPlatformClient('1');
  expect(await client.catalog['getProducts']?.()).toHaveProperty('items');
  const requests = (await control('GET', 'requests')) as { url: string; status: number; grant?: { mode: string } }[];
  const refreshed = requests.filter(({ url, grant }) => url.endsWith('/oauth/token') && grant);
  expect(new Set(refreshed.map(({ status, grant }) => `${grant?.mode} ${status}`))).toEqual(
    new Set(['online 200', 'offline 200']),
  );
});

test('what it synchronises with the session of the person at the screen is kept by each version of the webhook service', async () => {
  for (const version of ['v3', 'v2', 'v1']) {
    await control('POST', 'reset');
    await signIn('owner');
    await control('PUT', 'settings', { webhooks: { versions: [version] } });
    const synchronised = await browse(`${baseUrl}/api/sync`, 'POST');
    expect([version, synchronised.status, await synchronised.json()]).toEqual([version, 200, { success: true }]);
    expect(await control('GET', 'subscribers?company_id=1')).toMatchObject([{ status: 'active' }]);
  }
});

test('a delivery reaches its handler with a signature that it accepts, and a forged one does not', async () => {
  await control('POST', 'reset');
  await signIn('owner');
  delivered.length = 0;
  const payload = { product: { uid: 7 } };
  await control('POST', 'companies/1/events', { event: `${event}/v1`, payload });
  expect(await control('GET', 'deliveries?company_id=1&state=delivered&at_least=1')).toHaveLength(1);
  expect(delivered).toMatchObject([[`${event}/v1`, { company_id: 1, payload }, 1, undefined]]);
  await control('POST', 'companies/1/events', { event: `${event}/v1`, tamper: 'signature' });
  expect(await control('GET', 'deliveries?company_id=1&state=failed&at_least=1')).toMatchObject([
    { attempts: [{ status: 500 }] },
  ]);
  expect(delivered).toHaveLength(1);
});

test('a partner installs it, and its partner route answers themes', async () => {
  await control('PUT', 'settings', { autoApprove: { user: 'owner' } });
  const organization = '5f0d1c2b3a4e5d6c7b8a0001';
  const install = await browse(`${baseUrl}/adm/install?organization_id=${organization}&client_id=${apiKey}`);
  const authorize = await fetch(locationOf(install), { redirect: 'manual' });
  expect(locationOf(await browse(locationOf(authorize)))).toBe(`${baseUrl}/admin`);
  const themes = await browse(`${baseUrl}/partner/themes`);
  expect([themes.status, await themes.json()]).toMatchObject([200, { themes: expect.any(Array) as unknown }]);
});
