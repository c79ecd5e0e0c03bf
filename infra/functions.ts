import { type Function, type IFunction, RecursiveLoop } from 'aws-cdk-lib/aws-lambda';
import { ConfigurationError, type Extension, receivingAccount } from '../shared/config.ts';
import { environment, paths } from '../shared/contract.ts';
import { maxRoutes } from './resources/http-api.ts';
import type { ReceivedEvents } from './resources/received-events.ts';
import type { Secrets, SingleSecret } from './resources/secrets.ts';
import type { DeliveriesTable, InstallationsTable, UserCacheTable } from './resources/tables.ts';
import type { WorkQueue } from './resources/work-queue.ts';

/** What functions may be granted something of. */
export interface Resources {
  /** Origin of the extension as browsers see it. */
  readonly baseUrl: string;
  readonly installations: InstallationsTable;
  readonly userCache: UserCacheTable;
  readonly deliveries: DeliveriesTable;
  readonly workQueue: WorkQueue;
  /** Undefined where no other account sends events. */
  readonly receivedEvents: ReceivedEvents | undefined;
  readonly secrets: Secrets;
  /** The author's, by their names. */
  readonly ownSecrets: ReadonlyMap<string, SingleSecret>;
  /** What webhooks are signed with: the webhook key, or the API secret where the configuration says so. */
  readonly webhookKey: SingleSecret;
  /** What is to be called in a function's place: itself, or its alias where deployments are gradual. */
  readonly live: (fn: Function) => IFunction;
  /** What requests through CloudFront bring; undefined where nothing is in front of the API. */
  readonly edgeKey: SingleSecret | undefined;
}

/** Lets a function use something, and tells it where that is. */
type Grant = (fn: Function, resources: Resources) => void;

const baseUrl: Grant = (fn, resources) => fn.addEnvironment(environment.baseUrl, resources.baseUrl);
const apiKey: Grant = (fn, { secrets }) => secrets.apiKey.grantValue(fn);
const apiSecret: Grant = (fn, { secrets }) => secrets.apiSecret.grantValue(fn);
const sessionKey: Grant = (fn, { secrets }) => secrets.sessionKey.grantValue(fn);
const tokenKey: Grant = (fn, { secrets }) => secrets.tokenKey.grantValue(fn);
const webhookKey: Grant = (fn, resources) => resources.webhookKey.grantValue(fn);
const sessionChecks: Grant = (fn, { installations }) => installations.grantSessionChecks(fn);
const recording: Grant = (fn, { installations }) => installations.grantRecording(fn);
const backgroundWork: Grant = (fn, { installations }) => installations.grantBackgroundWork(fn);
const tokens: Grant = (fn, { installations }) => installations.grantTokens(fn);
const cacheReads: Grant = (fn, { userCache }) => userCache.grantReads(fn);
const epochMoves: Grant = (fn, { userCache }) => userCache.grantEpochMoves(fn);
const entryWrites: Grant = (fn, { userCache }) => userCache.grantEntryWrites(fn);
const handledDeliveries: Grant = (fn, { deliveries }) => deliveries.grantRecords(fn);
const sends: Grant = (fn, { workQueue }) => workQueue.grantSends(fn);
const receivedPlaces: Grant = (fn, { receivedEvents }) => receivedEvents?.tell(fn);
const deliveredEvents: Grant = (fn, { receivedEvents, live }) => receivedEvents?.deliverTo(fn, live(fn));
const deliveredWork: Grant = (fn, { workQueue, live }) => workQueue.deliverTo(fn, live(fn));

/** What a function needs that looks at sessions; what it needs besides where it calls the platform for the person. */
const forSessions = [baseUrl, apiKey, sessionKey, sessionChecks, cacheReads];
const forPeople = [...forSessions, epochMoves, entryWrites];
/** What a function needs that installs. */
const forInstalling = [baseUrl, apiKey, apiSecret, tokenKey, recording, sends];

/** What a function needs that acts for a company without a person: it drops cookies, and cannot open a session. */
const forCompanies = [baseUrl, apiKey, apiSecret, tokenKey, tokens];

export interface FunctionRow {
  /** Of its construct: what logs and consoles call it. */
  readonly id: string;
  readonly entry: string;
  /** `METHOD /path`; none where no request reaches it. */
  readonly routes: readonly string[];
  /** The most that each of its routes takes, from all callers together. Default: the stage's. */
  readonly requestsPerSecond?: number;
  readonly timeoutSeconds: number;
  readonly memoryMegabytes?: number;
  readonly recursiveLoop?: RecursiveLoop;
  readonly grants: readonly Grant[];
}

// A gateway waits 30 s, a call to the platform takes at most 25.
const answersAlone = 10;
const callsThePlatform = 29;

/** `HEAD` is routed as `GET` is (RFC 9110 §9.3.2); the callback refuses it itself. */
const reading = (path: string): string[] => [`GET ${path}`, `HEAD ${path}`];

/**
 * Every method. Those that the front end's files have too are named: which of `ANY /ext/{path+}` and `GET /{file+}` takes a
 * request is not documented.
 */
const everyMethod = (path: string): string[] => [...reading(path), `ANY ${path}`];

/** Every entry file that the stack makes a function of, the author's included. */
export function entriesOf(extension: Extension): string[] {
  return [
    ...new Set(
      [...builtInFunctions(extension), ...queueFunctions(extension), ...authorFunctions(extension)].map(
        ({ entry }) => entry,
      ),
    ),
  ];
}

/**
 * The functions of every extension that requests reach. Where outsiders can make us call the platform with our own
 * credentials, they can do it a few times a second.
 */
export function builtInFunctions({ partner }: Pick<Extension, 'partner'>): readonly FunctionRow[] {
  return partner === undefined ? builtIn : builtIn.map((row) => withPartners(row));
}

/** The functions that queues call. */
function queueFunctions(extension: Pick<Extension, 'events'>): readonly FunctionRow[] {
  return receivingAccount(extension) === undefined ? [worker] : [worker, receiver];
}

/** Routes of partners, where there are any, go where those of companies go. */
const partnerRoutes: Readonly<Record<string, readonly string[]>> = {
  Install: reading(paths.partnerInstall),
  Callback: reading(paths.partnerCallback),
  PlatformProxy: everyMethod(paths.partner),
};

function withPartners(row: FunctionRow): FunctionRow {
  return { ...row, routes: [...row.routes, ...(partnerRoutes[row.id] ?? [])] };
}

/** What shows pages: each view of one passes through it. */
export const pageEntry = './functions/page.ts';

const builtIn: readonly FunctionRow[] = [
  {
    id: 'Install',
    entry: './functions/install.ts',
    routes: reading(paths.install),
    timeoutSeconds: answersAlone,
    grants: [baseUrl, apiKey, sessionKey],
  },
  {
    id: 'Callback',
    entry: './functions/callback.ts',
    routes: reading(paths.callback),
    requestsPerSecond: 20,
    timeoutSeconds: callsThePlatform,
    // It may be delivered twice: then it looks at the session that came of it.
    grants: [...forInstalling, sessionKey, sessionChecks, cacheReads],
  },
  {
    id: 'Page',
    entry: pageEntry,
    // It tells pages from files by the path itself.
    routes: [...reading(paths.root), ...reading(paths.files)],
    timeoutSeconds: answersAlone,
    grants: forSessions,
  },
  {
    id: 'Session',
    entry: './functions/session.ts',
    routes: [...reading(paths.session), `DELETE ${paths.session}`],
    timeoutSeconds: answersAlone,
    grants: [...forSessions, epochMoves],
  },
  {
    id: 'PlatformProxy',
    entry: './functions/platform-proxy.ts',
    routes: everyMethod(paths.platform),
    timeoutSeconds: callsThePlatform,
    grants: forPeople,
  },
  {
    id: 'Healthz',
    entry: './functions/healthz.ts',
    routes: reading(paths.healthz),
    timeoutSeconds: answersAlone,
    memoryMegabytes: 256,
    grants: [],
  },
  {
    id: 'Webhook',
    entry: './functions/webhook.ts',
    routes: [`POST ${paths.webhookEvents}`],
    timeoutSeconds: answersAlone,
    grants: [webhookKey, sends],
  },
  {
    id: 'AutoInstall',
    entry: './functions/auto-install.ts',
    routes: [`POST ${paths.autoInstall}`],
    requestsPerSecond: 5,
    timeoutSeconds: callsThePlatform,
    grants: forInstalling,
  },
  {
    id: 'Uninstall',
    entry: './functions/uninstall.ts',
    routes: [`POST ${paths.uninstall}`],
    requestsPerSecond: 5,
    timeoutSeconds: answersAlone,
    // Where its callers were told that it is: they sign the host.
    grants: [baseUrl, apiKey, apiSecret, sends],
  },
  {
    id: 'Storefront',
    entry: './functions/storefront.ts',
    routes: everyMethod(paths.storefront),
    requestsPerSecond: 20,
    timeoutSeconds: answersAlone,
    grants: [baseUrl, apiSecret],
  },
];

/** Called by the work queue, with the author's handlers of events, schedules and durable hooks in it. */
export const worker: FunctionRow = {
  id: 'Worker',
  entry: './functions/worker.ts',
  routes: [],
  timeoutSeconds: 60,
  // A schedule sends its next page to the queue that it came from, and ends by itself where it does not get on.
  recursiveLoop: RecursiveLoop.ALLOW,
  grants: [
    baseUrl,
    apiKey,
    apiSecret,
    tokenKey,
    webhookKey,
    backgroundWork,
    handledDeliveries,
    sends,
    deliveredWork,
    receivedPlaces,
  ],
};

/** Called by the queue that another account sends events to, where the configuration names one. */
export const receiver: FunctionRow = {
  id: 'ReceiveEvent',
  entry: './functions/receive-event.ts',
  routes: [],
  timeoutSeconds: answersAlone,
  memoryMegabytes: 512,
  grants: [sends, deliveredEvents],
};

/** Shoppers and servers of others have a limit of their own for each route: the stage's is for pages, too. */
const otherRequestsPerSecond = 100;

/**
 * One function for each handler file that `api`, `storefront` or `calls` names, with all routes that name it.
 * @throws {ConfigurationError} where an HTTP API does not take so many routes.
 */
export function authorFunctions(extension: Extension): FunctionRow[] {
  const { api, storefront, calls } = extension;
  const groups = [
    { named: api, grants: forPeople },
    { named: storefront, grants: forCompanies, requestsPerSecond: otherRequestsPerSecond },
    {
      named: Object.fromEntries(Object.entries(calls).map(([route, { handler }]) => [route, handler])),
      grants: forCompanies,
      requestsPerSecond: otherRequestsPerSecond,
    },
  ];
  const routes = groups.flatMap(({ named, ...limits }) =>
    Object.entries(named).flatMap(([route, entry]) =>
      routesOf(route, named).map((each) => ({ route: each, entry, limits })),
    ),
  );
  const builtInCount = builtInFunctions(extension).flatMap((row) => row.routes).length;
  if (builtInCount + routes.length > maxRoutes) {
    throw new ConfigurationError(
      `extension.config.ts: api, storefront and calls make ${routes.length} routes (a GET route is two: HEAD has one of its own) and must make at most ${maxRoutes - builtInCount}: an HTTP API takes ${maxRoutes}, and ${builtInCount} are the extension's own.`,
    );
  }
  const byEntry = Map.groupBy(routes, ({ entry }) => entry);
  const ids = idsOf([...byEntry.keys()]);
  return [...byEntry].map(([entry, named]) => ({
    id: ids.get(entry) ?? entry,
    entry,
    routes: named.map(({ route }) => route),
    timeoutSeconds: callsThePlatform,
    ...(named[0]?.limits ?? { grants: forPeople }),
  }));
}

/** A route of the author's, and `HEAD` for a `GET` where they have not routed that themselves. */
function routesOf(route: string, named: Readonly<Record<string, string>>): string[] {
  const [method, path = ''] = route.split(' ');
  return method !== 'GET' || `HEAD ${path}` in named || `ANY ${path}` in named ? [route] : reading(path);
}

/**
 * `./functions/app/stock-levels.ts` → `StockLevels`. Where another file or a function of the template's would be called the
 * same, or where nothing is left of a name, it is the whole path.
 */
function idsOf(entries: readonly string[]): Map<string, string> {
  const short = (entry: string) =>
    (entry.split('/').at(-1) ?? '')
      .slice(0, -'.ts'.length)
      .split(/[^A-Za-z0-9]+/)
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
      .join('');
  const taken = [...[...builtIn, worker, receiver].map(({ id }) => id), ...entries.map(short)].map((id) =>
    id.toLowerCase(),
  );
  return new Map(
    entries.map((entry) => {
      const id = short(entry);
      const isAlone = taken.filter((other) => other === id.toLowerCase()).length === 1;
      return [entry, id !== '' && isAlone ? id : entry.replace(/^\.\//, '').slice(0, -'.ts'.length)];
    }),
  );
}
