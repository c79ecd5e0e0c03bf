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
  /** DynamoDB table names. */
  installationsTable: 'INSTALLATIONS_TABLE',
  userCacheTable: 'USER_CACHE_TABLE',
} as const;

/** Installations: one item per company. Every access is by this key, so there is no index. */
export const installationsTable = {
  partitionKey: 'pk',
  /** What a function that answers browsers may read: enough to know whether a session still counts, and no token. */
  sessionAttributes: ['pk', 'generation', 'status', 'sessionsValidFrom'],
  /** What the callback reads to decide whether the company's grant is asked for again. */
  callbackAttributes: ['pk', 'generation', 'status', 'version', 'scopes'],
  /** The sealed offline token. The callback writes it; no function that a browser reaches can read it. */
  tokenAttribute: 'token',
  /** What the callback writes beside the attributes that it reads. */
  writtenAttributes: ['token', 'accessTokenExpiresAt', 'installedAt', 'updatedAt'],
} as const;

/** UserCache: one partition per company, user and installation generation; entries leave by their TTL. */
export const userCacheTable = {
  partitionKey: 'pk',
  sortKey: 'sk',
  /** Epoch seconds. DynamoDB deletes late, so it is checked on every read too. */
  ttlAttribute: 'expiresAt',
  /** All that an item may have: an entry's, and the epoch's. */
  attributes: ['pk', 'sk', 'epoch', 'validFrom', 'policy', 'httpStatus', 'body', 'coding', 'expiresAt'],
} as const;
