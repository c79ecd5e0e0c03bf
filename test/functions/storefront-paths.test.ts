import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type * as StorefrontPaths from '../../functions/runtime/storefront-paths.ts';
import type { BackgroundContext } from '../../shared/background/handlers.ts';
import { PlatformResponseError } from '../../shared/platform/platform-client.ts';
import { baseUrl, clientId } from '../shared/fixture/extension.ts';
import { startWorld, type World } from './fixture/world.ts';

let world: World;
let paths: typeof StorefrontPaths;
beforeAll(async () => {
  world = await startWorld();
  paths = await import('../../functions/runtime/storefront-paths.ts');
});
afterAll(() => world.close());

const application = '65a000000000000000000001';
const address = `partners/v1.0/company/1/application/${application}/proxy/${clientId}`;
let asked: string[];
let statuses: number[];
beforeEach(() => {
  asked = [];
  statuses = [];
});

function answer(line: string): Promise<never> {
  asked.push(line);
  const status = statuses.shift() ?? 200;
  if (status < 300) return Promise.resolve(undefined as never);
  return Promise.reject(new PlatformResponseError({ status, headers: {}, body: Buffer.alloc(0) }, line));
}
const company = {
  company: '1',
  platform: {
    post: (path: string, options?: { body?: unknown }) => answer(`POST ${path} ${JSON.stringify(options?.body)}`),
    delete: (path: string) => answer(`DELETE ${path}`),
  } as unknown as BackgroundContext['platform'],
};
const registration = `POST ${address} {"attached_path":"wishlist","proxy_url":"${baseUrl}/ext/wishlist"}`;
const place = { application, path: 'wishlist' };

test('a storefront path leads to this extension', async () => {
  await paths.registerStorefrontPath(company, place);
  expect(asked).toEqual([registration]);
});

test('one that is there already is registered anew', async () => {
  statuses = [409, 404];
  await paths.registerStorefrontPath(company, place);
  expect(asked).toEqual([registration, `DELETE ${address}/wishlist`, registration]);
});

test('what the platform refuses for another reason is the caller’s to know', async () => {
  statuses = [403];
  await expect(paths.registerStorefrontPath(company, place)).rejects.toThrow('403');
  statuses = [409, 200, 409];
  await expect(paths.registerStorefrontPath(company, place)).rejects.toThrow('409');
  statuses = [500];
  await expect(paths.removeStorefrontPath(company, place)).rejects.toThrow('500');
});

test('what is no segment is refused before anybody is asked', async () => {
  for (const path of ['', 'a/b', '..', 'é', 'a'.repeat(65)]) {
    await expect(paths.registerStorefrontPath(company, { application, path })).rejects.toThrow('one segment');
  }
  expect(asked).toEqual([]);
});
