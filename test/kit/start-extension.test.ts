import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningExtension, startExtension } from './start-extension.ts';

let world: RunningExtension;
beforeAll(async () => {
  world = await startExtension();
});
afterAll(() => world.close());

const list = '/service/platform/catalog/v2.0/company/1/products/';

test('a person of a company is signed in in one line, and calls a route', async () => {
  const browser = await world.signIn();
  expect(await browser.json('/api/session')).toMatchObject({ company_id: '1' });
  const response = await browser.fetch('/api/products');
  expect(response.status).toBe(200);
  expect(((await response.json()) as { items: unknown[] }).items.length).toBeGreaterThan(0);
});

test('their browser may write, as a page of the extension may; a page of another site may not', async () => {
  const browser = await world.signIn();
  const other = { 'sec-fetch-site': 'cross-site' };
  expect((await browser.fetch('/api/session', { method: 'DELETE', headers: other })).status).toBe(403);
  expect((await browser.fetch('/api/session', { method: 'DELETE' })).status).toBe(204);
});

test('another person of another company holds what the platform gives them', async () => {
  await world.platform.setUser('newcomer', { permissions: ['company/orders'], first_name: 'Nita' });
  await world.signIn(2);
  const browser = await world.signIn(2, 'newcomer');
  expect(await browser.json('/api/session')).toMatchObject({ company_id: '2', scopes: ['company/orders'] });
});

test('a delivered event has been handled when the line is done', async () => {
  await world.signIn(1);
  await world.platform.forgetRequests();
  await world.deliver(1, 'company/product/update/v1', { product: { uid: 7_501_000 } });
  expect(await world.platform.requests(`${list}7501000/`)).toHaveLength(1);
});

test('an event that the configuration does not name is a sentence', async () => {
  await expect(world.deliver(1, 'company/inventory/update/v1', {})).rejects.toThrow(
    'No company/inventory/update/v1 was delivered: is it under `events`, and has company 1 installed?',
  );
});

test('a schedule has run for each company when the line is done', async () => {
  await world.platform.forgetRequests();
  await world.runSchedule('nightly');
  expect(await world.platform.requests(list)).toHaveLength(1);
  expect(world.logs().filter((line) => line.includes('products counted')).length).toBeGreaterThan(0);
});

test('a fault of the platform reaches the page as the template says', async () => {
  const browser = await world.signIn(3);
  await world.platform.fault({ path: list.replace('/1/', '/3/') }, { status: 503 });
  expect((await browser.fetch('/api/products')).status).toBe(503);
  await world.platform.clearFaults();
  expect((await browser.fetch('/api/products')).status).toBe(200);
});

test('a token that has expired is a session that has to be renewed', async () => {
  const browser = await world.signIn(1);
  await world.platform.expireTokens({ company_id: 1, access_mode: 'online' });
  const response = await browser.fetch(`/api/platform/catalog/v2.0/company/1/products/?page_size=3`);
  expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([401, 'session_expired']);
});
