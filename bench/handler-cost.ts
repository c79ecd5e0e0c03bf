import { pathToFileURL } from 'node:url';
import type { Extension } from '../shared/config.ts';
import type { BenchBundles } from './bundles.ts';
import { ratio } from './measure.ts';
import { company, listingPath } from './platform-answers.ts';
import { listingQuery } from './requests.ts';
import { type Cost, describeCalls, type Effort, runSubjects, type SubjectStart, urlOf } from './run-subjects.ts';
import type { BareSetup } from './subjects/bare-handler.ts';
import type { ExtensionSetup } from './subjects/extension.ts';
import type { OfficialSetup } from './subjects/official.ts';
import type { Row } from './table.ts';
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
): Promise<Row[]> {
  const { platform } = world.services;
  const tables = await makeTables(world, 'Handler');
  const env = functionEnvironment(world, tables);
  const bundle = pathToFileURL(bundles.functions.get('platform-proxy') ?? '').href;
  // A person each, so that no write makes another's entries stale.
  const ownerOf = (userId: string) => ({ companyId: company, userId, generation });
  await putItems(world, tables.installations, [await installationItem(company)]);

  const subjects: Record<string, SubjectStart> = {};
  for (const kind of kinds) {
    const owner = ownerOf(`u-${kind}`);
    const cookie = await sessionCookie(extension, owner);
    const entry = await entryItem(extension, owner, listingQuery(1));
    await putItems(world, tables.userCache, [entry]);
    const setup: ExtensionSetup = { bundle, kind, reads: [{ cookie, path: listingPath, page: 1 }] };
    subjects[kind] = { url: urlOf('./subjects/extension.ts'), env, setup };
    for (const upstream of kind === 'hit' ? (['node:http'] as const) : (['node:http', 'fetch'] as const)) {
      const bareOwner = ownerOf(`u-bare-${kind}-${upstream === 'fetch' ? 'fetch' : 'http'}`);
      const bareEntry = await entryItem(extension, bareOwner, listingQuery(1));
      await putItems(world, tables.userCache, [bareEntry]);
      const bareSetup: BareSetup = {
        kind,
        upstream,
        platform,
        tables,
        cookie: await sessionCookie(extension, bareOwner),
        companyKey: `company#${company}`,
        partition: bareEntry['pk']?.S ?? '',
        entryKey: bareEntry['sk']?.S ?? '',
        policy: bareEntry['policy']?.S ?? '',
        packed: bareEntry['body']?.B ?? new Uint8Array(),
      };
      subjects[`bare ${kind} ${upstream}`] = { url: bundles.bareHandler, env, setup: bareSetup };
    }
  }
  for (const kind of ['read', 'write'] as const) {
    const setup: OfficialSetup = { folder: officialFolder, kind, platform };
    subjects[`official ${kind}`] = { url: urlOf('./subjects/official.ts'), env: {}, setup };
  }

  const costs = await runSubjects(world, subjects, effort);
  const costOf = (name: string): Cost => costs[name] ?? { cpu: [], calls: {} };
  const rows = (kind: Kind): Row[] => {
    const own = costOf(kind);
    const against = (name: string, other: string, target: number): Row => ({
      what: `${titles[kind]} (${describeCalls(own.calls)})`,
      against: name,
      ratio: ratio(own.cpu, costOf(other).cpu),
      target,
    });
    const upstreams = kind === 'hit' ? ['node:http'] : ['node:http', 'fetch'];
    for (const upstream of upstreams) {
      const bareCalls = describeCalls(costOf(`bare ${kind} ${upstream}`).calls);
      if (bareCalls !== describeCalls(own.calls)) {
        throw new Error(`The bare ${kind} makes other calls: ${bareCalls} instead of ${describeCalls(own.calls)}.`);
      }
    }
    return [
      ...upstreams.map((upstream) =>
        against(
          kind === 'hit' ? 'a bare handler' : `a bare handler with \`${upstream}\``,
          `bare ${kind} ${upstream}`,
          1.3,
        ),
      ),
      against('the official library', kind === 'write' ? 'official write' : 'official read', 2 / 3),
    ];
  };
  return kinds.flatMap(rows);
}

const titles: Readonly<Record<Kind, string>> = {
  hit: 'A read from the cache',
  miss: 'A read that is fetched and kept',
  write: 'A write',
};
