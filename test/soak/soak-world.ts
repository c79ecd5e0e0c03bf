import { findFreePort } from '../../infra/local/host/listen.ts';
import { type LocalExtension, startLocalExtension } from '../../infra/local/start-local-extension.ts';
import { startPlatform } from '../../infra/simulated-platform/platform.ts';
import { PlatformControl } from '../flow/platform-control.ts';
import type { World } from '../start-world.ts';
import type { Evidence } from './evidence.ts';

export interface SoakWorld {
  readonly world: World;
  readonly extension: LocalExtension;
  readonly control: PlatformControl;
  close(): Promise<void>;
}

const apiSecret = 'CANARY-api-secret';

/** Short enough that nearly every event finds a token that is due. */
export const tokenSeconds = 6;

/** The synthesized stack and a platform whose refresh tokens are used once, and end the whole family the second time. */
export async function startSoakWorld(dataDir: string, evidence: Evidence): Promise<SoakWorld> {
  const apiKey = '000000000000000000c0ffee';
  const port = await findFreePort();
  const baseUrl = `http://localhost:${port}`;
  const { onRequest, onDelivered, onLog, onDynamoDbRequest } = evidence;
  const platform = await startPlatform({ extension: { apiKey, apiSecret, baseUrl }, onRequest, onDelivered });
  const extension = await startLocalExtension({
    apiKey,
    apiSecret,
    cluster: platform.origin,
    port,
    dataDir,
    configFile: 'test/soak/extension.config.ts',
    log: onLog,
    onDynamoDbRequest,
    longestRetrySeconds: 1,
  }).catch(async (error: unknown) => {
    await platform.close();
    throw error;
  });
  const world = { baseUrl, platformUrl: platform.origin, apiKey };
  const control = new PlatformControl(world);
  await control.set({
    tokenPrefix: 'CANARY-',
    refresh: { mode: 'revoke-family' },
    offlineTokenSeconds: tokenSeconds,
  });
  return {
    world,
    extension,
    control,
    close: async () => {
      await extension.close();
      await platform.close();
    },
  };
}
