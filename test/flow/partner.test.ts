import { beforeEach, describe, expect, inject, test } from 'vitest';
import { Browser } from './browser.ts';
import { PlatformControl } from './platform-control.ts';

const world = inject('offline');
const platform = new PlatformControl(world);
let organization = '';
beforeEach(async () => {
  await platform.reset();
  organization = await platform.organization();
});

const themes = (id: string) => `/api/partner/theme/v1.0/organization/${id}/themes`;

describe('somebody of an organization', () => {
  test('signs in, is told who they are, and calls the partners’ API through their cache', async () => {
    const browser = new Browser(world);
    const landed = await browser.signInPartner(organization);
    expect([landed.status, landed.headers.get('location')]).toEqual([
      302,
      `${world.baseUrl}/organization/${organization}`,
    ]);
    expect([...browser.cookies.keys()]).toEqual([`__Host-ext_session_org_${organization}`]);
    expect(await browser.json('/api/session')).toMatchObject({
      organization_id: organization,
      scopes: ['organization/themes'],
      missing_scopes: [],
    });
    const first = await browser.fetch(themes(organization));
    expect([first.status, first.headers.get('cache-status')]).toEqual([200, 'user-cache; fwd=uri-miss; stored']);
    expect(await first.json()).toMatchObject({ themes: expect.arrayContaining([]) });
    expect((await browser.fetch(themes(organization))).headers.get('cache-status')).toMatch(/^user-cache; hit/);
  });

  test('has a page, at every depth, and is sent to sign in to it', async () => {
    const browser = new Browser(world);
    const headers = { accept: 'text/html' };
    const sent = await browser.fetch(`/organization/${organization}/themes/1?a=b`, { headers });
    const place = new URL(sent.headers.get('location') ?? '', world.baseUrl);
    expect([sent.status, place.pathname]).toEqual([302, '/adm/install']);
    expect(Object.fromEntries(place.searchParams)).toEqual({
      organization_id: organization,
      client_id: world.apiKey,
      redirect_path: `/organization/${organization}/themes/1?a=b`,
    });
    await browser.signInPartner(organization);
    for (const path of ['', '/', '/themes/1']) {
      const page = await browser.fetch(`/organization/${organization}${path}`, { headers });
      expect([path, page.status, page.headers.get('content-type')]).toEqual([path, 200, 'text/html; charset=utf-8']);
    }
    const forTab = await new Browser(world).fetch(`/organization/${organization}?session=tab`, { headers });
    expect(forTab.status).toBe(200);
  });

  test('opens no company, nor somebody of a company an organization', async () => {
    const browser = new Browser(world);
    await browser.signInPartner(organization);
    await browser.signIn(73, 'owner', { install_event: 'true' });
    const products = '/api/platform/catalog/v2.0/company/73/products/';
    const statusOf = async (path: string, named: Record<string, string> = {}) =>
      (await browser.fetch(path, { headers: named })).status;
    expect([await statusOf(themes(organization)), await statusOf(products)]).toEqual([200, 200]);
    expect(await statusOf(products, { 'x-organization-id': organization })).toBe(403);
    expect(await statusOf(themes(organization), { 'x-company-id': '73' })).toBe(403);
    expect(await statusOf('/api/session')).toBe(400);
    const other = await platform.organization(1);
    expect(await statusOf(themes(other))).toBe(401);
  });

  test('is told where to sign in again when the platform no longer takes their token', async () => {
    const browser = new Browser(world);
    await browser.signInPartner(organization);
    await platform.expireTokens({ organization_id: organization });
    const answer = await browser.fetch(themes(organization), { headers: { accept: 'application/json' } });
    expect([answer.status, answer.headers.get('x-reauthorize-url')]).toEqual([
      401,
      `/adm/install?organization_id=${organization}&client_id=${world.apiKey}`,
    ]);
  });
});
