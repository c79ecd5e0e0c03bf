import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startWorld, type World } from '../start-world.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    offline: World;
    online: World | null;
  }
}

/**
 * Starts what the flow tests run against: the synthesized stack on this machine in both access modes, each with a
 * platform of its own. With FLOW_BASE_URL, FLOW_PLATFORM_URL and FLOW_API_KEY set, a stack that is already deployed.
 */
export default async function startWorlds(project: TestProject): Promise<() => Promise<void>> {
  const { FLOW_BASE_URL, FLOW_PLATFORM_URL, FLOW_API_KEY } = process.env;
  if (FLOW_BASE_URL && FLOW_PLATFORM_URL && FLOW_API_KEY) {
    project.provide('offline', { baseUrl: FLOW_BASE_URL, platformUrl: FLOW_PLATFORM_URL, apiKey: FLOW_API_KEY });
    project.provide('online', null);
    return async () => {};
  }
  const directory = await mkdtemp(join(tmpdir(), 'flow-'));
  const [offline, online] = await Promise.all([
    startWorld({ dataDir: join(directory, 'offline') }),
    startWorld({ dataDir: join(directory, 'online'), configFile: 'test/flow/online.extension.config.ts' }),
  ]);
  project.provide('offline', offline.world);
  project.provide('online', online.world);
  return async () => {
    await Promise.all([offline.close(), online.close()]);
    await rm(directory, { recursive: true, force: true });
  };
}
