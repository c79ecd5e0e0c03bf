import { pathToFileURL } from 'node:url';
import type { Extension } from '../shared/config.ts';
import { companyTenant, tenantKey } from '../shared/tenant.ts';
import type { BenchBundles } from './bundles.ts';
import { ratio } from './measure.ts';
import { company, listingPath } from './platform-answers.ts';
import { listingQuery } from './requests.ts';
import { type Cost, describeCalls, type Effort, runSubjects, type SubjectStart, urlOf } from './run-subjects.ts';
import type { BareSetup } from './subjects/bare-handler.ts';
import type { ExtensionSetup } from './subjects/extension.ts';
import type { OfficialSetup } from './subjects/official.ts';
import { type Table, withTarget } from './table.ts';
import {
  entryItem,
  functionEnvironment,
  generation,
  installationItem,
  makeTables,
  putItems,
  sessionCookie,
  type World,
} from './world.ts';

const kinds = ['hit', 'miss', 'write'] as const;
type Kind = (typeof kinds)[number];
const bareTarget = 1.2;

/**
 * What a call through the platform proxy costs in processor time once it is warm.
 *
 * Beside a bare handler that makes the same calls of DynamoDB and of the platform, it shows what sessions, signatures,
 * HTTP caching, compression, checks and the log add. Beside the official library under Express, with its sessions in
 * memory and so without any call of a database, it shows what an extension has today.
 */
export async function handlerCost(
  world: World,
  { extension, bundles, officialFolder }: { extension: Extension; bundles: BenchBundles; officialFolder: string },
  effort: Effort,
): Promise<Table> {
  const { platform } = world.services;
  const tables = await makeTables(world, 'Handler');
  const env = functionEnvironment(world, tables);
  const bundle = pathToFileURL(bundles.functions.get('platform-proxy') ?? '').href;
  // A person each, so that no write makes another's entries stale.
  const ownerOf = (userId: string) => ({ tenant: companyTenant(company), userId, generation });
  await putItems(world, tables.installations, [await installationItem(company)]);

  const subjects: Record<string, SubjectStart> = {};
  for (const kind of kinds) {
    const owner = ownerOf(`u-${kind}`);
    const cookie = await sessionCookie(extension, owner);
    const entry = await entryItem(extension, owner, listingQuery(1));
    await putItems(world, tables.userCache, [entry]);
    const setup: ExtensionSetup = { bundle, kind, reads: [{ cookie, path: listingPath, page: 1 }] };
    subjects[kind] = { url: urlOf('./subjects/extension.ts'), env, setup };
    for (const upstream of upstreamsOf(kind)) {
      const bareOwner = ownerOf(`u-bare-${kind}-${upstream === 'fetch' ? 'fetch' : 'http'}`);
      const bareEntry = await entryItem(extension, bareOwner, listingQuery(1));
      await putItems(world, tables.userCache, [bareEntry]);
      const bareSetup: BareSetup = {
        kind,
        upstream,
        platform,
        tables,
        cookie: await sessionCookie(extension, bareOwner),
        companyKey: tenantKey(companyTenant(company)),
        entry: bareEntry,
      };
      subjects[`bare ${kind} ${upstream}`] = { url: bundles.bareHandler, env, setup: bareSetup };
    }
  }
  for (const kind of ['read', 'write'] as const) {
    const setup: OfficialSetup = { folder: officialFolder, kind, platform };
    subjects[`official ${kind}`] = { url: urlOf('./subjects/official.ts'), env: {}, setup };
  }

  const costs = await runSubjects(world, subjects, effort);
  const costOf = (name: string): Cost => costs[name] ?? { cpu: [], wallMs: [], calls: {} };
  const against = (kind: Kind, name: string, target?: number) => ({
    ...ratio(costOf(kind).cpu, costOf(name).cpu),
    target,
  });
  return {
    title: 'A call through the proxy',
    against: [
      withTarget('a bare handler with `node:http`', bareTarget),
      withTarget('a bare handler with `fetch`', bareTarget),
      withTarget('the official library, which makes no call of a database', 2 / 3),
    ],
    rows: kinds.map((kind) => {
      const calls = describeCalls(costOf(kind).calls);
      for (const upstream of upstreamsOf(kind)) {
        const bareCalls = describeCalls(costOf(`bare ${kind} ${upstream}`).calls);
        if (bareCalls !== calls)
          throw new Error(`The bare ${kind} makes other calls: ${bareCalls} instead of ${calls}.`);
      }
      // A hit calls no platform: with `fetch` or without is the same.
      const [http, fetch = http] = upstreamsOf(kind);
      return {
        what: `${titles[kind]} (${calls})`,
        comparisons: [
          against(kind, `bare ${kind} ${http}`, bareTarget),
          against(kind, `bare ${kind} ${fetch}`, bareTarget),
          against(kind, kind === 'write' ? 'official write' : 'official read', 2 / 3),
        ],
      };
    }),
  };
}

const upstreamsOf = (kind: Kind) => (kind === 'hit' ? (['node:http'] as const) : (['node:http', 'fetch'] as const));

const titles: Readonly<Record<Kind, string>> = {
  hit: 'A read from the cache',
  miss: 'A read that is fetched and kept',
  write: 'A write',
};
