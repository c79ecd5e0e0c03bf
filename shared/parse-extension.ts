import * as v from 'valibot';
import {
  ConfigurationError,
  type EventInput,
  type Extension,
  type ExtensionEvent,
  isLoopback,
  parseOrigin,
} from './config.ts';
import { servicesWithoutPeople, sweepSchedule } from './contract.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const reservedPaths = /^\/api\/(platform|session|webhook-events)(\/|$)/;
const dayInSeconds = 86_400;

const ttlSeconds = v.pipe(
  v.number('must be a number of seconds'),
  v.integer('must be a whole number of seconds'),
  v.minValue(0, 'must not be negative'),
  v.maxValue(dayInSeconds, `must be at most ${dayInSeconds} (a day)`),
);
const routePattern = v.pipe(
  v.string('must be text such as "GET catalog/**"'),
  v.regex(
    new RegExp(`^(\\*|${methods.join('|')}) (?!/)(?:(?:\\*|[\\w.~-]+)(?:/(?:\\*|[\\w.~-]+))*(?:/\\*\\*|/)?|\\*\\*)$`),
    'must be a method (or *), a blank and a path below /service/platform/, such as "GET catalog/**"',
  ),
);
const proxiedRoute = v.pipe(
  routePattern,
  v.check(
    (route) => !servicesWithoutPeople.has(/ ([\w-]+)/.exec(route)?.[1]?.toLowerCase() ?? ''),
    'must not name the services webhook and partners: no call for a person reaches them',
  ),
);
const origin = v.pipe(
  v.string('must be an origin such as "https://api.fynd.com"'),
  v.rawTransform(({ dataset: { value }, addIssue, NEVER }) => {
    const parsed = parseOrigin(value);
    if (parsed !== undefined) return parsed;
    addIssue({
      message: 'must be an https origin without a path, such as "https://api.fynd.com" (http only for loopback)',
    });
    return NEVER;
  }),
);
const apiRoute = v.pipe(
  v.string(),
  v.regex(
    new RegExp(`^(${methods.join('|')}|ANY) /api(/([A-Za-z0-9._~-]+|\\{[a-z_]+\\}))+$`),
    'must be a method, a blank and a path below /api/, such as "GET /api/products"',
  ),
  v.check(
    (route) => !reservedPaths.test(route.slice(route.indexOf(' ') + 1)),
    'is a path that the extension itself answers',
  ),
);

const handlerFile = v.pipe(v.string('must be the path of a file'), v.regex(/\.ts$/, 'must be the path of a .ts file'));
const eventKey = v.pipe(
  v.string(),
  v.regex(/^[\w-]+\/[\w-]+\/[\w-]+\/v\d+$/, 'must be category/name/type/vN, such as "company/product/update/v1"'),
);
const providers = ['rest', 'kafka', 'sqs', 'event_bridge', 'pub_sub', 'temporal'] as const;
const anyObject = v.record(v.string(), v.unknown(), 'must be an object');
const event = v.pipe(
  v.union(
    [
      v.pipe(
        handlerFile,
        v.transform((handler): EventInput => ({ handler })),
      ),
      v.strictObject({
        handler: v.optional(handlerFile),
        provider: v.optional(v.picklist(providers, `must be one of ${providers.join(', ')}`)),
        destination: v.optional(v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'))),
        workflowName: v.optional(v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'))),
        filters: v.optional(anyObject),
        reducer: v.optional(anyObject),
      }),
    ],
    'must be the path of a .ts file, or an object with handler or provider and destination',
  ),
  v.check(
    ({ provider = 'rest', handler, destination }) =>
      provider === 'rest'
        ? handler !== undefined && destination === undefined
        : handler === undefined && destination !== undefined,
    'must have a handler where it comes to this extension, and a destination where its provider is another one',
  ),
  v.check(
    ({ provider, workflowName }) => (provider === 'temporal') === (workflowName !== undefined),
    'must have a workflowName where its provider is temporal, and only there',
  ),
);
const unitMinutes = { minute: 1, hour: 60, day: 1_440 } as const;
const every = v.pipe(
  v.string('must be text such as "1 day"'),
  v.regex(/^[1-9]\d{0,3} (minute|hour|day)s?$/, 'must be a number of minutes, hours or days, such as "1 day"'),
  v.transform((text) => {
    const [count, unit = ''] = text.split(' ');
    return Number(count) * unitMinutes[unit.replace(/s$/, '') as keyof typeof unitMinutes];
  }),
);

const schema = v.strictObject({
  name: v.pipe(
    v.string('must be text'),
    v.trim(),
    v.nonEmpty('must not be empty'),
    v.maxLength(100, 'must have at most 100 characters'),
  ),
  scopes: v.pipe(
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
  ),
  accessMode: v.optional(v.picklist(['offline', 'online'], 'must be "offline" or "online"'), 'offline'),
  cluster: v.optional(origin, 'https://api.fynd.com'),
  adminOrigins: v.optional(
    v.pipe(v.array(origin, 'must be a list of origins'), v.nonEmpty('must name at least one origin')),
  ),
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
  cache: v.optional(
    v.strictObject({
      defaultTtlSeconds: v.optional(ttlSeconds, 60),
      rules: v.optional(v.array(v.strictObject({ route: routePattern, ttlSeconds })), []),
    }),
    {},
  ),
  events: v.optional(v.record(eventKey, event), {}),
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
      v.strictObject({ every, handler: handlerFile }),
    ),
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
  resources: v.optional(handlerFile),
  api: v.optional(
    v.record(
      apiRoute,
      v.pipe(v.string('must be the path of a file'), v.regex(/\.ts$/, 'must be the path of a .ts file')),
    ),
    {},
  ),
});

/**
 * Judges a configuration and fills in its defaults. `file` is where it comes from, for the sentence.
 * @throws {ConfigurationError} with a sentence that names the field.
 */
export function parseExtension(input: unknown, file = 'extension.config.ts'): Extension {
  const result = v.safeParse(schema, input, { abortEarly: true });
  if (!result.success) throw new ConfigurationError(`${file}: ${sentence(result.issues[0])}`);
  const { output } = result;
  const { accessMode, events, hooks, schedules, webhooks } = output;
  if (Object.keys(events).length > 0 && webhooks.notificationEmail === undefined) {
    throw new ConfigurationError(`${file}: webhooks.notificationEmail is missing: the platform wants it for events.`);
  }
  if (accessMode === 'online' && Object.keys({ ...events, ...schedules }).length > 0) {
    throw new ConfigurationError(
      `${file}: accessMode must be "offline" for events and schedules: they work without a person.`,
    );
  }
  return {
    ...output,
    launchPath: output.launchPath,
    resources: output.resources,
    adminOrigins: output.adminOrigins ?? defaultAdminOrigins(output.cluster, file),
    proxy: { only: output.proxy.only, also: output.proxy.also },
    events: Object.entries(events).map(([key, given]) => toEvent(key, given)),
    webhooks: { ...webhooks, notificationEmail: webhooks.notificationEmail },
    schedules: Object.fromEntries(
      Object.entries(schedules).map(([name, schedule]) => [
        name,
        { everyMinutes: schedule.every, handler: schedule.handler },
      ]),
    ),
    hooks: Object.fromEntries(Object.entries(hooks).filter(([, handler]) => handler !== undefined)),
  };
}

function toEvent(key: string, given: v.InferOutput<typeof event>): ExtensionEvent {
  const [category = '', name = '', type = '', version = ''] = key.split('/');
  const { handler, provider = 'rest', destination, workflowName, filters, reducer } = given;
  const numberOf = (text: string) => text.slice('v'.length);
  return {
    category,
    name,
    type,
    version: numberOf(version),
    provider,
    handler,
    destination,
    workflowName,
    filters,
    reducer,
  };
}

function sentence(issue: v.BaseIssue<unknown>): string {
  const field = v.getDotPath(issue) ?? 'the configuration';
  if (issue.type === 'strict_object' && issue.expected === 'never') return `${field} is not a setting.`;
  if (issue.received === 'undefined') return `${field} is missing.`;
  const reason = /^(must|is) /.test(issue.message) ? issue.message : `must be ${issue.expected ?? 'another value'}`;
  return `${field} ${reason}.`;
}

/** The panels of a cluster `api.X` are at X (Fynd's convention); a simulated platform on loopback is its own panel. */
function defaultAdminOrigins(cluster: string, file: string): string[] {
  const url = new URL(cluster);
  if (url.hostname.startsWith('api.')) {
    const domain = url.host.slice('api.'.length);
    return ['platform', 'partners', 'administrator'].map((panel) => `https://${panel}.${domain}`);
  }
  if (isLoopback(url.hostname)) return [cluster];
  throw new ConfigurationError(
    `${file}: adminOrigins is missing. The panels of ${url.host} cannot be derived from its name: name the origins that show the extension.`,
  );
}
