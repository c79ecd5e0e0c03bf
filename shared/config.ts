import * as v from 'valibot';

/** Whether the company's long-term grant is fetched at installation. People always get their own online session. */
export type AccessMode = 'offline' | 'online';

/** `METHOD path` below `/service/platform/`; `*` stands for one segment or any method, a last `**` for any rest. */
export type RoutePattern = `${string} ${string}`;

/** Where the platform delivers an event. `rest` comes to this extension; the others go past it, to a queue or topic. */
export type EventProvider = 'rest' | 'kafka' | 'sqs' | 'event_bridge' | 'pub_sub' | 'temporal';

/** One event that the extension wants; the shorthand is the path of its handler. */
export interface EventInput {
  /** The file that handles it, for `rest`. */
  readonly handler?: string;
  /** Default `rest`. */
  readonly provider?: EventProvider;
  /** Kafka's or Pub/Sub's topic, SQS's queue, Temporal's queue, EventBridge's name. */
  readonly destination?: string;
  /** For `temporal`. */
  readonly workflowName?: string;
  /** Passed to the platform as they are: which payloads are delivered, and what remains of them. */
  readonly filters?: Readonly<Record<string, unknown>>;
  readonly reducer?: Readonly<Record<string, unknown>>;
}

/** What an extension's author writes in `extension.config.ts`. Everything but name and scopes has a default. */
export interface ExtensionInput {
  /** Shown to people on the extension's pages. */
  readonly name: string;
  /** Scopes asked for at sign-in, e.g. `company/products`. At most what the partner panel allows the extension. */
  readonly scopes: readonly string[];
  /** Default `offline`. */
  readonly accessMode?: AccessMode;
  /** Origin of the platform's API. Default `https://api.fynd.com`. */
  readonly cluster?: string;
  /** Origins that may show the extension in a frame. Default: derived from a cluster named `api.X`. */
  readonly adminOrigins?: readonly string[];
  /** Where people land after sign-in. Default `/company/{company_id}`, with the application where there is one. */
  readonly launchPath?: string;
  readonly proxy?: {
    /** Narrows: only these of the calls that the scopes cover by default. */
    readonly only?: readonly RoutePattern[];
    /** Widens: these too, whatever the scopes cover. */
    readonly also?: readonly RoutePattern[];
  };
  readonly cache?: {
    /** How long an answer is fresh where the platform says nothing; 0 turns the cache off there. Default 60. */
    readonly defaultTtlSeconds?: number;
    /** Another default for some calls; the first rule that matches counts. */
    readonly rules?: readonly { readonly route: RoutePattern; readonly ttlSeconds: number }[];
  };
  /** The author's own routes, e.g. `'GET /api/products': './functions/products.ts'`. */
  readonly api?: Readonly<Record<string, string>>;
  /** Events of the platform by `category/name/type/vN`, e.g. `'company/product/update/v1': './functions/on-product.ts'`. */
  readonly events?: Readonly<Record<string, string | EventInput>>;
  readonly webhooks?: {
    /** Whom the platform tells when deliveries fail. Required as soon as there are events. */
    readonly notificationEmail?: string;
    /** Whose events: of all sales channels, of none, or of those named. Default `all`. */
    readonly salesChannels?: 'all' | 'none' | readonly string[];
  };
  /** Work for every installed company, e.g. `nightly: { every: '1 day', handler: './functions/nightly.ts' }`. */
  readonly schedules?: Readonly<Record<string, { readonly every: string; readonly handler: string }>>;
  /** A file with the author's own AWS resources, e.g. `./infra/own-resources.ts`. */
  readonly resources?: string;
  /** What the author does when a company installs, launches, grants other scopes or uninstalls. */
  readonly hooks?: Partial<Readonly<Record<HookName, string>>>;
}

/** `launched` runs while a person waits; the others come through the queue, at least once and in order per company. */
export type HookName = 'installed' | 'launched' | 'scopesChanged' | 'uninstalled';

/** An event as it is registered with the platform. */
export interface ExtensionEvent {
  readonly category: string;
  readonly name: string;
  readonly type: string;
  readonly version: string;
  readonly provider: EventProvider;
  readonly handler: string | undefined;
  readonly destination: string | undefined;
  readonly workflowName: string | undefined;
  readonly filters: Readonly<Record<string, unknown>> | undefined;
  readonly reducer: Readonly<Record<string, unknown>> | undefined;
}

/** The configuration with every default filled in: what the stack and the functions work with. */
export interface Extension {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly accessMode: AccessMode;
  readonly cluster: string;
  readonly adminOrigins: readonly string[];
  readonly launchPath: string | undefined;
  readonly proxy: { readonly only: readonly string[] | undefined; readonly also: readonly string[] };
  readonly cache: {
    readonly defaultTtlSeconds: number;
    readonly rules: readonly { readonly route: string; readonly ttlSeconds: number }[];
  };
  readonly api: Readonly<Record<string, string>>;
  readonly events: readonly ExtensionEvent[];
  readonly webhooks: {
    readonly notificationEmail: string | undefined;
    readonly salesChannels: 'all' | 'none' | readonly string[];
  };
  /** A schedule by its name. */
  readonly schedules: Readonly<Record<string, { readonly everyMinutes: number; readonly handler: string }>>;
  readonly hooks: Partial<Readonly<Record<HookName, string>>>;
  readonly resources: string | undefined;
}

/** A configuration that cannot work. The message is a sentence for its author and names the field. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** Types the configuration; it is judged by `parseExtension` when the stack is synthesized and in tests. */
export function defineExtension(extension: ExtensionInput): ExtensionInput {
  return extension;
}

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
      only: v.optional(v.pipe(v.array(routePattern, 'must be a list'), v.nonEmpty('must name at least one route'))),
      also: v.optional(v.array(routePattern, 'must be a list'), []),
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
    }),
    {},
  ),
  schedules: v.optional(
    v.record(
      v.pipe(v.string(), v.regex(/^[a-z][a-zA-Z0-9]{0,31}$/, 'must have a name such as "nightly"')),
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
    webhooks: { notificationEmail: webhooks.notificationEmail, salesChannels: webhooks.salesChannels },
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

/**
 * An origin in its canonical form, or undefined where the text is none. `https` is assumed where no scheme is given;
 * plain `http` is taken only for loopback, `*.localhost` included, which browsers trust
 * (https://www.w3.org/TR/secure-contexts/#is-origin-trustworthy).
 */
export function parseOrigin(text: string): string | undefined {
  if (/[\s\\@]/.test(text) || text.startsWith('/')) return undefined;
  const url = URL.parse(/^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `https://${text}`);
  if (url === null || url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.hostname === '')
    return undefined;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)) ? url.origin : undefined;
}

function isLoopback(hostname: string): boolean {
  return /^(([\w-]+\.)*localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
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
