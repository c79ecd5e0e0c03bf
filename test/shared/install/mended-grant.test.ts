import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '../../../shared/problems.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { startTables, type TestTables } from '../fixture/dynamodb.ts';
import { offlineWork } from '../fixture/offline-work.ts';
import { problemOf } from '../fixture/problem.ts';
import { askedOf, fakePlatform, signIn } from '../fixture/sign-in.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

const hourMs = 3_600_000;

/** What a launch at that moment asks the platform for. */
async function launch(company: string, at: Date): Promise<string[]> {
  const httpClient = fakePlatform();
  await signIn(tables, company, { startedAt: at, httpClient });
  return askedOf(httpClient);
}

describe('a grant whose refreshes come to nothing, whatever the platform says,', () => {
  for (const [what, refresh] of [
    ['is answered 500', { status: 500, body: '' }],
    ['is answered 200 with nothing of use', { status: 200, body: { message: 'CANARY' } }],
    ['is not answered', new AppError('platform_timeout', 'The platform gave no answer.')],
  ] as const) {
    test(`is left alone for a day and then asked for again by a launch, where a refresh ${what}`, async () => {
      const world = offlineWork(tables, { refresh });
      const company = await world.install();
      const tenant = companyTenant(company);
      world.waited.push(hourMs);
      for (const hours of [0, 12, 11]) {
        world.waited.push(hours * hourMs);
        await problemOf(world.tokens.get(tenant));
        expect(await launch(company, world.now())).toEqual(['token']);
      }
      world.waited.push(2 * hourMs);
      expect(await launch(company, world.now())).toEqual(['token', 'offline-token']);
      expect(await tables.row(company)).not.toHaveProperty('refreshingSinceMs');
      expect(await launch(company, world.now())).toEqual(['token']);
      expect((await world.tokens.get(tenant)).accessToken).toBe('CANARY-offline-token');
    });
  }

  test('is not asked for again once a refresh worked', async () => {
    const world = offlineWork(tables, { refresh: { status: 500, body: '' } });
    const company = await world.install();
    world.waited.push(hourMs);
    await problemOf(world.tokens.get(companyTenant(company)));
    delete world.answers.refresh;
    world.waited.push(hourMs);
    expect((await world.tokens.get(companyTenant(company))).accessToken).toBe('CANARY-refreshed-token');
    expect(await tables.row(company)).not.toHaveProperty('refreshingSinceMs');
    world.waited.push(30 * hourMs);
    expect(await launch(company, world.now())).toEqual(['token']);
  });
});

test('a grant that nobody needed for a month is not asked for again', async () => {
  const world = offlineWork(tables);
  const company = await world.install();
  world.waited.push(720 * hourMs);
  expect(await launch(company, world.now())).toEqual(['token']);
});
