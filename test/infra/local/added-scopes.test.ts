import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Browser } from '../../flow/browser.ts';
import { PlatformControl } from '../../flow/platform-control.ts';
import { startWorld } from '../../start-world.ts';

const offlinePath = '/service/panel/authentication/v1.0/company/1/oauth/offline-token';

test('scopes that were added are asked for once somebody can grant them; until then the installation works on', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'added-scopes-'));
  const before = await startWorld({ dataDir });
  const { platform } = before;
  const control = new PlatformControl(before.world);
  const owner = new Browser(before.world);
  await control.setUser('manager', { permissions: ['company/products', 'company/orders'] });
  await owner.signIn(1);
  await before.extension.close();

  const port = Number(new URL(before.world.baseUrl).port);
  const configFile = 'test/infra/local/more-scopes.extension.config.ts';
  const after = await startWorld({ dataDir, port, platform, configFile });
  const { world } = after;
  try {
    // Sessions say which scopes they hold of those that were configured: under other ones they begin again.
    expect(await owner.json('/api/session')).toMatchObject({ code: 'session_expired' });

    await control.forgetRequests();
    const manager = new Browser(world);
    expect((await manager.signIn(1, 'manager')).status).toBe(302);
    expect(await control.requests(offlinePath)).toEqual([]);
    expect(await manager.json('/api/session')).toMatchObject({ missing_scopes: ['company/profile'] });
    expect((await manager.fetch('/api/products')).status).toBe(200);

    expect((await owner.signIn(1)).status).toBe(302);
    expect(await control.requests(offlinePath)).toHaveLength(1);
    expect(await owner.json('/api/session')).toMatchObject({ missing_scopes: [] });
    // The installation is the same one: the manager's session goes on.
    expect((await manager.fetch('/api/session')).status).toBe(200);

    await new Browser(world).signIn(1, 'manager');
    await owner.signIn(1);
    expect(await control.requests(offlinePath)).toHaveLength(1);
  } finally {
    await after.close();
    await rm(dataDir, { recursive: true, force: true });
  }
});
