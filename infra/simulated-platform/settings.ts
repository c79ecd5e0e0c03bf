import * as v from 'valibot';

/** How a lifecycle call can be signed: not at all, like a webhook, like a storefront call, or with another secret. */
export const lifecycleSignatures = ['none', 'webhook', 'v2', 'wrong'] as const;

const seconds = v.pipe(v.number(), v.integer(), v.minValue(0));
const tokenField = v.picklist(['expires_in', 'scope', 'refresh_token', 'current_user', 'access_mode', 'token_type']);

const webhooks = v.strictObject({
  /** Which versions of the registration's address exist; the others answer 404. */
  versions: v.array(v.picklist(['v3', 'v2', 'v1'])),
  /** The pauses between attempts; when they are used up, the event is disabled and its subscriber blocked. */
  retryAfterMs: v.array(seconds),
  /** How long the extension may take to answer. */
  timeoutMs: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** A registration that is accepted is tried with a ping. */
  pingOnRegistration: v.boolean(),
  /** Whether a person's token may call the webhook service. */
  onlineTokens: v.picklist(['accepted', 'refused']),
  companyIdAs: v.picklist(['number', 'string']),
  applicationIdAs: v.picklist(['string', 'array']),
  /** Whether the query of a registered address is left out of deliveries. */
  dropsQuery: v.boolean(),
  /** What a ping carries: all that events do, or no more than its name. */
  pingBody: v.picklist(['envelope', 'name-only']),
  /** What the extension reads of a subscriber that the platform blocked. */
  blockedAs: v.picklist(['inactive', 'blocked']),
  /** What becomes of events that come about while a subscriber is blocked, once it is active again. */
  heldBack: v.picklist(['sent', 'lost']),
});

const rateLimit = v.strictObject({
  /** So many calls of the Platform API with one token in so many seconds; the next one is a 429. */
  requests: v.pipe(v.number(), v.integer(), v.minValue(1)),
  seconds: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** How the 429 says when to come back: seconds, a date, or not at all. */
  retryAfter: v.optional(v.picklist(['seconds', 'date', 'none']), 'seconds'),
});

const schema = v.strictObject({
  /** What a person is shown at the authorize address: the question, or nothing, since consent is refused at once. */
  consent: v.picklist(['ask', 'refuse']),
  /** GET authorize consents at once as this user. */
  autoApprove: v.nullable(v.strictObject({ user: v.string() })),
  /** Life of online access tokens. */
  accessTokenSeconds: seconds,
  offlineTokenSeconds: seconds,
  codeSeconds: seconds,
  /** null: refresh tokens live as long as their grant. */
  refreshTokenSeconds: v.nullable(seconds),
  /** Whether a wrong or missing v1 signature is a 403. */
  enforceSignature: v.boolean(),
  /** How far the date of a signature may be from the platform's clock; null: as far as it likes. */
  signatureWindowSeconds: v.nullable(seconds),
  /** How far the platform's clock is ahead of this machine's; behind it where negative. Lives of tokens stay what they are. */
  clockSkewSeconds: v.pipe(v.number(), v.integer(), v.minValue(-315_360_000), v.maxValue(315_360_000)),
  /** Whether a code is refused at another company's token address. */
  enforceCodeCompany: v.boolean(),
  /**
   * What a challenge (RFC 7636) counts for: nothing, or the code is given out for its verifier alone, or it is refused as a
   * parameter that nobody knows.
   */
  pkce: v.picklist(['ignored', 'enforced', 'refused']),
  /** What becomes of a refresh token when it is used. */
  refresh: v.strictObject({ mode: v.picklist(['reuse', 'rotate', 'single-use', 'revoke-family']) }),
  onlineRefreshToken: v.boolean(),
  /** Who may ask again for the offline token of an installed company whose grant suffices. */
  offlineAgain: v.picklist(['any-user', 'holders-only']),
  /** Left out of every token answer. */
  omit: v.array(tokenField),
  /** Left out of the answers to refreshes only. */
  omitOnRefresh: v.array(tokenField),
  onlineCurrentUser: v.picklist(['present', 'null']),
  idsAsNumbers: v.boolean(),
  idField: v.picklist(['id', '_id']),
  scopeAs: v.picklist(['array', 'string', 'comma-string']),
  /** Put before every token and code value. */
  tokenPrefix: v.string(),
  /** How a refused code or refresh token is answered: RFC 6749, a 400 or a 401 with a message, or its error in a 200. */
  invalidGrant: v.picklist(['oauth', 'message', 'unauthorized', 'error-in-200']),
  /** What the body of a 401 or 403 of the Platform API is. */
  refusalBody: v.picklist(['json', 'html', 'empty']),
  etag: v.boolean(),
  /** Sent with Platform API answers; null says nothing. */
  cacheControl: v.nullable(v.string()),
  /** null: as many calls as anybody likes. */
  rateLimit: v.nullable(rateLimit),
  /** Regions whose `/region/{region}/service/…` is served like `/service/…`. */
  regions: v.array(v.pipe(v.string(), v.regex(/^[a-z0-9-]+$/, 'not the name of a region'))),
  /** Which path a storefront call's signature covers: the extension's, as called, or the storefront's own. */
  storefrontSigns: v.picklist(['extension-path', 'storefront-path']),
  /** What becomes of attaching a path that is attached already. */
  proxyPathAgain: v.picklist(['replaced', 'conflict']),
  /** How `/fp/uninstall` is signed when the platform calls it. */
  lifecycleSignature: v.picklist(lifecycleSignatures),
  webhooks,
});

/** How the platform behaves where nobody knows how the real one does. */
export type Settings = v.InferOutput<typeof schema>;

/** What holds until a test says otherwise. */
export const defaultSettings = (): Settings => ({
  consent: 'ask',
  autoApprove: null,
  accessTokenSeconds: 7199,
  offlineTokenSeconds: 3599,
  codeSeconds: 600,
  refreshTokenSeconds: null,
  enforceSignature: true,
  signatureWindowSeconds: null,
  clockSkewSeconds: 0,
  enforceCodeCompany: true,
  pkce: 'ignored',
  refresh: { mode: 'reuse' },
  onlineRefreshToken: true,
  offlineAgain: 'any-user',
  omit: [],
  omitOnRefresh: [],
  onlineCurrentUser: 'present',
  idsAsNumbers: false,
  idField: 'id',
  scopeAs: 'array',
  tokenPrefix: '',
  invalidGrant: 'oauth',
  refusalBody: 'json',
  etag: true,
  cacheControl: null,
  rateLimit: null,
  regions: [],
  storefrontSigns: 'extension-path',
  proxyPathAgain: 'replaced',
  lifecycleSignature: 'none',
  webhooks: {
    versions: ['v3', 'v2', 'v1'],
    retryAfterMs: [100, 250, 500, 1000, 2000, 4000],
    timeoutMs: 5000,
    pingOnRegistration: false,
    onlineTokens: 'accepted',
    companyIdAs: 'number',
    applicationIdAs: 'string',
    dropsQuery: false,
    pingBody: 'envelope',
    blockedAs: 'inactive',
    heldBack: 'sent',
  },
});

/** What the platform's clock says. */
export const platformNow = ({ clockSkewSeconds }: Pick<Settings, 'clockSkewSeconds'>): Date =>
  new Date(Date.now() + clockSkewSeconds * 1000);

const changes = v.partial(v.strictObject({ ...schema.entries, webhooks: v.partial(webhooks) }));
/** Leaves out what is undefined. */
const defined = (given: object) => Object.fromEntries(Object.entries(given).filter(([, one]) => one !== undefined));

/** The settings after a control call that names some of them. Throws a ValiError that says what is wrong. */
export const changeSettings = (settings: Settings, value: unknown): Settings => {
  const given = v.parse(
    v.pipe(
      v.unknown(),
      v.check((one) => !Array.isArray(one), 'not an object'),
      changes,
    ),
    value,
  );
  return {
    ...settings,
    ...defined(given),
    webhooks: { ...settings.webhooks, ...defined(given.webhooks ?? {}) },
  };
};
