import { afterAll, beforeAll, expect, test } from 'vitest';
import { UserCache } from '../../../shared/store/user-cache.ts';
import { startCaller } from '../fixture/cached-calls.ts';
import { startTables, type TestTables } from '../fixture/dynamodb.ts';
import { fakeHttpClient } from '../fixture/http-client.ts';
import { startTurns } from '../fixture/turns.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

async function startHeldCaller() {
  const turns = startTurns();
  const userCache = new UserCache(turns.documents(tables.documents), tables.names);
  const httpClient = turns.platform(fakeHttpClient(() => ({ body: '{}' })));
  const caller = await startCaller({ ...tables, userCache }, httpClient);
  return { caller, turns };
}

test('a hit waits for the network once, a miss twice and for the platform', async () => {
  const { caller, turns } = await startHeldCaller();
  expect(await caller.get()).toContain('fwd=uri-miss; stored');
  expect(turns.taken()).toEqual([['BatchGet'], ['products'], ['Put']]);
  expect(await caller.get()).toContain('hit');
  expect(turns.taken()).toEqual([['BatchGet']]);
});

test('a write waits for the network twice and for the platform, a person’s first one once more', async () => {
  const { caller, turns } = await startHeldCaller();
  await caller.call({ method: 'POST' });
  expect(turns.taken()).toEqual([['BatchGet', 'Update'], ['Update'], ['products'], ['Update']]);
  await caller.call({ method: 'POST' });
  expect(turns.taken()).toEqual([['BatchGet', 'Update'], ['products'], ['Update']]);
});
