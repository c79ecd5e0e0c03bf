import { hash } from 'node:crypto';
import type { Extension } from '../config.ts';
import { isForPeople, matchesRoute } from '../fynd/allowed-routes.ts';
import { withQuery } from '../fynd/platform-path.ts';
import {
  isSafe,
  type PlatformCall,
  pick,
  platformRequest,
  requestHeaders,
  sendWithRetry,
} from '../fynd/platform-request.ts';
import { proxiedAddresses } from '../fynd/proxied-addresses.ts';
import { missingScopes } from '../fynd/scopes.ts';
import { type CacheControl, parseCacheControl } from '../http/cache-control.ts';
import type { Deadline, HttpClient, HttpClientResponse } from '../http/http-client.ts';
import type { Count } from '../metrics.ts';
import { AppError } from '../problems.ts';
import { packScopes } from '../session/granted-scopes.ts';
import { type LiveSession, requireLive } from '../session/live-session.ts';
import type { Session } from '../session/sessions.ts';
import { settleAll } from '../settle-all.ts';
import {
  type CacheEntry,
  type CacheOwner,
  type CacheView,
  maxEntryBytes,
  ownerOf,
  type UserCache,
} from '../store/user-cache.ts';
import { isSameTenant } from '../tenant.ts';
import {
  freshnessHeaders,
  isSilent,
  judgeResponse,
  openPolicy,
  type StoredResponse,
  type Verdict,
} from './cache-policy.ts';
import { compressBody, decompressBody, mayTravelCompressed, type StoredBody } from './stored-body.ts';

/** The platform's response, or the same response from this person's cache. */
export interface PlatformResponse {
  readonly status: number;
  /** What may be handed on, with `cache-status` (RFC 9211) for a GET and `x-missing-scopes` where they explain a 403. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Something that did not work but does not change the response; for the log. */
  readonly warning?: 'response_not_stored' | 'epoch_not_moved';
}

export interface CallAsUserDependencies {
  /** As `extensionFor` the session's owner. */
  readonly extension: Extension;
  readonly userCache: Pick<UserCache, 'view' | 'put' | 'moveEpoch' | 'moveEpochOf' | 'beginEpochOf'>;
  readonly httpClient: HttpClient;
  readonly now: () => Date;
  readonly count?: Count;
}

/** What may be handed on to a browser. */
const responseHeaders = [
  'allow',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'deprecation',
  'etag',
  'last-modified',
  'link',
  'location',
  'preference-applied',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'sunset',
  'x-fynd-trace-id',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'x-request-id',
] as const;

/**
 * Calls the Platform API with the person's own token, through the person's own cache.
 *
 * One consistent read tells whether the session still counts and brings the stored response. A fresh one is returned; a
 * stale one is revalidated. A write makes everything this person has cached stale, before and after the call, so that
 * a response that was on its way meanwhile is stale too.
 * @throws {AppError} `route_not_allowed` for a service that is not for people, `session_expired` (also for the
 * platform's own 401), `tenant_mismatch`, `platform_error`, `platform_timeout`, `response_too_large`.
 */
export async function callAsUser(
  dependencies: CallAsUserDependencies,
  session: Session,
  call: PlatformCall,
  deadline: Deadline,
): Promise<PlatformResponse> {
  if (!isForPeople(call.path.segments)) {
    throw new AppError('route_not_allowed', 'No call for a person reaches this service of the Platform API.');
  }
  const { kind, tenant = session.tenant } = call.path;
  if (kind !== session.tenant.kind || !isSameTenant(tenant, session.tenant)) {
    throw new AppError('tenant_mismatch', 'The path is about another owner than the session.');
  }
  const step = call.method === 'GET' ? read : isSafe(call.method) ? pass : write;
  const answer = withProxiedAddresses(await step(dependencies, session, call, deadline), dependencies, call);
  const missing = answer.status === 403 ? missingScopes(session.scopes, dependencies.extension.scopes) : [];
  if (missing.length === 0) return answer;
  return { ...answer, headers: { ...answer.headers, 'x-missing-scopes': missing.join(' ') } };
}

function withProxiedAddresses(
  answer: PlatformResponse,
  { extension }: CallAsUserDependencies,
  { path, rawQuery }: PlatformCall,
): PlatformResponse {
  const request = { origin: extension.cluster, target: withQuery(path.target, rawQuery) };
  return { ...answer, headers: proxiedAddresses(answer.headers, request, path.kind) };
}

type Step = (
  dependencies: CallAsUserDependencies,
  session: Session,
  call: PlatformCall,
  deadline: Deadline,
) => Promise<PlatformResponse>;

const read: Step = async (dependencies, session, call, deadline) => {
  const { extension, userCache, now, count } = dependencies;
  const owner = ownerOf(session);
  const defaultTtlSeconds =
    extension.cache.rules.find(({ route }) => matchesRoute(route, call.method, call.path.segments))?.ttlSeconds ??
    extension.cache.defaultTtlSeconds;
  const asked = parseCacheControl(call.headers['cache-control']);
  const bypass = call.body !== undefined || asked.has('no-store');
  const key = bypass ? undefined : entryKey(extension, session, call);
  const view = await userCache.view(owner, key);
  const live = requireLive(session, view);
  if (key === undefined) {
    return withCacheStatus(forwarded(await send(dependencies, live, call, deadline)), 'fwd=bypass');
  }

  const kept = storedResponse(view, now());
  const isFresh = kept?.ttlSeconds !== undefined && kept.entry.epoch === view.epoch;
  if (isFresh && !asksForNew(asked)) {
    count?.('CacheHits');
    return withCacheStatus(fromEntry(call, kept.entry, kept.headers), `hit; ttl=${kept.ttlSeconds}`);
  }

  count?.('CacheMisses');
  const validators = kept?.validators ?? {};
  // The browser's own condition is judged by what is stored or fetched: only ours travels.
  const { 'if-none-match': _etag, 'if-modified-since': _date, ...headers } = call.headers;
  const answer = await send(dependencies, live, { ...call, headers: { ...headers, ...validators } }, deadline);
  const store = (content: EntryContent, verdict: Verdict) =>
    storeEntry(dependencies, owner, key, { ...content, epoch: view.epoch }, verdict);

  const forward =
    kept === undefined ? 'fwd=uri-miss' : `fwd=${isFresh ? 'request' : 'stale'}; fwd-status=${answer.status}`;
  if (answer.status === 304 && kept !== undefined && Object.keys(validators).length > 0) {
    const refreshed = kept.refreshed(pick(answer.headers, [...responseHeaders, ...freshnessHeaders]));
    const stored = await store(kept.entry, refreshed);
    const again = fromEntry(call, kept.entry, refreshed.headers);
    return { ...withCacheStatus(again, forward), ...warningOf(stored) };
  }
  const cacheable = { status: answer.status, headers: pick(answer.headers, [...responseHeaders, ...freshnessHeaders]) };
  if (defaultTtlSeconds === 0 && isSilent(cacheable)) return withCacheStatus(forwarded(answer), 'fwd=bypass');
  const verdict = judgeResponse(cacheable, defaultTtlSeconds);
  if (verdict.policy === undefined) return withCacheStatus(forwarded(answer), forward);
  const content = compressBody(answer.body);
  const stored = await store({ status: answer.status, ...content }, verdict);
  const packed = mayTravelCompressed(content, call.headers['accept-encoding'], answer.headers);
  return {
    ...withCacheStatus(
      packed ? compressed(answer, content) : forwarded(answer),
      stored === 'stored' ? `${forward}; stored` : `${forward}${detailOf(stored)}`,
    ),
    ...warningOf(stored),
  };
};

/** HEAD and OPTIONS: neither cached nor a change. */
const pass: Step = async (dependencies, session, call, deadline) => {
  const live = requireLive(session, await dependencies.userCache.view(ownerOf(session)));
  return forwarded(await send(dependencies, live, call, deadline));
};

const write: Step = async (dependencies, session, call, deadline) => {
  const { userCache, now } = dependencies;
  const owner = ownerOf(session);
  // Side by side: a move too many harms nobody, and a session that is known to be over makes none. Where nothing is there
  // to move, as before a person's first write, the session must count first.
  const [view, moved] = await settleAll([userCache.view(owner), userCache.moveEpochOf(session, now())]);
  const live = requireLive(session, view);
  if (!moved && !(await userCache.beginEpochOf(live, now()))) {
    throw new AppError('session_expired', 'This session was signed out.');
  }
  const moveAgain = () =>
    userCache.moveEpoch(owner, now()).then(
      () => true,
      () => false,
    );
  let answer: HttpClientResponse;
  try {
    answer = await send(dependencies, live, call, deadline);
  } catch (error) {
    await moveAgain();
    throw error;
  }
  const movedAgain = await moveAgain();
  return { ...forwarded(answer), ...(movedAgain ? {} : { warning: 'epoch_not_moved' }) };
};

async function send(
  { extension, httpClient, now }: CallAsUserDependencies,
  session: LiveSession,
  call: PlatformCall,
  deadline: Deadline,
): Promise<HttpClientResponse> {
  const askedAtMs = performance.now();
  const makeRequest = () => platformRequest(extension.cluster, session.accessToken, call, now());
  const response = await sendWithRetry(httpClient, makeRequest, deadline);
  if (response.status !== 401) return response;
  throw new AppError('session_expired', 'The platform no longer accepts this session.', {
    waitedMs: performance.now() - askedAtMs,
  });
}

/**
 * An entry's key within its owner's partition: the granted scopes, path, query and every header that may select a
 * representation. Two requests that could be answered differently never have the same one.
 */
function entryKey(
  extension: Pick<Extension, 'scopes' | 'cluster'>,
  session: Pick<Session, 'scopes'>,
  call: Pick<PlatformCall, 'path' | 'rawQuery' | 'headers'>,
): string {
  const selecting = requestHeaders.map((name) => [name, call.headers[name] ?? null]);
  const parts = [
    extension.cluster,
    packScopes(extension.scopes, session.scopes),
    call.path.target,
    call.rawQuery,
    selecting,
  ];
  return hash('sha256', JSON.stringify(parts), 'base64url');
}

/** What a browser sends when somebody reloads with force: RFC 9111 §5.2.1. */
function asksForNew(asked: CacheControl): boolean {
  return asked.has('no-cache') || Number(asked.get('max-age')) === 0;
}

function storedResponse(view: CacheView, now: Date): (StoredResponse & { entry: CacheEntry }) | undefined {
  const { entry } = view;
  if (entry === undefined || entry.expiresAt <= now.getTime() / 1000) return undefined;
  const kept = openPolicy(entry.policy);
  return kept && { ...kept, entry };
}

function fromEntry(
  call: Pick<PlatformCall, 'headers'>,
  entry: EntryContent,
  headers: Readonly<Record<string, string>>,
): PlatformResponse {
  const { status } = entry;
  return mayTravelCompressed(entry, call.headers['accept-encoding'], headers)
    ? compressed({ status, headers }, entry)
    : forwarded({ status, headers, body: decompressBody(entry) });
}

function compressed(
  { status, headers }: Pick<HttpClientResponse, 'status' | 'headers'>,
  { body, coding }: StoredBody,
): PlatformResponse {
  return forwarded({ status, headers: { ...headers, 'content-encoding': coding }, body: Buffer.from(body) });
}

type EntryContent = StoredBody & Pick<CacheEntry, 'status'>;
type Stored = 'stored' | 'too_large' | 'failed' | 'not_storable';

/** A cache that cannot store is no reason to fail: the response is there. */
async function storeEntry(
  { userCache, now }: CallAsUserDependencies,
  owner: CacheOwner,
  key: string,
  content: EntryContent & Pick<CacheEntry, 'epoch'>,
  { policy, keepSeconds }: Verdict,
): Promise<Stored> {
  if (policy === undefined) return 'not_storable';
  if (content.body.byteLength + Buffer.byteLength(policy) > maxEntryBytes) return 'too_large';
  const { epoch, status, body, coding } = content;
  const expiresAt = Math.floor(now().getTime() / 1000) + keepSeconds;
  try {
    await userCache.put(owner, key, { epoch, status, body, coding, policy, expiresAt });
    return 'stored';
  } catch {
    return 'failed';
  }
}

function detailOf(stored: Stored): string {
  return stored === 'too_large' ? '; detail=too-large' : '';
}

function warningOf(stored: Stored): Pick<PlatformResponse, 'warning'> {
  return stored === 'failed' ? { warning: 'response_not_stored' } : {};
}

function forwarded({ status, headers, body }: HttpClientResponse): PlatformResponse {
  return { status, headers: pick(headers, responseHeaders), body };
}

function withCacheStatus(answer: PlatformResponse, parameters: string): PlatformResponse {
  return { ...answer, headers: { ...answer.headers, 'cache-status': `user-cache; ${parameters}` } };
}
