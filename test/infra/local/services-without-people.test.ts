import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { Browser } from '../../flow/browser.ts';
import { PlatformControl } from '../../flow/platform-control.ts';
import { startWorld } from '../../start-world.ts';

test('who holds every scope gets no subscriber of a company, and nothing of one is cached', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'services-without-people-'));
  const local = await startWorld({ dataDir, configFile: 'test/infra/local/every-scope.extension.config.ts' });
  try {
    const { world, extension } = local;
    const control = new PlatformControl(world);
    const browser = new Browser(world);
    expect((await browser.signIn(1)).status).toBe(302);
    await extension.idle();
    expect(await control.subscribers(1)).toHaveLength(1);
    await control.forgetRequests();

    for (const service of ['webhook', 'Webhook', '%77ebhook', '%2577ebhook', 'partners']) {
      const path = `/api/platform/${service}/v1.0/company/1/subscriber`;
      expect(await browser.json(path)).toMatchObject({ status: 403, code: 'route_not_allowed' });
    }
    expect(await control.requests('/service/')).toEqual([]);

    const client = new DynamoDBClient({
      endpoint: extension.dynamoDbEndpoint,
      region: 'local',
      credentials: extension.credentials,
    });
    const TableName = extension.resourceNames['USER_CACHE_TABLE'];
    expect((await client.send(new ScanCommand({ TableName }))).Items).toEqual([]);
  } finally {
    await local.close();
    await rm(dataDir, { recursive: true, force: true });
  }
});
