import { afterAll, beforeAll, expect, test } from 'vitest';
import { Installations } from '../../../shared/store/installations.ts';
import { startTables, type TestTables } from '../fixture/dynamodb.ts';
import { fakePlatform, signIn } from '../fixture/sign-in.ts';
import { startTurns } from '../fixture/turns.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

test('a sign-in waits for the network once, and one that installs for the two calls of the platform and the write', async () => {
  const turns = startTurns();
  const company = tables.newCompany();
  const complete = () =>
    signIn(tables, company, {
      installations: new Installations(turns.documents(tables.documents), tables.names.installations),
      httpClient: turns.platform(fakePlatform()),
    });
  await complete();
  expect(turns.taken()).toEqual([['Get', 'token'], ['offline-token'], ['Update']]);
  await complete();
  expect(turns.taken()).toEqual([['Get', 'token']]);
});
