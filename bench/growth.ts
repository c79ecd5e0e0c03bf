import { pathToFileURL } from 'node:url';
import type { Extension } from '../shared/config.ts';
import { companyTenant } from '../shared/tenant.ts';
import type { BenchBundles } from './bundles.ts';
import { ratio } from './measure.ts';
import { company, listingPath } from './platform-answers.ts';
import { listingQuery } from './requests.ts';
import { type Cost, describeCalls, type Effort, runSubjects, type SubjectStart, urlOf } from './run-subjects.ts';
import type { ExtensionSetup } from './subjects/extension.ts';
import type { Table } from './table.ts';
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

const dimensions = ['companies', 'users', 'entries'] as const;
type Dimension = (typeof dimensions)[number];
const titles: Readonly<Record<Dimension, string>> = {
  companies: 'companies, a session each, of which an instance remembers 500',
  users: 'users of one company, a session each, of which an instance remembers 500',
  entries: 'entries of one user',
};
/** As many as there are, or so many of them, spread evenly: making sessions takes its time. */
const maxAsked = 1_000;

/**
 * A read from the cache with more and more companies, users of one company, and cached answers of one user in the
 * tables; the requests go round among them. Each must cost the same, but for the sessions: more companies or users than an
 * instance remembers are each opened again. Nothing is searched or listed.
 */
export async function growth(
  world: World,
  { extension, bundles }: { extension: Extension; bundles: BenchBundles },
  sizes: readonly number[],
  effort: Effort,
): Promise<Table> {
  const bundle = pathToFileURL(bundles.functions.get('platform-proxy') ?? '').href;
  const subjects: Record<string, SubjectStart> = {};
  for (const dimension of dimensions) {
    for (const size of sizes) {
      const tables = await makeTables(world, `${dimension}-${size}`);
      const reads = await preload(world, tables, extension, dimension, size);
      const setup: ExtensionSetup = { bundle, kind: 'hit', reads };
      const env = functionEnvironment(world, tables);
      subjects[`${dimension} ${size}`] = { url: urlOf('./subjects/extension.ts'), env, setup };
    }
  }
  const costs = await runSubjects(world, subjects, effort);
  const [smallest = 0, ...larger] = sizes;
  const costOf = (dimension: Dimension, size: number): Cost =>
    costs[`${dimension} ${size}`] ?? { cpu: [], wallMs: [], calls: {} };
  return {
    title: `A read from the cache, with many more in the tables than ${smallest}`,
    against: larger.map((size) => size.toLocaleString('en')),
    rows: dimensions.map((dimension) => {
      const few = costOf(dimension, smallest);
      return {
        what: `${titles[dimension]} (${describeCalls(few.calls)})`,
        comparisons: larger.map((size) => {
          const many = costOf(dimension, size);
          if (describeCalls(few.calls) !== describeCalls(many.calls)) throw new Error(`More ${dimension}: more calls.`);
          return ratio(many.cpu, few.cpu);
        }),
      };
    }),
  };
}

async function preload(
  world: World,
  tables: { installations: string; userCache: string },
  extension: Extension,
  dimension: Dimension,
  size: number,
): Promise<ExtensionSetup['reads']> {
  const each = Array.from({ length: size }, (_, index) => ({
    companyId: dimension === 'companies' ? String(index + 1) : company,
    userId: dimension === 'users' ? `u${index + 1}` : 'u1',
    page: dimension === 'entries' ? index + 1 : 1,
  }));
  const ownerOf = ({ companyId, userId }: { companyId: string; userId: string }) => ({
    tenant: companyTenant(companyId),
    userId,
    generation,
  });
  const pathOf = (companyId: string) => listingPath.replace(`company/${company}/`, `company/${companyId}/`);
  const installed = dimension === 'companies' ? each.map(({ companyId }) => companyId) : [company];
  await putAll(world, tables.installations, installed, installationItem);
  await putAll(world, tables.userCache, each, ({ page, ...owner }) =>
    entryItem(extension, ownerOf(owner), listingQuery(page), pathOf(owner.companyId)),
  );
  const step = Math.ceil(size / maxAsked);
  const asked = each.filter((_, index) => index % step === 0);
  const cookies = new Map<string, string>();
  for (const { companyId, userId } of asked) {
    const name = `${companyId} ${userId}`;
    if (!cookies.has(name)) cookies.set(name, await sessionCookie(extension, ownerOf({ companyId, userId })));
  }
  return asked.map(({ companyId, userId, page }) => ({
    cookie: cookies.get(`${companyId} ${userId}`) ?? '',
    path: pathOf(companyId),
    page,
  }));
}

async function putAll<Given>(
  world: World,
  table: string,
  each: readonly Given[],
  makeItem: (given: Given) => Promise<Record<string, unknown>>,
): Promise<void> {
  const items: Record<string, unknown>[] = [];
  for (const given of each) items.push(await makeItem(given));
  await putItems(world, table, items);
}
