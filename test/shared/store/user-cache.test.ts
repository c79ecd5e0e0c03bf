import { hash } from 'node:crypto';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { BatchGetCommand, BatchGetCommandOutput } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CacheEntry, ownerOf as ownerOfSession, UserCache } from '../../../shared/store/user-cache.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { startTables, type TestTables } from '../fixture/dynamodb.ts';
import { liveSession, noon } from '../fixture/extension.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

const entry: CacheEntry = {
  epoch: undefined,
  policy: '{}',
  status: 200,
  body: Buffer.from('body'),
  coding: 'identity',
  expiresAt: noon.getTime() / 1000 + 60,
};
const personOf = (companyId: string, userId = 'u1', generation = 1) =>
  liveSession({ tenant: companyTenant(companyId), user: { id: userId, name: 'Asha', email: undefined }, generation });
const ownerOf = (...of: Parameters<typeof personOf>) => ownerOfSession(personOf(...of));

describe('a view', () => {
  test('is one consistent BatchGetItem that names what it may read of the installation', async () => {
    const company = tables.newCompany();
    await tables.putInstallation(company, { token: { S: 'sealed' }, sessionsValidFromMs: { N: '5' } });
    await tables.userCache.put(ownerOf(company), 'key', { ...entry, epoch: 'e1' });
    await tables.userCache.signOut(personOf(company), noon);
    tables.calls.length = 0;
    const view = await tables.userCache.view(ownerOf(company), 'key');
    expect(view).toEqual({
      installation: { generation: 1, status: 'installed', sessionsValidFromMs: 5 },
      epoch: undefined,
      signedOutAtMs: noon.getTime(),
      entry: { ...entry, epoch: 'e1', body: new Uint8Array(entry.body) },
    });
    expect(tables.calls.map(({ operation }) => operation)).toEqual(['BatchGetItem']);
    const { RequestItems } = tables.calls[0]!.input as { RequestItems: Record<string, Record<string, unknown>> };
    expect(RequestItems[tables.names.installations]).toMatchObject({
      ConsistentRead: true,
      ProjectionExpression: '#pk, #generation, #status, #sessionsValidFromMs, #blockedAtMs',
    });
    expect(RequestItems[tables.names.userCache]).toMatchObject({ ConsistentRead: true });
    expect(RequestItems[tables.names.userCache]?.['Keys']).toHaveLength(2);
  });

  test('of somebody new is empty', async () => {
    expect(await tables.userCache.view(ownerOf(tables.newCompany()), 'key')).toEqual({
      installation: undefined,
      epoch: undefined,
      signedOutAtMs: undefined,
      entry: undefined,
    });
  });

  test('holds nothing of another person, company or installation', async () => {
    const company = tables.newCompany();
    await tables.userCache.put(ownerOf(company, 'u1', 2), 'key', entry);
    await tables.userCache.moveEpoch(ownerOf(company, 'u1', 2), noon);
    await tables.userCache.signOut(personOf(company, 'u1', 2), noon);
    for (const other of [
      ownerOf(company, 'u2', 2),
      ownerOf(company, 'u1', 1),
      ownerOf(company, 'u1#g2', 2),
      ownerOf(company, 'u1', 22),
      ownerOf(`${company}0`, 'u1', 2),
    ]) {
      const view = await tables.userCache.view(other, 'key');
      expect(view).toEqual({ installation: undefined, epoch: undefined, signedOutAtMs: undefined, entry: undefined });
    }
    expect((await tables.userCache.view(ownerOf(company, 'u1', 2), 'key')).entry).toBeDefined();
  });

  test('is of a partition that names tenant, a digest of the person, and installation', async () => {
    const company = tables.newCompany();
    await tables.userCache.put(ownerOf(company, 'asha@example.com', 2), 'key', entry);
    const keys = (await tables.items()).flatMap((each) => each['pk']?.S ?? []);
    const [key, ...others] = keys.filter((each) => each.startsWith(`company#${company}#`));
    expect(key).toMatch(/^company#\d+#user#[\w-]{22}#g2$/);
    expect(others).toEqual([]);
    expect(JSON.stringify(await tables.items())).not.toContain('asha');
  });

  test('holds nothing of a person whose id tries to look like another one’s partition', async () => {
    const company = tables.newCompany();
    await tables.userCache.put(ownerOf(company, 'a#g1', 1), 'key', entry);
    for (const id of ['a', 'a%23g1', 'a#g1#g1']) {
      expect((await tables.userCache.view(ownerOf(company, id, 1), 'key')).entry).toBeUndefined();
    }
  });

  test('never mistakes the epoch for an entry', async () => {
    const company = tables.newCompany();
    await tables.userCache.moveEpoch(ownerOf(company), noon);
    expect((await tables.userCache.view(ownerOf(company))).entry).toBeUndefined();
  });
});

describe('the epoch', () => {
  test('is another one after each move, and outlives every session and every fresh entry by an hour', async () => {
    const company = tables.newCompany();
    const epochs = new Set<string | undefined>();
    for (let move = 0; move < 3; move++) {
      await tables.userCache.moveEpoch(ownerOf(company), noon);
      epochs.add((await tables.userCache.view(ownerOf(company))).epoch);
    }
    expect(epochs.size).toBe(3);
    expect(epochs.has(undefined)).toBe(false);
    const [item] = (await tables.items()).filter((each) => each['pk']?.S?.includes(`#${company}#`));
    expect(Number(item?.['expiresAt']?.N)).toBe(noon.getTime() / 1000 + 25 * 3_600);
  });

  test('and the sign-out do not undo each other', async () => {
    const company = tables.newCompany();
    await tables.userCache.signOut(personOf(company), noon);
    await tables.userCache.moveEpoch(ownerOf(company), noon);
    const { epoch } = await tables.userCache.view(ownerOf(company));
    await tables.userCache.signOut(personOf(company), noon);
    expect(await tables.userCache.view(ownerOf(company))).toMatchObject({ epoch, signedOutAtMs: noon.getTime() });
  });
});

describe('keys that DynamoDB leaves unprocessed', () => {
  /** The real engine behind a client that has only some of the keys processed in the first rounds. */
  function hesitant(rounds: number): UserCache {
    let round = 0;
    const send = async (command: BatchGetCommand): Promise<BatchGetCommandOutput> => {
      round += 1;
      const asked = command.input.RequestItems ?? {};
      if (round > rounds) return await tables.documents.send(command);
      if (round > 1) return { Responses: {}, UnprocessedKeys: asked, $metadata: {} };
      const { [tables.names.installations]: first, ...rest } = asked;
      command.input.RequestItems = { [tables.names.installations]: first ?? { Keys: [] } };
      const answer = await tables.documents.send(command);
      return { ...answer, UnprocessedKeys: rest };
    };
    return new UserCache({ send }, tables.names);
  }

  test('are asked for again, and never taken for absent', async () => {
    const company = tables.newCompany();
    await tables.putInstallation(company);
    await tables.userCache.put(ownerOf(company), 'key', entry);
    await tables.userCache.signOut(personOf(company), noon);
    const view = await hesitant(3).view(ownerOf(company), 'key');
    expect(view.installation).toBeDefined();
    expect(view.signedOutAtMs).toBe(noon.getTime());
    expect(view.entry).toBeDefined();
  });

  test('for ever make the view fail', async () => {
    const company = tables.newCompany();
    await tables.putInstallation(company);
    await expect(hesitant(100).view(ownerOf(company), 'key')).rejects.toMatchObject({ code: 'try_again' });
  });
});

test('items are what they have been byte for byte, and those of before are read', async () => {
  const company = tables.newCompany();
  const digest = hash('sha256', `company#${company} u1`, 'base64url').slice(0, 22);
  const partition = { S: `company#${company}#user#${digest}#g1` };
  const rawEntry = {
    pk: partition,
    sk: { S: 'key' },
    epoch: { S: 'e1' },
    policy: { S: '{"v":1}' },
    httpStatus: { N: '200' },
    body: { B: new Uint8Array([0, 255, 128]) },
    coding: { S: 'br' },
    expiresAt: { N: '1783688400' },
  };
  const rawEpoch = {
    pk: partition,
    sk: { S: '#epoch' },
    epoch: { S: 'e1' },
    sessionsValidFromMs: { N: '1783684800123' },
    expiresAt: { N: '1783774800' },
  };
  for (const Item of [rawEntry, rawEpoch]) {
    await tables.client.send(new PutItemCommand({ TableName: tables.names.userCache, Item }));
  }
  const { entry: read, ...seen } = await tables.userCache.view(ownerOf(company), 'key');
  expect(seen).toEqual({ installation: undefined, epoch: 'e1', signedOutAtMs: 1_783_684_800_123 });
  expect(read).toEqual({
    epoch: 'e1',
    policy: '{"v":1}',
    status: 200,
    body: new Uint8Array([0, 255, 128]),
    coding: 'br',
    expiresAt: 1_783_688_400,
  });
  expect(read?.body).toBeInstanceOf(Uint8Array);
  await tables.userCache.put(ownerOf(company), 'again', read!);
  await tables.userCache.put(ownerOf(company), 'first', { ...read!, epoch: undefined });
  const items = (await tables.items()).filter(({ pk }) => pk?.S === partition.S);
  expect(items.find(({ sk }) => sk?.S === 'again')).toEqual({ ...rawEntry, sk: { S: 'again' } });
  const { epoch: _epoch, ...withoutEpoch } = rawEntry;
  expect(items.find(({ sk }) => sk?.S === 'first')).toEqual({ ...withoutEpoch, sk: { S: 'first' } });
});

test('an entry that is strange, as another version may leave it, is no entry', async () => {
  const company = tables.newCompany();
  await tables.userCache.put(ownerOf(company), 'key', { ...entry, coding: 'zstd' as 'br' });
  expect((await tables.userCache.view(ownerOf(company), 'key')).entry).toBeUndefined();
});
