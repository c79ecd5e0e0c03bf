import * as v from 'valibot';
import { ConfigurationError, type Extension, isForCompany, isLoopback, maxSessionHours, type Stage } from './config.ts';
import { sweepSchedule } from './contract.ts';
import { reservedVariables, variableOf } from './own-variables.ts';
import { apiRoute, callRoute, pathShape, proxiedRoute, routePattern, storefrontRoute } from './route-schema.ts';
import { alarms, originSchema, panelOrigins, regionOfCluster, stages, workerConcurrency } from './stage-schema.ts';
import { event, eventKey, handlerFile, schedule, toEvent } from './work-schema.ts';

const dayInSeconds = 86_400;

const callsPerSecond = (least: number) =>
  v.pipe(
    v.number('must be a number'),
    v.integer('must be a whole number'),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(10_000, 'must be at most 10000'),
  );

const callsPerSecondOrFalse = v.union(
  [v.literal(false), callsPerSecond(1)],
  'must be a whole number of 1 to 10000, or false',
);

const ttlSeconds = v.pipe(
  v.number('must be a number of seconds'),
  v.integer('must be a whole number of seconds'),
  v.minValue(0, 'must not be negative'),
  v.maxValue(dayInSeconds, `must be at most ${dayInSeconds} (a day)`),
);
const sessionHours = v.pipe(
  v.number('must be a number of hours'),
  v.gtValue(0, 'must be more than 0'),
  v.maxValue(maxSessionHours, `must be at most ${maxSessionHours}`),
);
const sources = v.optional(
  v.array(
    v.pipe(
      originSchema,
      v.regex(
        /^https?:\/\/(localhost|(\*\.)?([a-z\d-]+\.)+[a-z\d-]+)(:\d+)?$/,
        'must be an origin such as "https://cdn.example.com"',
      ),
    ),
    'must be a list of origins',
  ),
  [],
);
const call = v.pipe(
  v.strictObject({
    handler: handlerFile,
    verify: v.picklist(['checksum', 'storefront', 'none'], 'must be "checksum", "storefront" or "none"'),
    company: v.optional(
      v.pipe(
        v.string('must be text such as "body.company_id"'),
        v.regex(/^body(\.\w+)+$/, 'must be a place in the body, such as "body.company_id"'),
      ),
    ),
  }),
  v.forward(
    v.check(
      ({ verify, company }) => company === undefined || verify === 'checksum',
      'must stand only where verify is "checksum": a storefront call names its company itself, and without a proof there is none',
    ),
    ['company'],
  ),
);

/** A name of a setting or a secret, and so of a variable in `.env`. */
const ownName = v.pipe(
  v.string(),
  v.regex(/^[a-z][a-zA-Z0-9]{0,63}$/, 'must have a name such as "slackUrl"'),
  v.check(
    (name) => !reservedVariables.test(variableOf(name)),
    'is a name whose variable means something else: choose another',
  ),
);

const scopes = v.pipe(
  v.array(
    v.pipe(
      v.string('must be text such as "company/products"'),
      v.regex(/^[a-z][\w-]*(\/[\w-]+)*(\/\*)?$/, 'must look like "company/products"'),
      v.maxLength(100, 'must have at most 100 characters'),
    ),
    'must be a list such as ["company/products"]',
  ),
  v.nonEmpty('must name at least one scope'),
  v.maxLength(200, 'must name at most 200 scopes'),
  v.check((scopes) => new Set(scopes).size === scopes.length, 'must not name a scope twice'),
);

const settings = v.strictObject({
  name: v.pipe(
    v.string('must be text'),
    v.trim(),
    v.nonEmpty('must not be empty'),
    v.maxLength(100, 'must have at most 100 characters'),
  ),
  scopes,
  unlisted: v.optional(v.array(v.string('must be text'), 'must be a list of scopes and events'), []),
  accessMode: v.optional(v.picklist(['offline', 'online'], 'must be "offline" or "online"'), 'offline'),
  cluster: v.optional(originSchema, 'https://api.fynd.com'),
  region: v.optional(regionOfCluster),
  adminOrigins: v.optional(panelOrigins),
  pkce: v.optional(v.boolean('must be true or false'), false),
  csp: v.optional(v.strictObject({ img: sources, connect: sources, font: sources }), {}),
  support: v.optional(
    v.pipe(
      v.string('must be text'),
      v.maxLength(200, 'must have at most 200 characters'),
      v.check(isSupport, 'must be an e-mail address, or an address that begins with https://'),
    ),
  ),
  page: v.optional(v.pipe(v.string('must be the path of a folder'), v.nonEmpty('must be the path of a folder'))),
  edge: v.optional(v.boolean('must be true or false'), false),
  launchPath: v.optional(
    v.pipe(
      v.string('must be text'),
      v.regex(/^\/(?!\/)[^\s\\#]*$/, 'must be a path on the extension, such as "/company/{company_id}"'),
      v.maxLength(512, 'must have at most 512 characters'),
      v.check((path) => !/^\/(fp|adm|api)(\/|$)/.test(path), 'must not lie under /fp, /adm or /api'),
    ),
  ),
  proxy: v.optional(
    v.strictObject({
      only: v.optional(v.pipe(v.array(proxiedRoute, 'must be a list'), v.nonEmpty('must name at least one route'))),
      also: v.optional(v.array(proxiedRoute, 'must be a list'), []),
    }),
    {},
  ),
  limits: v.optional(
    v.pipe(
      v.strictObject({
        // An account has 10,000 in a region, which all of its APIs share.
        requestsPerSecond: v.optional(callsPerSecond(10), 200),
        // A page with many parts opens with some dozens of calls, and somebody reloads it: that is no one too many.
        perPerson: v.optional(callsPerSecondOrFalse, 50),
        perCompany: v.optional(callsPerSecondOrFalse),
      }),
      v.transform((limits) => ({ ...limits, perCompany: limits.perCompany ?? limits.requestsPerSecond / 2 })),
    ),
    {},
  ),
  cache: v.optional(
    v.strictObject({
      defaultTtlSeconds: v.optional(ttlSeconds, 60),
      rules: v.optional(v.array(v.strictObject({ route: routePattern, ttlSeconds }), 'must be a list'), []),
    }),
    {},
  ),
  session: v.optional(v.strictObject({ maxHours: v.optional(sessionHours, maxSessionHours) }), {}),
  partner: v.optional(v.strictObject({ scopes })),
  api: v.optional(v.record(apiRoute, handlerFile), {}),
  storefront: v.optional(v.record(storefrontRoute, handlerFile), {}),
  calls: v.optional(v.record(callRoute, call), {}),
  events: v.optional(
    v.pipe(
      v.record(eventKey, event),
      v.transform((events) => Object.entries(events).map(toEvent)),
    ),
    {},
  ),
  webhooks: v.optional(
    v.strictObject({
      notificationEmail: v.optional(v.pipe(v.string('must be text'), v.email('must be an email address'))),
      salesChannels: v.optional(
        v.union(
          [v.picklist(['all', 'none']), v.pipe(v.array(v.pipe(v.string(), v.regex(/^[0-9a-f]{24}$/i))), v.nonEmpty())],
          'must be "all", "none" or a list of application ids',
        ),
        'all',
      ),
      reactivate: v.optional(v.boolean('must be true or false')),
      marketplace: v.optional(v.boolean('must be true or false')),
      secret: v.optional(
        v.picklist(['per-company', 'api-secret'], 'must be "per-company" or "api-secret"'),
        'per-company',
      ),
    }),
    {},
  ),
  schedules: v.optional(
    v.record(
      v.pipe(
        v.string(),
        v.regex(/^[a-z][a-zA-Z0-9]{0,31}$/, 'must have a name such as "nightly"'),
        v.check((name) => name !== sweepSchedule, 'is the name of a schedule that every extension has'),
      ),
      schedule,
    ),
    {},
  ),
  worker: v.optional(
    v.strictObject({
      // By default a fiftieth of an account's usual pool of 1,000, out of which pages are answered too. Events of half a second
      // are then forty a second, and a schedule of two seconds is through with 1,000 companies in under two minutes.
      maxConcurrency: v.optional(workerConcurrency, 20),
    }),
    {},
  ),
  hooks: v.optional(
    v.strictObject({
      installed: v.optional(handlerFile),
      launched: v.optional(handlerFile),
      scopesChanged: v.optional(handlerFile),
      uninstalled: v.optional(handlerFile),
    }),
    {},
  ),
  settings: v.optional(
    v.record(
      ownName,
      v.union([v.string(), v.pipe(v.number(), v.finite()), v.boolean()], 'must be text, a number, true or false'),
    ),
    {},
  ),
  secrets: v.optional(
    v.record(
      ownName,
      v.strictObject({
        for: v.pipe(
          v.array(handlerFile, 'must be a list of files'),
          v.nonEmpty('must name at least one file of a handler'),
        ),
      }),
    ),
    {},
  ),
  resources: v.optional(handlerFile),
  stages: v.optional(stages, {}),
  alarms: v.optional(alarms, {}),
});

const ownNames = ({ settings, secrets }: { readonly settings: object; readonly secrets: object }) => [
  ...Object.keys(settings),
  ...Object.keys(secrets),
];

/** What authors may write, as `ExtensionInput` documents it, and what becomes of it: `Extension`. */
export const extensionSchema = v.pipe(
  settings,
  v.forward(
    v.check(
      ({ events, webhooks }) => events.length === 0 || webhooks.notificationEmail !== undefined,
      'is missing: the platform wants it for events',
    ),
    ['webhooks', 'notificationEmail'],
  ),
  v.forward(
    v.check(
      ({ events }) => new Set(events.flatMap(({ from }) => from ?? [])).size <= 1,
      'must name one account in from: whoever may send to this stack may send any event',
    ),
    ['events'],
  ),
  v.forward(
    v.check(
      ({ webhooks }) => !webhooks.marketplace || typeof webhooks.salesChannels !== 'string',
      'must be true only where salesChannels names sales channels: the platform allows it for no others',
    ),
    ['webhooks', 'marketplace'],
  ),
  v.forward(
    v.check(
      (given) => new Set(ownNames(given).map(variableOf)).size === ownNames(given).length,
      'must not have names that are one variable in the environment, as "url" of a setting and "url" of a secret are',
    ),
    ['secrets'],
  ),
  v.forward(
    v.check(
      ({ accessMode, events, schedules, storefront, calls }) =>
        accessMode === 'offline' ||
        (events.length + Object.keys(schedules).length + Object.keys(storefront).length === 0 &&
          !Object.values(calls).some(isForCompany)),
      'must be "offline" for events, schedules, storefront handlers and calls for a company: they work without a person, with the company’s own token. Leave accessMode out: people still sign in with tokens of their own',
    ),
    ['accessMode'],
  ),
  v.forward(
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const { api, calls } = dataset.value;
      const taken = new Set(Object.keys(api).map(pathShape));
      const twice = Object.keys(calls).find((route) => taken.has(pathShape(route)));
      if (twice !== undefined) addIssue({ message: `must not have ${JSON.stringify(twice)}, whose path is under api` });
    }),
    ['calls'],
  ),
  v.forward(
    v.check(
      ({ adminOrigins, cluster }) => (adminOrigins ?? panelsOf(cluster)) !== undefined,
      ({ input: { cluster } }) =>
        `is missing. The panels of ${new URL(cluster).host} cannot be derived from its name: name the origins that show the extension`,
    ),
    ['adminOrigins'],
  ),
  v.transform((given) => ({
    ...given,
    adminOrigins: given.adminOrigins ?? panelsOf(given.cluster) ?? [],
    // One base for every call of the platform: what forgot the region would speak to another one.
    cluster: given.region === undefined ? given.cluster : `${given.cluster}/region/${given.region}`,
  })),
);

const emailAddress = v.pipe(v.string(), v.email());

function isSupport(text: string): boolean {
  return v.is(emailAddress, text) || (/^https:\/\/[^\s\\@]+$/.test(text) && URL.canParse(text));
}

/**
 * Judges a configuration and fills in its defaults. `file` is where it comes from, for the sentence; `stageName` is the stage
 * that is meant, and nothing where none is.
 * @throws {ConfigurationError} with a sentence that names the field, or the stages that there are.
 */
export function parseExtension(input: unknown, file = 'extension.config.ts', stageName?: string): Extension {
  const { stages, ...extension } = judge(input, file);
  const stageNames = Object.keys(stages);
  if (!stageName) return { ...extension, stageNames };
  const stage = Object.hasOwn(stages, stageName) ? stages[stageName] : undefined;
  if (stage === undefined) throw new ConfigurationError(`${file}: ${noSuchStage(stageName, stageNames)}`);
  const { stages: _, ...staged } = judge({ ...Object(input), ...inPlaceOf(stage) }, `${file}, stage ${stageName}`);
  return { ...staged, stage: { name: stageName, ...stage }, stageNames };
}

/** What a stage has in place of the extension's. Region and panels belong to a cluster: another one does not inherit them. */
function inPlaceOf({
  cluster,
  clusterRegion,
  adminOrigins,
  edge,
  alarms,
  concurrency: { worker },
}: Omit<Stage, 'name'>): object {
  return {
    ...(cluster !== undefined && { cluster, region: clusterRegion, adminOrigins }),
    ...(cluster === undefined && adminOrigins !== undefined && { adminOrigins }),
    ...(edge !== undefined && { edge }),
    ...(alarms !== undefined && { alarms }),
    ...(worker !== undefined && { worker: { maxConcurrency: worker } }),
  };
}

function noSuchStage(name: string, stageNames: readonly string[]): string {
  return stageNames.length === 0
    ? `stages is missing, so that there is no stage ${name}. Leave it out, or name it there.`
    : `stages has no ${name}. There are: ${stageNames.join(', ')}.`;
}

function judge(input: unknown, file: string): v.InferOutput<typeof extensionSchema> {
  const result = v.safeParse(extensionSchema, input, { abortEarly: true });
  if (result.success) return result.output;
  throw new ConfigurationError(`${file}: ${sentence(result.issues[0])}`);
}

function sentence(issue: v.BaseIssue<unknown>): string {
  const field = v.getDotPath(issue) ?? 'the configuration';
  if (issue.type === 'strict_object' && issue.expected === 'never') return `${field} is not a setting.`;
  if (issue.received === 'undefined') return `${field} is missing.`;
  const reason = /^(must|is) /.test(issue.message) ? issue.message : `must be ${issue.expected ?? 'another value'}`;
  return `${field} ${reason}.`;
}

/**
 * The panels of a cluster `api.X` or `api-X` have their names in place of `api` (Fynd's convention); a simulated platform
 * on loopback is its own panel. Undefined where they cannot be told from the cluster's name.
 */
function panelsOf(cluster: string): string[] | undefined {
  const url = new URL(cluster);
  if (/^api[.-]/.test(url.hostname)) {
    const rest = url.host.slice('api'.length);
    return ['platform', 'partners', 'administrator'].map((panel) => `https://${panel}${rest}`);
  }
  return isLoopback(url.hostname) ? [cluster] : undefined;
}
