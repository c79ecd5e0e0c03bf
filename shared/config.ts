import * as v from 'valibot';

/** Whether the company's long-term grant is fetched at installation. People always get their own online session. */
export type AccessMode = 'offline' | 'online';

/** `METHOD path` below `/service/platform/`; `*` stands for one segment or any method, a last `**` for any rest. */
export type RoutePattern = `${string} ${string}`;

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
  api: v.optional(
    v.record(
      apiRoute,
      v.pipe(v.string('must be the path of a file'), v.regex(/\.ts$/, 'must be the path of a .ts file')),
    ),
    {},
  ),
});

/**
 * Judges a configuration and fills in its defaults.
 * @throws {ConfigurationError} with a sentence that names the field.
 */
export function parseExtension(input: unknown): Extension {
  const result = v.safeParse(schema, input, { abortEarly: true });
  if (!result.success) throw new ConfigurationError(sentence(result.issues[0]));
  const { output } = result;
  return {
    ...output,
    launchPath: output.launchPath,
    adminOrigins: output.adminOrigins ?? defaultAdminOrigins(output.cluster),
    proxy: { only: output.proxy.only, also: output.proxy.also },
  };
}

function sentence(issue: v.BaseIssue<unknown>): string {
  const field = v.getDotPath(issue) ?? 'the configuration';
  if (issue.type === 'strict_object' && issue.expected === 'never')
    return `extension.config.ts: ${field} is not a setting.`;
  if (issue.received === 'undefined') return `extension.config.ts: ${field} is missing.`;
  const reason = /^(must|is) /.test(issue.message) ? issue.message : `must be ${issue.expected ?? 'another value'}`;
  return `extension.config.ts: ${field} ${reason}.`;
}

/**
 * An origin in its canonical form, or undefined where the text is none. `https` is assumed where no scheme is given;
 * plain `http` is taken only for loopback, which browsers trust (https://www.w3.org/TR/secure-contexts/).
 */
export function parseOrigin(text: string): string | undefined {
  if (/[\s\\@]/.test(text)) return undefined;
  const url = URL.parse(/^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `https://${text}`);
  if (url === null || url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.hostname === '')
    return undefined;
  const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && loopback) ? url.origin : undefined;
}

/** The panels of a cluster `api.X` are at X (Fynd's convention); a simulated platform on loopback is its own panel. */
function defaultAdminOrigins(cluster: string): string[] {
  const url = new URL(cluster);
  if (url.hostname.startsWith('api.')) {
    const domain = url.host.slice('api.'.length);
    return ['platform', 'partners', 'administrator'].map((panel) => `https://${panel}.${domain}`);
  }
  if (url.protocol === 'http:' || url.hostname === 'localhost') return [cluster];
  throw new ConfigurationError(
    `extension.config.ts: adminOrigins is missing. The panels of ${url.host} cannot be derived from its name: name the origins that show the extension.`,
  );
}
