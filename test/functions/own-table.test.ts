import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CreateTableCommand, PutItemCommand, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { table as tableOf } from '../../functions/runtime/tables.ts';
import { environment } from '../../shared/contract.ts';
import { gatewayEvent } from './fixture/event.ts';
import { type Handler, startWorld, type World } from './fixture/world.ts';

let world: World;
let table: typeof tableOf;
let handler: Handler;
beforeAll(async () => {
  world = await startWorld();
  ({ table } = await import('../../functions/runtime/tables.ts'));
  handler = await example();
});
afterAll(() => world.close());

/** The route as it stands in the documentation. */
async function example(): Promise<Handler> {
  const [, fenced = ''] = /```ts\n(\/\/ functions[^]*?)```/.exec(readFileSync('docs/own-resources.md', 'utf8')) ?? [];
  // Inside the project, so that its packages are found; the folder is ignored by git.
  mkdirSync('cdk.out', { recursive: true });
  const directory = mkdtempSync(join('cdk.out', 'own-table-test-'));
  try {
    const file = resolve(directory, 'example.ts');
    writeFileSync(file, fenced.replaceAll("'../runtime/", `'${resolve('functions/runtime')}/`));
    return ((await import(/* @vite-ignore */ pathToFileURL(file).href)) as { handler: Handler }).handler;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const ask = async () => {
  const { company, cookie } = await world.signIn();
  const event = gatewayEvent({ path: '/api/x', cookie, headers: { 'x-company-id': company } });
  return { company, answer: () => world.send(handler, event) };
};

test('a route of the author reads a table of its own, by the company of the session', async () => {
  const { client } = world.tables;
  const TableName = 'Notes';
  await client.send(
    new CreateTableCommand({
      TableName,
      KeySchema: [{ AttributeName: 'company', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'company', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  await waitUntilTableExists({ client, minDelay: 1, maxDelay: 1, maxWaitTime: 30 }, { TableName });
  vi.stubEnv('NOTES_TABLE', TableName);
  const { company, answer } = await ask();
  expect((await answer()).json).toEqual({ note: null });
  await client.send(new PutItemCommand({ TableName, Item: { company: { S: company }, note: { S: 'Call back.' } } }));
  expect((await answer()).json).toEqual({ note: 'Call back.' });
});

test('a table that the function was not told of is a sentence in the log that says where to tell it', async () => {
  vi.stubEnv('NOTES_TABLE', '');
  const { answer } = await ask();
  const { status, json, log } = await answer();
  const detail = expect.stringMatching(/^This function has no NOTES_TABLE: infra\/own-resources\.ts hands it over/);
  expect([status, log]).toEqual([500, expect.objectContaining({ detail })]);
  // Whoever asks cannot mend it.
  expect(JSON.stringify(json)).not.toMatch(/NOTES_TABLE|own-resources/);
});

test('a table of the template is none that a route is given', () => {
  for (const variable of Object.values(environment)) {
    expect(() => table(variable)).toThrow(`${variable} is the template's own`);
  }
});
