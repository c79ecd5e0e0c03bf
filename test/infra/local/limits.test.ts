import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../../flow/browser.ts';
import { type LocalWorld, startWorld } from '../../start-world.ts';

let dataDir: string;
let local: LocalWorld;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'limits-'));
  local = await startWorld({ dataDir, configFile: 'test/infra/local/limits.extension.config.ts' });
});
afterAll(async () => {
  await local.close();
  await rm(dataDir, { recursive: true, force: true });
});

const products = (company: number) => `/api/platform/catalog/v2.0/company/${company}/products/`;

test('a greedy session is refused for a while over all instances; colleagues and other companies go on', async () => {
  const people: [number, string][] = [
    [1, 'owner'],
    [1, 'catalog'],
    [2, 'owner'],
  ];
  const [greedy, colleague, other] = await Promise.all(
    people.map(async ([company, user]) => {
      const browser = new Browser(local.world);
      await browser.signIn(company, user);
      return browser;
    }),
  );
  if (!greedy || !colleague || !other) throw new Error('Nobody signed in.');

  // As many at once as a browser has connections: each is another instance of the function.
  let refusal: Response | undefined;
  const loop = async () => {
    for (let call = 0; call < 100 && refusal === undefined; call++) {
      const response = await greedy.fetch(products(1));
      if (response.status === 429) refusal = response;
      else expect(response.status).toBe(200);
    }
  };
  await Promise.all(Array.from({ length: 6 }, loop));
  expect(Number(refusal?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(refusal?.headers.get('content-type')).toBe('application/problem+json');
  expect(await refusal?.json()).toMatchObject({ status: 429, code: 'rate_limited', title: 'Too many requests' });
  // It says nothing of the session, which goes on.
  expect(refusal?.headers.getSetCookie()).toEqual([]);
  expect((await greedy.fetch('/api/session')).status).toBe(200);

  expect((await colleague.fetch(products(1))).status).toBe(200);
  expect((await other.fetch(products(2))).status).toBe(200);
});
