import type * as v from 'valibot';
import type { KnownEvent, KnownScope } from './known-names.ts';
import type { extensionSchema } from './parse-extension.ts';
import type { Tenant } from './tenant.ts';

/** Whether the company's long-term grant is fetched at installation. People always get their own online session. */
export type AccessMode = 'offline' | 'online';

/** `METHOD path` below `/service/platform/`; `*` stands for one segment or any method, a last `**` for any rest. */
export type RoutePattern = `${string} ${string}`;

/**
 * Where the platform delivers an event. `rest` comes to this extension, as do `sqs` and `event_bridge` with `from`; the others go
 * past it, to a queue or topic.
 */
export type EventProvider = 'rest' | 'kafka' | 'sqs' | 'event_bridge' | 'pub_sub' | 'temporal';

/** One event that the extension wants; the shorthand is the path of its handler. */
export interface EventInput {
  /** The file that handles it, where it comes to this extension. */
  readonly handler?: string;
  /** Default `rest`. */
  readonly provider?: EventProvider;
  /**
   * For `sqs` and `event_bridge`: the AWS account, twelve digits, that alone may send to a queue or a bus of this stack, from
   * which the event comes to this extension. Nobody else proves whose event it is: ask the platform which account that is.
   */
  readonly from?: string;
  /**
   * Kafka's or Pub/Sub's topic, SQS's queue, Temporal's queue, EventBridge's name. With `from`, default: the queue's URL or the
   * bus's ARN.
   */
  readonly destination?: string;
  /** For `temporal`. */
  readonly workflowName?: string;
  /** Passed to the platform as they are: which payloads are delivered, and what remains of them. */
  readonly filters?: Readonly<Record<string, unknown>>;
  readonly reducer?: Readonly<Record<string, unknown>>;
}

/** Work for every installed company, at times that one of `every`, `at` and `cron` tells. */
export interface ScheduleInput {
  /**
   * How often, e.g. `15 minutes`, `6 hours` or `1 day`: by the clock of UTC, so that a day begins at its midnight. An interval
   * that divides neither an hour nor a day, e.g. `90 minutes`, begins when it is deployed.
   */
  readonly every?: string;
  /** Each day at this time in `timeZone`, e.g. `02:30`. */
  readonly at?: string;
  /** EventBridge Scheduler's six fields, e.g. `0 9 ? * MON-FRI *`; in UTC where `timeZone` says nothing. */
  readonly cron?: string;
  /** E.g. `Asia/Kolkata`. */
  readonly timeZone?: string;
  /** The file that does it. */
  readonly handler: string;
}

/** What the author's handlers read and everybody may know. */
export type SettingValue = string | number | boolean;

/** A secret of the author's own. */
export interface SecretInput {
  /** The files of the handlers that may read it. Those of events, schedules and durable hooks share one function. */
  readonly for: readonly string[];
}

/** A route that other servers call, without a person. */
export interface CallInput {
  /** The file that handles it. */
  readonly handler: string;
  /**
   * What proves the caller: `checksum`, the API secret's over the body as payment extensions are called; `storefront`, the
   * platform's signature as on `/ext/…`; `none`, where the handler judges that itself.
   */
  readonly verify: 'checksum' | 'storefront' | 'none';
  /** With `checksum`: where the body names the company that the handler acts for, e.g. `body.company_id`. */
  readonly company?: string;
}

/** Whom alarms of a deployed extension tell. */
export interface AlarmsInput {
  /** An address that gets an e-mail when one goes off, and when it is over. Its owner confirms that once. */
  readonly email?: string;
  /** The ARN of an SNS topic of yours, which must let CloudWatch publish. */
  readonly topic?: string;
  /** Where your people read docs/runbook.md, e.g. on GitHub: what alarms say leads there. Default: its path. */
  readonly runbook?: string;
  /** So many requests a minute that end with 5xx, in three minutes of five, are an alarm. Default 2: more for who has many users. */
  readonly failuresPerMinute?: number;
}

/** How one deployment of several is different. What a stage leaves out is as the extension says, or as the default here. */
export interface StageInput {
  /** The AWS account, twelve digits: credentials of another one are refused. Default: that of the credentials. */
  readonly account?: string;
  /** The AWS region, e.g. `ap-south-1`. Default: as without stages, from `cdk.json`, the environment or the profile. */
  readonly region?: string;
  /** The stack's name, e.g. that of one deployed before there were stages. Default: the extension's with the stage's, `product-lens-prod`. */
  readonly stackName?: string;
  /** Origin of the extension as browsers see it. Default: the API's own, with `edge` CloudFront's. */
  readonly baseUrl?: string;
  /** A domain that leads to the extension. Name it as `baseUrl` too, once DNS does, and the API's own address closes. */
  readonly domain?: {
    readonly name: string;
    /** Of the stage's region, with `edge` of us-east-1. */
    readonly certificateArn: string;
  };
  readonly edge?: boolean;
  /** In place of the extension's. */
  readonly alarms?: AlarmsInput;
  /** The stage's cluster of the platform. `region` and `adminOrigins` of the extension do not count for another one. */
  readonly cluster?: string;
  /** The region of `cluster`, as `region` of the extension is. */
  readonly clusterRegion?: string;
  /** Default: derived from `cluster`. */
  readonly adminOrigins?: readonly string[];
  /**
   * Whether the stack resists deletion, and its tables and keys outlive it. Default true. With `false`, `npm run destroy`
   * removes everything, every installation and token with it.
   */
  readonly protected?: boolean;
  /** How long logs are kept. Default: 30 days those of functions, 90 the API's access log. */
  readonly logRetentionDays?: 1 | 3 | 5 | 7 | 14 | 30 | 60 | 90 | 120 | 150 | 180 | 365 | 400 | 545 | 731;
  /** `error` leaves out the lines of requests and messages that went well. Default `info`. */
  readonly logLevel?: 'info' | 'error';
  readonly concurrency?: {
    /** In place of `worker.maxConcurrency`. */
    readonly worker?: number;
    /**
     * How many of a function the account keeps free for it, and runs at most, by its file: `{ './functions/page.ts': 50 }`.
     * They are taken from the account's pool. Default: none.
     */
    readonly reserved?: Readonly<Record<string, number>>;
  };
  /**
   * Whether a new version gets a part of the requests first, `percent` (default 10) for `minutes` (default 5), and is taken
   * back by itself where alarms go off. `npm run rollback` needs it. Default false.
   */
  readonly gradual?: boolean | { readonly percent?: number; readonly minutes?: number };
}

/** Any other name: spelled so, editors complete the known ones. */
type OtherName = string & Record<never, never>;

/**
 * What an extension's author writes in `extension.config.ts`. Everything but name and scopes has a default. Spelled beside
 * the schema, because editors show authors these comments and lose those on a schema; a test holds them together.
 */
export interface ExtensionInput<
  Settings = Readonly<Record<string, SettingValue>>,
  Secrets = Readonly<Record<string, SecretInput>>,
> {
  /** Shown to people on the extension's pages. */
  readonly name: string;
  /** Scopes asked for at sign-in, e.g. `company/products`. At most what the partner panel allows the extension. */
  readonly scopes: readonly (KnownScope | OtherName)[];
  /**
   * Scopes and events that are meant although no public document knows them, so that nothing asks about them and the
   * simulated platform takes them. Default: none.
   */
  readonly unlisted?: readonly string[];
  /** Default `offline`. */
  readonly accessMode?: AccessMode;
  /** Origin of the platform's API. Default `https://api.fynd.com`. */
  readonly cluster?: string;
  /**
   * The region of the cluster that every call goes to, e.g. `asia-south1`: paths begin with `/region/asia-south1` then.
   * Default: none, and paths begin with `/service`.
   */
  readonly region?: string;
  /** Origins that may show the extension in a frame. Default: derived from a cluster named `api.X`. */
  readonly adminOrigins?: readonly string[];
  /**
   * Whether a code is bound to the browser that asked for it (RFC 7636). Default false: nobody has seen yet that the platform
   * honours it, and one that refuses what it does not know lets nobody sign in.
   */
  readonly pkce?: boolean;
  /** Other origins that pages may load from, e.g. `{ img: ['https://cdn.example.com'] }`. Default: none. */
  readonly csp?: {
    readonly img?: readonly string[];
    /** What scripts may call. */
    readonly connect?: readonly string[];
    readonly font?: readonly string[];
  };
  /** Where people get help: an e-mail address or an `https` address. Error pages show it. Default: they show none. */
  readonly support?: string;
  /**
   * The folder of the built front end, e.g. `./frontend/dist`: its `index.html` is the page, its other files are served as
   * they are. Default: a page that says only that there is none.
   */
  readonly page?: string;
  /**
   * Puts CloudFront in front of the API and the files of the front end, with a firewall that limits how much one address
   * may ask. Default false: the API answers by itself.
   */
  readonly edge?: boolean;
  /** Where people land after sign-in. Default `/company/{company_id}`, with the application where there is one. */
  readonly launchPath?: string;
  readonly proxy?: {
    /** Narrows: only these of the calls that the scopes cover by default. */
    readonly only?: readonly RoutePattern[];
    /** Widens: these too, whatever the scopes cover. */
    readonly also?: readonly RoutePattern[];
  };
  /** How many requests a second there may be for long. Bursts may be larger. */
  readonly limits?: {
    /** Of everybody together, pages and files included: the gateway refuses what is more. 10 to 10000. Default 200. */
    readonly requestsPerSecond?: number;
    /** Of one person to the proxy and to `api` routes; `false` for no limit. Default 50. */
    readonly perPerson?: number | false;
    /** Of all people of one company to these; `false` for no limit. Default: half of what everybody may. */
    readonly perCompany?: number | false;
  };
  readonly cache?: {
    /** How long a response is fresh where the platform says nothing; 0 turns the cache off there. Default 60. */
    readonly defaultTtlSeconds?: number;
    /** Another default for some calls; the first rule that matches counts. */
    readonly rules?: readonly { readonly route: RoutePattern; readonly ttlSeconds: number }[];
  };
  /** People sign in again after at most so many hours, even where their token lives longer. At most 24, the default. */
  readonly session?: { readonly maxHours?: number };
  /** Organizations (partners) may install the extension too, and are asked for these scopes. Default: they may not. */
  readonly partner?: { readonly scopes: readonly string[] };
  /** The author's own routes, e.g. `'GET /api/products': './functions/app/products.ts'`. */
  readonly api?: Readonly<Record<string, string>>;
  /** What storefronts call, below `/ext/`, e.g. `'GET /ext/wishlist/{id}': './functions/app/wishlist.ts'`. */
  readonly storefront?: Readonly<Record<string, string>>;
  /** What other servers call, e.g. `'POST /pay/{company_id}': { handler: './functions/app/pay.ts', verify: 'checksum' }`. */
  readonly calls?: Readonly<Record<string, CallInput>>;
  /** Events of the platform by `category/name/type/vN`, e.g. `'company/product/update/v1': './functions/on-product.ts'`. */
  readonly events?: Readonly<Partial<Record<KnownEvent | OtherName, string | EventInput>>>;
  readonly webhooks?: {
    /** Whom the platform tells when deliveries fail. Required as soon as there are events. */
    readonly notificationEmail?: string;
    /** Whose events: of all sales channels, of none, or of those named. Default `all`. */
    readonly salesChannels?: 'all' | 'none' | readonly string[];
    /**
     * Whether the sweep activates again what the platform blocked, so that it sends what it held back meanwhile. Default
     * false: somebody looks into why first.
     */
    readonly reactivate?: boolean;
    /** Subscribers of the type `marketplace`, as the platform has them for named sales channels only. Default false. */
    readonly marketplace?: boolean;
    /**
     * What the platform signs deliveries with: a secret of its own for each company, or the API secret where the platform
     * signs with nothing else. Default `per-company`.
     */
    readonly secret?: 'per-company' | 'api-secret';
  };
  /** Work for every installed company, e.g. `nightly: { at: '02:30', timeZone: 'Asia/Kolkata', handler: './functions/app/nightly.ts' }`. */
  readonly schedules?: Readonly<Record<string, ScheduleInput>>;
  /** The function in which the handlers of events, schedules and durable hooks run. */
  readonly worker?: {
    /** How many of it run at once at most, 2 to 1000. They come out of the account's pool, as pages do. Default 20. */
    readonly maxConcurrency?: number;
  };
  /**
   * Values for the author's handlers, e.g. `{ lowStock: 5 }`: `setting('lowStock')` there. `LOW_STOCK` in the environment
   * replaces it when the stack is synthesized.
   */
  readonly settings?: Settings;
  /**
   * Secrets of the author's own, e.g. `{ slackUrl: { for: ['./functions/app/notify.ts'] } }`: `await secret('slackUrl')` there.
   * `npm run configure` stores them; on this machine `.env` holds them, as `SLACK_URL`.
   */
  readonly secrets?: Secrets;
  /** A file with the author's own AWS resources, e.g. `./infra/own-resources.ts`. */
  readonly resources?: string;
  /**
   * Deployments beside each other, e.g. `{ prod: { region: 'ap-south-1' }, test: { protected: false } }`: `npm run deploy -- --stage
   * prod`. Default: one deployment, without a stage.
   */
  readonly stages?: Readonly<Record<string, StageInput>>;
  /** Default: nobody is told; alarms show in CloudWatch alone. */
  readonly alarms?: AlarmsInput;
  /** Files of what the author does when something happens to an installation. */
  readonly hooks?: {
    /** A company installed the extension. Through the queue: at least once, in order per company. */
    readonly installed?: string;
    /** Somebody signs in, and waits meanwhile. */
    readonly launched?: string;
    /** A company granted other scopes. Through the queue. */
    readonly scopesChanged?: string;
    /** A company uninstalled the extension. Through the queue. */
    readonly uninstalled?: string;
  };
}

/** The names that a configuration has in one of its fields. */
export type NameIn<Configured, Field extends 'settings' | 'secrets'> =
  Configured extends Readonly<Partial<Record<Field, infer Given>>> ? keyof Given & string : never;

/** What a setting of a configuration is: any text where it says one text. */
export type SettingIn<Configured, Name extends string> = Configured extends {
  readonly settings?: Readonly<Record<Name, infer Given>>;
}
  ? Given extends string
    ? string
    : Given extends number
      ? number
      : boolean
  : never;

/** However long a person's token lives, their session ends so long after they signed in. */
export const maxSessionHours = 24;

type Parsed = v.InferOutput<typeof extensionSchema>;

/** A stage with every default filled in. */
export type Stage = DeepReadonly<Parsed['stages'][string]> & { readonly name: string };

/** The configuration with every default filled in: what the stack and the functions work with. */
export interface Extension extends DeepReadonly<Omit<Parsed, 'stages'>> {
  /** The one that was chosen: its cluster, `edge` and `worker` are the extension's already. Functions know none. */
  readonly stage?: Stage | undefined;
  /** Names of all that there are. */
  readonly stageNames: readonly string[];
}

/** An event as it is registered with the platform. */
export type ExtensionEvent = Extension['events'][number];

type DeepReadonly<Value> = Value extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> }
    : Value;

/** The key under which an event is configured and handled: `category/name/type/vN`. */
export function eventKeyOf(event: Pick<ExtensionEvent, 'category' | 'name' | 'type' | 'version'>): string {
  return `${event.category}/${event.name}/${event.type}/v${event.version}`;
}

/** The one account that may send events to this stack; undefined where none may. */
export function receivingAccount({ events }: Pick<Extension, 'events'>): string | undefined {
  return events.find(({ from }) => from !== undefined)?.from;
}

/**
 * The configuration as it counts for companies or for organizations, which are asked for other scopes. What is said about
 * calls of the Platform API is about companies' alone.
 */
export function extensionFor(extension: Extension, { kind }: Pick<Tenant, 'kind'>): Extension {
  if (kind === 'company') return extension;
  const { partner = { scopes: [] }, proxy, cache } = extension;
  return {
    ...extension,
    ...partner,
    launchPath: undefined,
    proxy: { ...proxy, only: undefined, also: [] },
    cache: { ...cache, rules: [] },
  };
}

/** Whether the handler of a call acts for a company that was signed for. */
export function isForCompany(call: {
  readonly verify: CallInput['verify'];
  readonly company?: string | undefined;
}): boolean {
  return call.verify === 'storefront' || call.company !== undefined;
}

/** A configuration that cannot work. The message is a sentence for its author and names the field. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

// What has no names: with any other type for it, each name would be one.
// oxlint-disable-next-line typescript/no-generated-empty-object-type
type NoneNamed = Readonly<Record<never, never>>;

/**
 * Types the configuration, and remembers which settings and secrets there are, for the author's handlers. It is judged by
 * `parseExtension` when the stack is synthesized and in tests.
 */
export function defineExtension<
  Settings extends Readonly<Record<string, SettingValue>> = NoneNamed,
  Secrets extends Readonly<Record<string, SecretInput>> = NoneNamed,
>(extension: ExtensionInput<Settings, Secrets>): ExtensionInput<Settings, Secrets> {
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
