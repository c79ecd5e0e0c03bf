/**
 * The names on which the infrastructure and the functions must agree. The stack writes them, the functions read
 * them; nothing here is a setting.
 */

/** Environment variables that the stack hands to the functions. A function has only those that it needs. */
export const environment = {
  /** Origin of the extension as browsers see it, without a trailing slash. */
  baseUrl: 'BASE_URL',
  /** Secrets Manager ids. Each holds one value as its plain secret string. */
  apiKeySecretId: 'API_KEY_SECRET_ID',
  apiSecretSecretId: 'API_SECRET_SECRET_ID',
  sessionKeySecretId: 'SESSION_KEY_SECRET_ID',
  tokenKeySecretId: 'TOKEN_KEY_SECRET_ID',
  webhookKeySecretId: 'WEBHOOK_KEY_SECRET_ID',
  /** Only where `edge` puts CloudFront in front: then requests must bring this key. */
  edgeKeySecretId: 'EDGE_KEY_SECRET_ID',
  /** DynamoDB table names. */
  installationsTable: 'INSTALLATIONS_TABLE',
  userCacheTable: 'USER_CACHE_TABLE',
  deliveriesTable: 'DELIVERIES_TABLE',
  /** URL of the FIFO queue through which events, lifecycle jobs and scheduled work go. */
  workQueueUrl: 'WORK_QUEUE_URL',
  /** Where another account sends events to this stack: URL of a queue, ARN of an event bus. */
  receivedQueueUrl: 'RECEIVED_QUEUE_URL',
  receivedBusArn: 'RECEIVED_BUS_ARN',
  /** The stack's name, by which metrics are told apart. Every function that writes a log has it. */
  stackName: 'STACK_NAME',
  /** Only where deployments are gradual: what the versions of all functions that belong together have in common. */
  release: 'RELEASE',
  /** `error`: only lines that say that something failed, or that carry metrics. Default: every line. */
  logLevel: 'LOG_LEVEL',
} as const;

/** The alias that is called in place of a function where deployments are gradual. */
export const liveAlias = 'live';

/**
 * The staging label of a secret's value that is to be the current one next: what it made is accepted already, nothing is
 * made with it yet. A label of our own: Secrets Manager moves `AWSPENDING` by itself.
 */
export const nextStage = 'NEXT';

/** For how long what was signed with the value before is taken, from when the current one was put. */
export const previousForSeconds = { apiSecret: 24 * 3_600, webhookKey: 72 * 3_600 } as const;

/** The API key until somebody stores the real one. */
export const unsetApiKey = 'api-key-is-not-set-yet';

/**
 * Paths of the routes that extensions have, those of partners where the configuration says so, as an HTTP API takes them: `{name}` is one segment, `{name+}` any rest.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
 */
export const paths = {
  install: '/fp/install',
  callback: '/fp/auth',
  autoInstall: '/fp/auto_install',
  uninstall: '/fp/uninstall',
  companyPage: '/company/{company_id}',
  applicationPage: '/company/{company_id}/application/{application_id}',
  session: '/api/session',
  platform: '/api/platform/{path+}',
  webhookEvents: '/api/webhook-events',
  storefront: '/ext/{path+}',
  partnerInstall: '/adm/install',
  partnerCallback: '/adm/auth',
  organizationPage: '/organization/{organization_id}',
  partner: '/api/partner/{path+}',
  healthz: '/_healthz',
  /** The files of the front end, and its pages, which a trailing slash or a deep link leads here. */
  files: '/{file+}',
  /** A script of ours that the page is served with. */
  sessionScript: '/_extension/session.js',
  root: '/',
} as const;

/** The header in which CloudFront hands on the edge key; it replaces whatever a viewer sends under that name. */
export const edgeKeyHeader = 'x-origin-key';

/** First segments of paths that are the extension's own: a front end has no file below them, nor below any that begins with `_`. */
export const ownFolders: ReadonlySet<string> = new Set(['api', 'fp', 'adm', 'ext', 'company', 'organization']);

/** Types of files of a front end that run scripts where a browser opens them, and so need the page's policy: HTML, XML and SVG. */
export const documentTypes = /html|xml/;

/** A coding in which a file of the front end lies beside it, already compressed. */
export type StoredCoding = 'br' | 'gzip';

/** A file of the front end, as the bundle of the function that serves it holds it. */
export interface PageFile {
  /** `Content-Type`. */
  readonly type: string;
  /** Of its content. So it is called in the bundle, with `.br` and `.gzip` where it is stored in these codings. */
  readonly digest: string;
  /** Its name carries a digest of its content: it never changes. */
  readonly isImmutable: boolean;
  readonly codings: readonly StoredCoding[];
}

/** Installations: one item per company. Every access but the listing of companies is by this key. */
export const installationsTable = {
  partitionKey: 'pk',
  /** What a function that answers browsers may read: enough to know whether a session still counts, and no token. */
  sessionAttributes: ['pk', 'generation', 'status', 'sessionsValidFromMs', 'blockedAtMs'],
  /** What the callback reads to decide whether the company's grant is asked for again. */
  callbackAttributes: [
    'pk',
    'generation',
    'status',
    'version',
    'scopes',
    'installedAtMs',
    'announced',
    'registered',
    'refreshingSinceMs',
    'blockedAtMs',
  ],
  /** The sealed offline token. The callback writes it; no function that a browser reaches can read it. */
  tokenAttribute: 'token',
  /** What the callback writes beside the attributes that it reads. */
  writtenAttributes: [
    'token',
    'accessTokenExpiresAt',
    'refreshFrom',
    'retryFrom',
    'attempt',
    'updatedAt',
    'listed',
    'refreshFailure',
    'refreshFailedAtMs',
  ],
  /** A sparse index with keys only: installed companies carry `listed`, whose value spreads them over partitions. */
  listing: { indexName: 'listed', partitionKey: 'listed', partitions: 8 },
  /** What background functions read to use and refresh the offline token. */
  refreshAttributes: [
    'pk',
    'generation',
    'version',
    'status',
    'scopes',
    'token',
    'accessTokenExpiresAt',
    'refreshFrom',
    'retryFrom',
    'attempt',
    'leasedVersion',
    'installedAtMs',
    'announced',
    'registered',
    'refreshingSinceMs',
    'uninstallAskedAtMs',
    'callsFromMs',
    'blockedAtMs',
  ],
  /** What people's commands read of a row to say how a company's webhooks are. */
  subscriberAttributes: ['pk', 'status', 'subscriber'],
  /** What background functions write beside what they read. */
  workerWrittenAttributes: [
    'listed',
    'updatedAt',
    'uninstalledAt',
    'subscriber',
    'refreshFailure',
    'refreshFailedAtMs',
  ],
} as const;

/** The schedule that every stack has: it brings in step whatever an installation is behind with. No author's may be called so. */
export const sweepSchedule = 'sweep';

/** UserCache: one partition per company, user and installation generation; entries leave by their TTL. */
export const userCacheTable = {
  partitionKey: 'pk',
  sortKey: 'sk',
  /** Epoch seconds. DynamoDB deletes late, so it is checked on every read too. */
  ttlAttribute: 'expiresAt',
  /** All that an item may have: an entry's, and the epoch's. */
  attributes: ['pk', 'sk', 'epoch', 'sessionsValidFromMs', 'policy', 'httpStatus', 'body', 'coding', 'expiresAt'],
} as const;

/** Deliveries: which events were handled; an item per event outlives the 30 days after which an event is old. */
export const deliveriesTable = {
  partitionKey: 'pk',
  /** Epoch seconds. */
  ttlAttribute: 'expiresAt',
} as const;

/**
 * Seconds after which a message that failed comes again, by its attempts. The worker chooses them; the local runtime,
 * whose user does not wait for minutes, shortens these and no others.
 */
export const workBackOffSeconds: readonly number[] = [5, 30, 120, 300];

/** How often a message is delivered before it is dead-lettered. */
export const maxDeliveries = 5;

/**
 * Services of the Platform API that no person's call may reach, whatever the scopes cover: both decide where data goes,
 * and a subscriber's response carries the secret that deliveries are signed with.
 */
export const servicesWithoutPeople: ReadonlySet<string> = new Set(['webhook', 'partners']);

/**
 * The `node:diagnostics_channel` that functions publish an error to whose message their log leaves out. Nobody subscribes
 * on AWS; the local runtime does, to show it to the author.
 */
export const errorChannel = 'extension:error';
