import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { handler as Callback } from '../../functions/callback.ts';
import type { handler as Install } from '../../functions/install.ts';
import type { handler as Proxy } from '../../functions/platform-proxy.ts';
import type { api as makeApi, partnerApi as makePartnerApi } from '../../functions/runtime/api.ts';
import type { asOrganization as actAsOrganization } from '../../functions/runtime/partner.ts';
import type { handler as SessionRoute } from '../../functions/session.ts';
import { Browser } from '../shared/fixture/browser.ts';
import { baseUrl, clientId } from '../shared/fixture/extension.ts';
import { offlineToken, onlineToken } from '../shared/fixture/sign-in.ts';
import { gatewayEvent, type TestRequest } from './fixture/event.ts';
import { startFlow } from './fixture/flow.ts';
import { signsIn, startWorld, type World } from './fixture/world.ts';

const scopes = ['organization/themes', 'organization/logistics'];
let world: World;
let handlers: { install: typeof Install; callback: typeof Callback };
let sessionRoute: typeof SessionRoute;
let proxy: typeof Proxy;
let api: typeof makeApi;
let partnerApi: typeof makePartnerApi;
let asOrganization: typeof actAsOrganization;
beforeAll(async () => {
  world = await startWorld({
    partner: { scopes },
    hooks: { installed: './functions/x.ts' },
    events: { 'company/product/update/v1': './functions/x.ts' },
    webhooks: { notificationEmail: 'owner@example.com' },
  });
  const { handler: install } = await import('../../functions/install.ts');
  const { handler: callback } = await import('../../functions/callback.ts');
  handlers = { install, callback };
  ({ handler: sessionRoute } = await import('../../functions/session.ts'));
  ({ handler: proxy } = await import('../../functions/platform-proxy.ts'));
  ({ api, partnerApi } = await import('../../functions/runtime/api.ts'));
  ({ asOrganization } = await import('../../functions/runtime/partner.ts'));
});
afterAll(() => world.close());
afterEach(() => {
  world.platform.answer = signsIn;
  world.platform.requests.length = 0;
  world.queue.sent.length = 0;
});

/** A platform that grants partners theirs, and companies what companies are asked for. */
function grants({ url }: { url: string }) {
  if (!url.includes('/organization/') || !url.includes('/oauth/')) return signsIn({ url });
  const body = url.endsWith('/token') ? onlineToken : offlineToken;
  return { headers: { 'content-type': 'application/json' }, body: { ...body, scope: scopes } };
}

let organizations = 0;
/** An organization that somebody of it has opened the extension for. */
async function signedIn(browser = new Browser(), organization = `org-${++organizations}_A`) {
  world.platform.answer = grants;
  const headers = { accept: 'text/html' };
  const send = async (handler: typeof Install, path: string, query: string) => {
    const answer = await world.send(handler, gatewayEvent({ path, query, headers, cookie: browser.header }));
    browser.take(answer.cookies);
    return answer;
  };
  const named = `organization_id=${organization}&client_id=${clientId}`;
  const launched = await send(handlers.install, '/adm/install', named);
  const authorize = new URL(launched.headers['location'] ?? '');
  const state = authorize.searchParams.get('state') ?? '';
  const landed = await send(handlers.callback, '/adm/auth', `${named}&state=${state}&code=CANARY-code`);
  return { browser, organization, authorize, landed };
}

async function signedInCompany(browser = new Browser()) {
  world.platform.answer = grants;
  const flow = startFlow(world, handlers, browser);
  await flow.comeBack(flow.withCode(await flow.launch()));
  return { browser, company: flow.company };
}

const ask = (handler: typeof Install, browser: Browser, request: TestRequest) =>
  world.send(handler, gatewayEvent({ cookie: browser.header, ...request }));

describe('an organization', () => {
  test('is asked for the partner’s scopes, installs in a row of its own, and lands on its page', async () => {
    const { organization, authorize, landed } = await signedIn();
    expect(authorize.pathname).toBe(`/service/panel/authentication/v1.0/organization/${organization}/oauth/authorize`);
    expect(authorize.searchParams.get('redirect_uri')).toBe(`${baseUrl}/adm/auth`);
    expect(authorize.searchParams.get('scope')).toBe(scopes.join(','));
    expect([landed.status, landed.headers['location']]).toEqual([302, `${baseUrl}/organization/${organization}`]);
    expect(landed.cookies.find((each) => each.startsWith('__Host-ext_session_'))).toMatch(
      new RegExp(`^__Host-ext_session_org_${organization}=.*; Partitioned`),
    );
    expect(world.platform.requests.map(({ url }) => url)).toEqual([
      `/service/panel/authentication/v1.0/organization/${organization}/oauth/token`,
      `/service/panel/authentication/v1.0/organization/${organization}/oauth/offline-token`,
    ]);
    const row = (await world.tables.items()).find(({ pk }) => pk?.S === `organization#${organization}`);
    expect(row).toMatchObject({ status: { S: 'installed' }, scopes: { L: scopes.map((scope) => ({ S: scope })) } });
    expect(row).not.toHaveProperty('listed');
    // Hooks, webhooks and schedules are about companies.
    expect(world.queue.sent).toEqual([]);
  });

  test('opens again without asking for its grant', async () => {
    const { browser, organization } = await signedIn();
    world.platform.requests.length = 0;
    await signedIn(browser, organization);
    expect(world.platform.requests.map(({ url }) => url.split('/').at(-1))).toEqual(['token']);
  });

  test('is told who is signed in, by its own name and scopes', async () => {
    const { browser, organization } = await signedIn();
    const answer = await ask(sessionRoute, browser, { path: '/api/session' });
    expect(answer.json).toMatchObject({
      organization_id: organization,
      scopes: [...scopes].sort(),
      missing_scopes: [],
    });
    expect(answer.json).not.toHaveProperty('company_id');
  });

  test('calls the partners’ API with its own token, through its own cache', async () => {
    const { browser, organization } = await signedIn();
    world.platform.requests.length = 0;
    world.platform.answer = () => ({
      headers: { 'content-type': 'application/json', location: '/service/partner/theme/v1.0/x' },
      body: { items: [] },
    });
    const path = `/api/partner/theme/v1.0/organization/${organization}/themes`;
    const first = await ask(proxy, browser, { path });
    expect([first.status, first.headers['cache-status']]).toEqual([200, 'user-cache; fwd=uri-miss; stored']);
    expect(first.headers['location']).toBe('/api/partner/theme/v1.0/x');
    expect((await ask(proxy, browser, { path })).headers['cache-status']).toMatch(/^user-cache; hit/);
    expect(world.platform.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      [`/service/partner/theme/v1.0/organization/${organization}/themes`, 'Bearer CANARY-online-token'],
    ]);
    for (const service of ['webhook', 'lead']) {
      const other = await ask(proxy, browser, { path: path.replace('theme', service) });
      expect([service, other.status, other.json['code']]).toEqual([service, 403, 'route_not_allowed']);
    }
  });

  test('proves the origin of a write by naming itself', async () => {
    const { browser, organization } = await signedIn();
    const write = { method: 'POST', path: `/api/partner/theme/v1.0/organization/${organization}/themes` };
    expect((await ask(proxy, browser, write)).json['code']).toBe('cross_site_request');
    expect((await ask(proxy, browser, { ...write, headers: { 'x-organization-id': organization } })).status).toBe(200);
  });

  test('is told where to sign in again', async () => {
    const answer = await ask(sessionRoute, new Browser(), {
      path: '/api/session',
      headers: { 'x-organization-id': 'a1', accept: 'application/json' },
    });
    expect([answer.status, answer.json['code']]).toEqual([401, 'session_required']);
    expect(answer.headers['x-reauthorize-url']).toBe(`/adm/install?organization_id=a1&client_id=${clientId}`);
  });

  test.each(['', 'a b', 'a/b', 'é', 'a'.repeat(65), '%00', '../1'])('is not named %j', async (id) => {
    const query = new URLSearchParams({ organization_id: id, client_id: clientId }).toString();
    const answer = await ask(handlers.install, new Browser(), { path: '/adm/install', query });
    expect([answer.status, answer.json['code']]).toEqual([400, 'invalid_request']);
    expect(answer.json['detail']).toContain('organization_id');
  });
});

describe('a company and an organization', () => {
  test('open nothing of each other, whatever is named', async () => {
    const { browser, organization } = await signedIn();
    const { company } = await signedInCompany(browser);
    const both = [
      `/api/platform/catalog/v2.0/company/${company}/products/`,
      `/api/partner/theme/v1.0/organization/${organization}/themes`,
    ];
    for (const path of both) expect((await ask(proxy, browser, { path })).status).toBe(200);
    world.platform.requests.length = 0;
    for (const [path, headers] of [
      [both[0], { 'x-organization-id': organization }],
      [both[1], { 'x-company-id': company }],
      ['/api/platform/catalog/v2.0/anything', { 'x-organization-id': organization }],
      ['/api/partner/theme/v1.0/anything', { 'x-company-id': company }],
      ['/api/session', { 'x-company-id': company, 'x-organization-id': organization }],
    ] as const) {
      const handler = path === '/api/session' ? sessionRoute : proxy;
      const answer = await ask(handler, browser, { path: path ?? '', headers });
      expect([path, answer.status]).toEqual([path, 403]);
      expect(['tenant_mismatch', 'route_not_allowed']).toContain(answer.json['code']);
    }
    expect(world.platform.requests).toEqual([]);
  });

  test('are two sessions, of which one must be named', async () => {
    const { browser, organization } = await signedIn();
    const { company } = await signedInCompany(browser);
    const session = (request: Partial<TestRequest>) => ask(sessionRoute, browser, { path: '/api/session', ...request });
    expect((await session({})).json['code']).toBe('invalid_request');
    expect((await session({ query: `organization_id=${organization}` })).json).toMatchObject({
      organization_id: organization,
    });
    expect((await session({ headers: { 'x-company-id': company } })).json).toMatchObject({ company_id: company });
  });

  test('of one id are two, and a transaction of one is none of the other', async () => {
    const browser = new Browser();
    const { company } = await signedInCompany(browser);
    const { landed } = await signedIn(browser, company);
    expect(landed.status).toBe(302);
    const keys = (await world.tables.items()).map(({ pk }) => pk?.S);
    expect(keys).toEqual(expect.arrayContaining([`company#${company}`, `organization#${company}`]));

    const flow = startFlow(world, handlers, browser);
    const state = await flow.launch();
    const query = `organization_id=${flow.company}&client_id=${clientId}&state=${state}&code=CANARY-code&returned=1`;
    const answer = await ask(handlers.callback, browser, { path: '/adm/auth', query });
    expect([answer.status, answer.json['code']]).toEqual([400, 'state_mismatch']);
  });

  test('a cookie that is renamed from one to the other opens nothing', async () => {
    const { browser } = await signedInCompany();
    const [, text] = /=(.*)/.exec(browser.header) ?? [];
    const cookie = `__Host-ext_session_org_a1=${text}`;
    const answer = await world.send(
      sessionRoute,
      gatewayEvent({ path: '/api/session', cookie, headers: { 'x-organization-id': 'a1' } }),
    );
    expect([answer.status, answer.json['code']]).toEqual([403, 'tenant_mismatch']);
  });

  test('a route that is for companies runs for no organization', async () => {
    const { browser, organization } = await signedIn();
    let runs = 0;
    const answer = await ask(
      api(() => Promise.resolve(++runs)),
      browser,
      { path: '/api/x', headers: { 'x-organization-id': organization } },
    );
    expect([answer.status, answer.json['code'], runs]).toEqual([403, 'tenant_mismatch', 0]);
  });

  test('a route that is for organizations runs for them, and for no company', async () => {
    const { browser, organization } = await signedIn();
    const { company } = await signedInCompany(browser);
    const route = partnerApi(async (context) => {
      await context.platform.get(`theme/v1.0/organization/${context.organization}/themes`);
      return { organization: context.organization, scopes: context.scopes };
    });
    world.platform.requests.length = 0;
    const theirs = await ask(route, browser, { path: '/api/x', headers: { 'x-organization-id': organization } });
    expect(theirs.json).toEqual({ organization, scopes: [...scopes].sort() });
    expect(world.platform.requests.map(({ url }) => url)).toEqual([
      `/service/partner/theme/v1.0/organization/${organization}/themes`,
    ]);
    const ours = await ask(route, browser, { path: '/api/x', headers: { 'x-company-id': company } });
    expect([ours.status, ours.json['code']]).toEqual([403, 'tenant_mismatch']);
  });
});

describe('background work for an organization', () => {
  test('calls the partners’ API with its offline token', async () => {
    const { organization } = await signedIn();
    world.platform.requests.length = 0;
    const { platform } = await asOrganization(organization);
    await platform.get(`theme/v1.0/organization/${organization}/themes`);
    expect(world.platform.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      [`/service/partner/theme/v1.0/organization/${organization}/themes`, 'Bearer CANARY-offline-token'],
    ]);
    await expect(platform.get('theme/v1.0/organization/another/themes')).rejects.toMatchObject({
      code: 'tenant_mismatch',
    });
  });

  test('is refused where it has no grant', async () => {
    await expect(asOrganization('nobody')).rejects.toMatchObject({ code: 'installation_required' });
  });
});
