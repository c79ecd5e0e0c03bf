import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { bundle } from '../infra/bundle/bundle.ts';
import { registrationOf } from '../shared/background/webhook-registration.ts';
import type { Extension } from '../shared/config.ts';
import { environment, paths } from '../shared/contract.ts';
import { OfflineGrants } from '../shared/store/offline-grants.ts';
import { companyTenant } from '../shared/tenant.ts';
import { gatewayEvent } from '../test/functions/fixture/event.ts';
import { sampleExtension } from './bundles.ts';
import { startChild } from './child.ts';
import { interleave, lowerQuartile, ratio, type Series } from './measure.ts';
import { company } from './platform-answers.ts';
import { listingQuery, readEvent, writeEvent } from './requests.ts';
import { type Cost, describeCalls, type Effort, runSubjects, type SubjectStart, urlOf } from './run-subjects.ts';
import type { Counts, Services } from './services.ts';
import type { ColdStart } from './subject.ts';
import type { OfficialSetup } from './subjects/official.ts';
import type { RequestsSetup } from './subjects/requests.ts';
import type { Table } from './table.ts';
import {
  baseUrl,
  entryItem,
  functionEnvironment,
  generation,
  installationItem,
  makeTables,
  putItems,
  secrets,
  sessionCookie,
  type Tables,
  transactionCookie,
  type World,
} from './world.ts';

const turnMs = 20;
// A person each, so that no write makes another's entries stale.
const personOf = (userId: string) => ({ tenant: companyTenant(company), userId, generation });
const [reader, writer] = [personOf('u-reader'), personOf('u-writer')];

/** What is asked, of which function of ours, and by which kind of request the official library does the like. */
interface Visit {
  readonly title: string;
  readonly isCold?: boolean;
  readonly entry: 'page' | 'platform-proxy' | 'callback';
  readonly events: readonly APIGatewayProxyEventV2[];
  readonly expected: RequestsSetup['expected'];
  readonly official?: OfficialSetup['kind'];
}

/**
 * What a person waits for: the time by the clock, with a turn of 20 ms put before every call of AWS and of the platform
 * and before every new connection. It counts calls that wait for each other, whatever they cost the processor.
 *
 * Cold is the first request of a process, from when its function is loaded, and again with the loading. A bare handler
 * makes the same calls, one after the other. The official library calls no database, as its sessions are in memory.
 */
export async function waiting(
  near: World,
  { officialFolder, directory }: { officialFolder: string; directory: string },
  effort: Effort & { readonly coldStarts: number },
): Promise<Table> {
  const world: World = { ...near, services: await near.child.ask<Services>('distant', turnMs) };
  const { platform } = world.services;
  const extension = await sampleExtension(platform);
  const tables = await makeTables(world, 'Waiting');
  await install(world, tables, extension);
  await putItems(world, tables.userCache, [await entryItem(extension, reader, listingQuery(1))]);
  const { firstRead, visits } = await visitsOf(extension, effort);

  const bareEntry = './bench/subjects/bare-function.ts';
  const entryOf = (name: string) => `./functions/${name}.ts`;
  const entries = [...new Set(visits.map(({ entry }) => entryOf(entry))), bareEntry];
  const bundles = await bundle({ extension, entries, directory });
  const functionOf = (visit: Visit, entry: string): SubjectStart => {
    const file = join(bundles.get(entry)?.directory ?? '', 'index.js');
    const { events, expected } = visit;
    const setup: RequestsSetup = { bundle: pathToFileURL(file).href, events, expected };
    const env = { ...handedTo(visit.entry, functionEnvironment(world, tables)), FP_API_DOMAIN: platform };
    return { url: urlOf('./subjects/requests.ts'), env, setup };
  };
  const subjectsOf = (isCold: boolean): Record<string, SubjectStart> => {
    const subjects: Record<string, SubjectStart> = {};
    for (const visit of visits.filter((each) => (each.isCold ?? false) === isCold)) {
      subjects[visit.title] = functionOf(visit, entryOf(visit.entry));
      subjects[`bare: ${visit.title}`] = functionOf(visit, bareEntry);
      if (visit.official === undefined) continue;
      const setup: OfficialSetup = { folder: officialFolder, kind: visit.official, platform };
      subjects[`official: ${visit.title}`] = { url: urlOf('./subjects/official.ts'), env: {}, setup };
    }
    return subjects;
  };

  // The bare one's cache is filled by asking it.
  await startColdly(world, { first: functionOf(firstRead, bareEntry) }, 1);
  const colds = await startColdly(world, subjectsOf(true), effort.coldStarts);
  const warms = await runSubjects(world, subjectsOf(false), effort);
  const waits: Readonly<Record<string, Wait>> = { ...warms, ...colds };
  for (const [name, { wallMs }] of Object.entries(waits))
    process.stderr.write(`  ${name}: ${Math.round(lowerQuartile(wallMs))} ms\n`);
  const waitOf = (name: string): Wait => waits[name] ?? { wallMs: [], calls: {} };
  return {
    title: `Waiting, with ${turnMs} ms before each call and each new connection (a turn)`,
    against: [
      'this project',
      'a bare handler, one call after the other',
      'the official library, which makes no call of a database',
    ],
    rows: visits.map(({ title, official }) => {
      const calls = describeCalls(waitOf(title).calls);
      const bareCalls = describeCalls(waitOf(`bare: ${title}`).calls);
      if (calls !== bareCalls) throw new Error(`${title}, bare, makes other calls: ${bareCalls} instead of ${calls}.`);
      return {
        what: `${title} (${calls})`,
        comparisons: [
          cell(waitOf(title)),
          cell(waitOf(`bare: ${title}`)),
          official === undefined ? 'none' : cell(waitOf(`official: ${title}`)),
        ],
      };
    }),
  };
}

interface Wait extends Pick<Cost, 'wallMs' | 'calls'> {
  /** The same with the loading before it. */
  readonly withLoadingMs?: Series;
}

function cell({ wallMs, withLoadingMs }: Wait): string {
  const { value, low, high } = ratio(
    wallMs,
    wallMs.map(() => turnMs),
  );
  const turns = `${value.toFixed(1)} turns <small>${low.toFixed(1)}–${high.toFixed(1)}</small>`;
  const ms = (series: Series) => `${Math.round(lowerQuartile(series))} ms`;
  const loading = withLoadingMs === undefined ? '' : `, ${ms(withLoadingMs)} with loading`;
  return `${turns}, ${ms(wallMs)}${loading}`;
}

/** Each of them in a fresh process each time, in turns. */
async function startColdly(
  { child: services }: World,
  subjects: Readonly<Record<string, SubjectStart>>,
  rounds: number,
): Promise<Record<string, Wait>> {
  const withLoading = new Map<string, number[]>();
  const calls = new Map<string, Counts>();
  const measurements = Object.entries(subjects).map(([name, { url, setup, env }]) => {
    const series: number[] = [];
    withLoading.set(name, series);
    const measure = async () => {
      const child = startChild('./subject.ts', env);
      try {
        await services.ask('counts');
        const { loadingMs, firstRunMs } = await child.ask<ColdStart>('coldStart', { url, setup });
        calls.set(name, await services.ask<Counts>('counts'));
        series.push(loadingMs + firstRunMs);
        return firstRunMs;
      } finally {
        await child.end();
      }
    };
    return [name, measure] as const;
  });
  const series = await interleave(Object.fromEntries(measurements), rounds);
  return Object.fromEntries(
    Object.entries(series).map(([name, wallMs]) => [
      name,
      { wallMs, withLoadingMs: withLoading.get(name) ?? [], calls: calls.get(name) ?? {} },
    ]),
  );
}

/** A company whose webhooks are registered, so that a sign-in leaves nothing to do. */
async function install(world: World, { installations }: Tables, extension: Extension): Promise<void> {
  await putItems(world, installations, [await installationItem(company)]);
  const grants = new OfflineGrants(world.client, installations);
  const grant = await grants.find(reader.tenant);
  const registration = registrationOf({ extension, baseUrl, apiKey: secrets.apiKeySecretId }, generation);
  if (grant === undefined || registration === undefined) throw new Error('The company is not installed.');
  await grants.recordRegistered(grant, registration);
}

/** What the stack hands to the function: it asks for every secret at once, also for those that a request does not need. */
function handedTo(entry: Visit['entry'], all: Readonly<Record<string, string>>): Record<string, string> {
  const { [environment.webhookKeySecretId]: _webhookKey, ...handed } = all;
  if (entry === 'callback') return handed;
  const { [environment.apiSecretSecretId]: _apiSecret, [environment.tokenKeySecretId]: _tokenKey, ...others } = handed;
  return others;
}

async function visitsOf(
  extension: Extension,
  { warmUp, rounds, runsPerRound }: Effort,
): Promise<{ firstRead: Visit; visits: Visit[] }> {
  const cookie = await sessionCookie(extension, reader);
  const state = 'bench-state';
  const hit = {
    entry: 'platform-proxy',
    events: [readEvent(cookie, 1)],
    expected: { status: 200, header: 'cache-status', value: /; hit;/ },
    official: 'read',
  } as const;
  const miss = { ...hit, expected: { ...hit.expected, value: /fwd=uri-miss; stored$/ } };
  const visits: Visit[] = [
    {
      title: 'A cold page',
      isCold: true,
      entry: 'page',
      events: [
        gatewayEvent({
          path: paths.companyPage.replace('{company_id}', company),
          pathParameters: { company_id: company },
          headers: { accept: 'text/html' },
          cookie,
        }),
      ],
      expected: { status: 200, header: 'content-type', value: /^text\/html/ },
    },
    { title: 'A cold read from the cache', isCold: true, ...hit },
    { title: 'A read from the cache', ...hit },
    {
      ...miss,
      title: 'A read that is fetched and kept',
      // A page each that nobody has asked for yet, also for the runs that are not measured.
      events: Array.from({ length: warmUp + (rounds + 1) * (1 + runsPerRound) }, (_, index) =>
        readEvent(cookie, 2 + index),
      ),
    },
    {
      title: 'A write',
      entry: 'platform-proxy',
      events: [writeEvent(await sessionCookie(extension, writer))],
      expected: { status: 200, header: 'content-type', value: /^application\/json/ },
      official: 'write',
    },
    {
      title: 'A callback of an installed company',
      entry: 'callback',
      events: [
        gatewayEvent({
          path: paths.callback,
          query: `company_id=${company}&state=${state}&code=bench-code`,
          headers: { accept: 'text/html' },
          cookie: await transactionCookie(extension, reader.tenant, state),
        }),
      ],
      expected: { status: 302, header: 'location', value: /\/company\/1$/ },
      official: 'callback',
    },
  ];
  return { firstRead: { ...miss, title: 'A first read' }, visits };
}
