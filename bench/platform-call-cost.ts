import { ratio } from './measure.ts';
import { type Effort, runSubjects, type SubjectStart, urlOf } from './run-subjects.ts';
import type { PlatformCallSetup } from './subjects/platform-call.ts';
import type { Table } from './table.ts';
import type { World } from './world.ts';

/**
 * `node:http` with kept-alive connections beside `fetch`, which keeps its connections too: the same call, one after the
 * other, as an instance of a function makes them. Decision 0004 rests on what travels unchanged, not on this.
 */
export async function platformCallCost(world: World, effort: Effort): Promise<Table> {
  const subject = (upstream: PlatformCallSetup['upstream'], method: PlatformCallSetup['method']): SubjectStart => {
    const setup: PlatformCallSetup = { upstream, method, platform: world.services.platform };
    return { url: urlOf('./subjects/platform-call.ts'), env: {}, setup };
  };
  const subjects = {
    'GET http': subject('node:http', 'GET'),
    'GET fetch': subject('fetch', 'GET'),
    'POST http': subject('node:http', 'POST'),
    'POST fetch': subject('fetch', 'POST'),
  };
  const costs = await runSubjects(world, subjects, effort);
  const row = (method: PlatformCallSetup['method']) => ({
    what: `a ${method}`,
    comparisons: [ratio(costs[`${method} http`].cpu, costs[`${method} fetch`].cpu)],
  });
  return {
    title: '`node:http`, kept alive, towards the platform',
    against: ['`fetch`'],
    rows: [row('GET'), row('POST')],
  };
}
