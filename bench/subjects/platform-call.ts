import { inventoryChange, inventoryPath, listingPath } from '../platform-answers.ts';
import { listingQuery } from '../requests.ts';
import type { Subject } from '../subject.ts';
import { callByFetch, callByHttp } from './bare-handler.ts';

export interface PlatformCallSetup {
  readonly upstream: 'node:http' | 'fetch';
  readonly method: 'GET' | 'POST';
  readonly platform: string;
}

/** One call of the platform and nothing around it. */
export async function start({ upstream, method, platform }: PlatformCallSetup): Promise<Subject<string>> {
  const call = upstream === 'fetch' ? callByFetch : callByHttp;
  let asked = 0;
  return {
    input: () => `/service/platform/${method === 'GET' ? `${listingPath}?${listingQuery(++asked)}` : inventoryPath}`,
    async run(target) {
      const { status } = await call(platform, method, target, method === 'GET' ? undefined : inventoryChange);
      if (status !== 200) throw new Error(`The platform answered ${status}.`);
    },
  };
}
