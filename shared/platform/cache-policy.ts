import CachePolicy from 'http-cache-semantics';
import { formatCacheControl, parseCacheControl } from '../http/cache-control.ts';

/**
 * HTTP caching (RFC 9111) for a private cache, by http-cache-semantics. The library keeps request headers with a
 * response that varies, so it is never shown any: what may select a representation is part of the entry's key instead.
 */
const options: CachePolicy.Options = { shared: false, cacheHeuristic: 0, immutableMinTimeToLive: 0 };
const bareRequest = { method: 'GET', headers: {} };

/** However long the platform says that a response is fresh, it is used no longer. */
const maxTtlSeconds = 86_400;
/** How much longer a stale response is stored where it can be validated instead of being fetched again. */
const revalidatableSeconds = 3_600;

export interface CacheableResponse {
  readonly status: number;
  /** Lower-case names. All of them are stored with the entry. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Verdict {
  /** As JSON, for the entry. Undefined where HTTP does not allow the response to be stored, or it would be of no use. */
  readonly policy: string | undefined;
  /** Seconds for which the entry is worth storing. */
  readonly keepSeconds: number;
}

/**
 * Judges whether and how long a response to a GET may be stored, with `defaultTtlSeconds` where the platform is silent.
 * What is no 200 is stored only where it names its lifetime: a validator alone is no wish to be stored.
 */
export function judgeResponse(answer: CacheableResponse, defaultTtlSeconds: number): Verdict {
  const namesLifetime =
    parseCacheControl(answer.headers['cache-control']).has('max-age') || 'expires' in answer.headers;
  if (answer.status !== 200 && !namesLifetime) return { policy: undefined, keepSeconds: 0 };
  return verdict(policyOf(answer.status, withDefaultTtl(answer, defaultTtlSeconds)));
}

/** A stored response: whether it is fresh, its headers as they are now, and how to ask whether it still holds. */
export interface StoredResponse {
  /** Seconds for which it is still fresh; undefined where it is stale. */
  readonly ttlSeconds: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** `if-none-match` and `if-modified-since`; empty where only a new response helps. */
  readonly validators: Readonly<Record<string, string>>;
  /** What the platform's 304 makes of it (RFC 9111 §4.3.4). */
  refreshed(notModifiedHeaders: Readonly<Record<string, string>>): Verdict & Pick<StoredResponse, 'headers'>;
}

/**
 * Reads a policy that `judgeResponse` made; undefined where another version made it, or one whose clock was ahead of ours:
 * nobody can tell how old such an entry is, so that it is as good as none.
 */
export function openPolicy(json: string): StoredResponse | undefined {
  let policy: CachePolicy;
  try {
    policy = CachePolicy.fromObject(JSON.parse(json));
  } catch {
    return undefined;
  }
  if (!(policy.toObject().t <= Date.now())) return undefined;
  const headers = strings(policy.responseHeaders());
  const ttlSeconds = Math.floor(Math.min(maxTtlSeconds - policy.age(), policy.maxAge() - policy.age()));
  return {
    ttlSeconds: ttlSeconds < 0 || policy.stale() || headers['vary']?.includes('*') ? undefined : ttlSeconds,
    headers,
    validators: strings(policy.revalidationHeaders(bareRequest)),
    // Not the library's revalidatedPolicy(): a 304 without a validator makes it forget the stored headers.
    refreshed: (notModifiedHeaders) => {
      const { age: _age, date: _date, ...stored } = headers;
      const updated = policyOf(policy.toObject().st, { ...stored, ...freshnessOf(notModifiedHeaders) });
      return { ...verdict(updated), headers: strings(updated.responseHeaders()) };
    },
  };
}

/** What a 304 may say again of a stored response (RFC 9111 §4.3.4); all else stays as it was. */
export const freshnessHeaders = ['age', 'cache-control', 'date', 'expires', 'pragma', 'vary'] as const;

function freshnessOf(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    freshnessHeaders.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  );
}

/** The library knows directives by their lower-case names only, splits at every comma, and would take a negative Age. */
function policyOf(status: number, headers: Readonly<Record<string, string>>): CachePolicy {
  const { 'cache-control': cacheControl, pragma, age, ...others } = headers;
  const readable = {
    ...others,
    ...(age !== undefined && /^\d+$/.test(age) ? { age } : {}),
    ...(cacheControl === undefined ? {} : { 'cache-control': formatCacheControl(parseCacheControl(cacheControl)) }),
    ...(pragma === undefined ? {} : { pragma: pragma.toLowerCase() }),
  };
  return new CachePolicy(bareRequest, { status, headers: readable }, options);
}

function verdict(policy: CachePolicy): Verdict {
  // Not timeToLive(): that counts the time for which a stale response might be used, which this cache never does.
  const ttlSeconds = Math.min(maxTtlSeconds, Math.max(0, policy.maxAge() - policy.age()));
  const headers = policy.responseHeaders();
  const canBeRevalidated = headers['etag'] !== undefined || headers['last-modified'] !== undefined;
  const keepSeconds = Math.ceil(ttlSeconds) + (canBeRevalidated ? revalidatableSeconds : 0);
  return {
    policy: policy.storable() && keepSeconds > 0 ? JSON.stringify(policy.toObject()) : undefined,
    keepSeconds,
  };
}

/** Whether the platform leaves it to the configuration how long a 200 is fresh. */
export function isSilent({ status, headers }: CacheableResponse): boolean {
  const directives = parseCacheControl(headers['cache-control']);
  const speaks = ['max-age', 'no-store', 'no-cache'].some((name) => directives.has(name));
  return status === 200 && !speaks && !('expires' in headers) && !('pragma' in headers);
}

/** The platform is silent where it names neither a lifetime nor a reason against storing the response. */
function withDefaultTtl(answer: CacheableResponse, defaultTtlSeconds: number): Record<string, string> {
  const { headers } = answer;
  if (!isSilent(answer)) return { ...headers };
  const cacheControl = [headers['cache-control'], `max-age=${defaultTtlSeconds}`].filter(Boolean).join(', ');
  return { ...headers, 'cache-control': cacheControl };
}

function strings(headers: CachePolicy.Headers): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return result;
}
