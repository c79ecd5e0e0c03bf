import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogEntry } from '../../infra/local/host/log-entry.ts';
import { sweepSchedule } from '../../shared/contract.ts';
import { Browser } from '../flow/browser.ts';
import { PlatformControl } from '../flow/platform-control.ts';
import { type LocalWorld, startWorld, type World } from '../start-world.ts';

/** What something costs of every service, once. */
export interface Count {
  readonly requests: number;
  readonly invocations: number;
  readonly readUnits: number;
  readonly writeUnits: number;
  /** Messages that the worker was given. */
  readonly messages: number;
  readonly platformCalls: number;
  readonly databaseCalls: number;
  readonly logLines: number;
  readonly logBytes: number;
  /** On this machine, where the tables and the platform are at hand. */
  readonly localMs: number;
}

/** What is counted, in the order of the document. */
export const actions = [
  'a call, from the cache',
  'a call, fetched and kept',
  'a call that writes',
  'a page, or /api/session',
  'a sign-in',
  'a first installation',
  'an event',
  'a scheduled run, of a company',
  'a sweep, of a company',
] as const;
export type Action = (typeof actions)[number];

const repeats = 6;

/** Drives the extension of the tests through all of them, on this machine. */
export async function countActions(): Promise<Record<Action, Count>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'capacity-'));
  const seen = new Seen();
  const local = await startWorld({
    dataDir,
    onDynamoDbConsumed: (operation, units) => seen.database(operation, units),
    log: (entry) => seen.entry(entry),
  });
  try {
    return await drive(local, seen);
  } finally {
    await local.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function drive(local: LocalWorld, seen: Seen): Promise<Record<Action, Count>> {
  const { world, extension } = local;
  const control = new PlatformControl(world);
  /** The mean of some times; of milliseconds the least, since other programs run too. */
  const count = async (work: (time: number) => Promise<unknown>, times = repeats): Promise<Count> => {
    await extension.idle();
    await control.forgetRequests();
    seen.forget();
    let leastMs = Infinity;
    for (let time = 0; time < times; time++) {
      const before = seen.localMs;
      await work(time);
      await extension.idle();
      leastMs = Math.min(leastMs, seen.localMs - before);
    }
    const platformCalls = (await control.requests('/service/')).filter(({ url }) => !/\/oauth\/authorize/.test(url));
    return { ...seen.mean(times, platformCalls.length), localMs: leastMs };
  };
  let events = 0;
  /** Settles once it was delivered and handled. */
  const sendEvent = async () => {
    await control.event(1, { event: 'company/product/update/v1' });
    await control.deliveries({ company_id: '1', state: 'delivered', at_least: String(++events) });
    await extension.idle();
  };

  const run = (name: string) => () => extension.runSchedule(name);
  const sweep = run(sweepSchedule);
  const nightly = run('nightly');

  const browser = new Browser(world);
  const installed = await count(() => browser.signIn(1), 1);
  // From here on instances have started.
  const signIn = await count(() => browser.signIn(1));
  await sendEvent();
  const event = await count(sendEvent);
  const session = await count(() => browser.json('/api/session'));
  // Each with a person and a company of its own, who make less than ten calls: they are not busy.
  const reader = await callerOf(world, 3);
  await reader.read(1);
  const hit = await count(() => reader.read(1));
  const other = await callerOf(world, 4);
  const miss = await count((time) => other.read(time));
  const writer = await callerOf(world, 5);
  // The first of a day begins an epoch.
  await writer.write();
  const written = await count(writer.write);
  // What a run costs besides its companies goes away in the difference between two of them and one.
  const one = { nightly: await count(nightly), sweep: await count(sweep) };
  // In the same partition of the listing.
  await new Browser(world).signIn(9);
  const two = { nightly: await count(nightly), sweep: await count(sweep) };
  return {
    'a call, from the cache': hit,
    'a call, fetched and kept': miss,
    'a call that writes': written,
    'a page, or /api/session': session,
    'a sign-in': signIn,
    // One more, for the listing's index, which dynalite does not count: test/engines/differences.ts.
    'a first installation': { ...installed, writeUnits: installed.writeUnits + 1 },
    'an event': event,
    'a scheduled run, of a company': { ...difference(two.nightly, one.nightly), localMs: seen.leastMs('scheduled') },
    'a sweep, of a company': { ...difference(two.sweep, one.sweep), localMs: seen.leastMs('subscriber') },
  };
}

async function callerOf(world: World, company: number) {
  const browser = new Browser(world);
  await browser.signIn(company);
  const products = `/api/platform/catalog/v2.0/company/${company}/products/`;
  const call = async (path: string, init?: RequestInit) => {
    await (await browser.fetch(path, init)).arrayBuffer();
  };
  return {
    read: (page: number) => call(`${products}?page_no=${page}&page_size=12`),
    // Of a product that there is not: none is changed, and no event follows.
    write: () => call(`${products}999999999/`, { method: 'DELETE', headers: { origin: world.baseUrl } }),
  };
}

function difference(more: Count, less: Count): Count {
  const entries = Object.entries(more).map(([name, value]) => [name, value - less[name as keyof Count]]);
  return Object.fromEntries(entries) as Count;
}

/** What CloudWatch counts of each line besides its bytes: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html */
const bytesOfLine = 26;

class Seen {
  #count = zero();
  readonly #leastMs = new Map<string, number>();

  /** Of the messages of this kind. */
  leastMs(kind: string): number {
    return this.#leastMs.get(kind) ?? Infinity;
  }

  get localMs(): number {
    return this.#count.localMs;
  }

  forget(): void {
    this.#count = zero();
  }

  database(operation: string, units: Readonly<Record<string, number>>): void {
    const kind = /^(Put|Update|Delete)/.test(operation) ? 'writeUnits' : 'readUnits';
    this.#count[kind] += Object.values(units).reduce((sum, each) => sum + each, 0);
    this.#count.databaseCalls++;
  }

  entry(entry: LogEntry): void {
    if (entry.kind === 'output') {
      for (const line of entry.text.split('\n')) {
        this.#count.logLines++;
        this.#count.logBytes += Buffer.byteLength(line) + bytesOfLine;
        const [, kind, ms] = /"kind":"(\w+)".*"duration_ms":(\d+)/.exec(line) ?? [];
        if (kind !== undefined) this.#leastMs.set(kind, Math.min(this.leastMs(kind), Number(ms)));
      }
    }
    if (entry.kind === 'request') {
      this.#count.requests++;
      this.#count.invocations += entry.functionName === undefined ? 0 : 1;
      this.#count.localMs += entry.milliseconds;
    }
    if (entry.kind === 'batch') {
      this.#count.invocations++;
      this.#count.messages += entry.messages;
      this.#count.localMs += entry.milliseconds;
    }
  }

  mean(times: number, platformCalls: number): Count {
    const all = Object.entries({ ...this.#count, platformCalls });
    return Object.fromEntries(all.map(([name, value]) => [name, value / times])) as unknown as Count;
  }
}

function zero(): { -readonly [Name in keyof Count]: number } {
  return {
    requests: 0,
    invocations: 0,
    readUnits: 0,
    writeUnits: 0,
    messages: 0,
    platformCalls: 0,
    databaseCalls: 0,
    logLines: 0,
    logBytes: 0,
    localMs: 0,
  };
}
