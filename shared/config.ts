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
  /** The author's own routes, e.g. `'GET /api/products': './functions/app/products.ts'`. */
  readonly api?: Readonly<Record<string, string>>;
  /** Events of the platform by `category/name/type/vN`, e.g. `'company/product/update/v1': './functions/on-product.ts'`. */
  readonly events?: Readonly<Record<string, string | EventInput>>;
  readonly webhooks?: {
    /** Whom the platform tells when deliveries fail. Required as soon as there are events. */
    readonly notificationEmail?: string;
    /** Whose events: of all sales channels, of none, or of those named. Default `all`. */
    readonly salesChannels?: 'all' | 'none' | readonly string[];
    /**
     * What the platform signs deliveries with: a secret of its own for each company, or the API secret where the platform
     * signs with nothing else. Default `per-company`.
     */
    readonly secret?: 'per-company' | 'api-secret';
  };
  /** Work for every installed company, e.g. `nightly: { every: '1 day', handler: './functions/app/nightly.ts' }`. */
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
    readonly secret: 'per-company' | 'api-secret';
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

/** Whether a host is this very machine (RFC 6761 §6.3), to which browsers talk without TLS. */
export function isLoopback(hostname: string): boolean {
  return /^(([\w-]+\.)*localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
