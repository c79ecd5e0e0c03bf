import * as v from 'valibot';

const seconds = v.pipe(v.number(), v.integer(), v.minValue(0));
const tokenField = v.picklist(['expires_in', 'scope', 'refresh_token', 'current_user', 'access_mode', 'token_type']);

const schema = v.strictObject({
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
  /** Whether a code is refused at another company's token address. */
  enforceCodeCompany: v.boolean(),
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
  /** How a refused code or refresh token is answered: RFC 6749, a 400 or a 401 with a message. */
  invalidGrant: v.picklist(['oauth', 'message', 'unauthorized']),
  /** What the body of a 401 or 403 of the Platform API is. */
  refusalBody: v.picklist(['json', 'html', 'empty']),
  etag: v.boolean(),
  /** Sent with Platform API answers; null says nothing. */
  cacheControl: v.nullable(v.string()),
  /** How `/fp/uninstall` is signed when the platform calls it. */
  lifecycleSignature: v.picklist(['none', 'webhook', 'v2']),
});

/** How the platform behaves where nobody knows how the real one does. */
export type Settings = v.InferOutput<typeof schema>;

/** What holds until a test says otherwise. */
export const defaultSettings = (): Settings => ({
  autoApprove: null,
  accessTokenSeconds: 7199,
  offlineTokenSeconds: 3599,
  codeSeconds: 600,
  refreshTokenSeconds: null,
  enforceSignature: true,
  enforceCodeCompany: true,
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
  lifecycleSignature: 'none',
});

/** Some settings, as a control call sends them. Throws a ValiError that names what is wrong. */
export const parseSettings = (value: unknown): Partial<Settings> => {
  const given = v.parse(v.partial(schema), value);
  return Object.fromEntries(Object.entries(given).filter(([, one]) => one !== undefined));
};
