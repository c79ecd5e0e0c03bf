import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../../flow/browser.ts';
import { type LocalWorld, startWorld } from '../../start-world.ts';

let directory: string;
let one: LocalWorld;
let other: LocalWorld;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stages-'));
  const configFile = 'test/infra/local/staged.extension.config.ts';
  // What a command about a deployed extension may have left.
  process.env['EXTENSION_STAGE'] = 'prod';
  one = await startWorld({ dataDir: join(directory, 'one'), configFile });
  other = await startWorld({ dataDir: join(directory, 'other'), configFile, platform: one.platform });
  delete process.env['EXTENSION_STAGE'];
});
afterAll(async () => {
  await other.close();
  await one.close();
  await rm(directory, { recursive: true, force: true });
});

test('on this machine no stage counts, whatever a shell still names', async () => {
  const browser = new Browser(one.world);
  expect((await browser.signIn(1)).status).toBe(302);
  expect(await browser.json('/api/session')).toMatchObject({ company_id: '1' });
});

test('a session of one deployment is none at another one of the same extension, key and company', async () => {
  const browser = new Browser(one.world);
  await browser.signIn(1);
  const taken = new Browser(other.world);
  for (const [name, value] of browser.cookies) taken.cookies.set(name, value);
  expect(taken.cookies.size).toBeGreaterThan(0);
  expect((await browser.fetch('/api/session')).status).toBe(200);
  const refused = await taken.fetch('/api/session');
  expect([refused.status, await refused.json()]).toEqual([401, expect.objectContaining({ code: 'session_required' })]);
});
