import { handedByName, type TabEntry, type TabSession, tabKey } from '../../shared/tab-session.ts';

// `/_extension/session.js`, the first script of the page. Where the tab holds a session itself, because its browser keeps
// no cookie in a frame, it goes along with calls to /api/; and whoever is told to sign in again is led there, once.

/** Whom a page or a call is about. */
interface Tenant {
  readonly kind: 'company' | 'organization';
  readonly id: string;
}

/** A call to `/api/`, however it is made. */
interface Call {
  readonly path: string;
  readonly method: string;
  readonly tenant: Tenant | undefined;
  /** What went along with it. */
  readonly session: string | undefined;
}

/** A call that was answered with an error. */
export class CallError extends Error {
  declare readonly status: number;
  /** The stable code of the problem, such as `session_expired`; undefined where the answer is the platform's own. */
  declare readonly code: string | undefined;
  /** Permissions that the person lacks, of those that the extension asks for. */
  declare readonly missingScopes: readonly string[];
  /** After how many seconds another try makes sense; undefined where nobody said. */
  declare readonly retryAfterSeconds: number | undefined;
  /** The answer's body, where it is JSON. */
  declare readonly body: unknown;
  declare readonly response: Response;

  constructor(response: Response, body: unknown) {
    const { status, headers } = response;
    const { code, detail, message } = Object(body) as { code?: string; detail?: string; message?: string };
    super(detail ?? message ?? `The call was answered with ${status}.`);
    const after = headers.get('retry-after') ?? '';
    const seconds = /^\d+$/.test(after) ? Number(after) : (Date.parse(after) - Date.now()) / 1000;
    Object.assign(this, {
      name: 'CallError',
      status,
      code,
      missingScopes: headers.get('x-missing-scopes')?.split(/[\s,]+/) ?? [],
      retryAfterSeconds: seconds >= 0 ? Math.ceil(seconds) : undefined,
      body,
      response,
    });
  }
}

/** For how long somebody who was led to sign in, and still meets 401 at the same call, is not led there again. */
const onceMs = 3_600_000;

/** What a browser without `sessionStorage` keeps: handed over by the page before, which had no other place. */
let memory: Record<string, string> = {};
if (window.name.startsWith(handedByName)) {
  try {
    memory = JSON.parse(window.name.slice(handedByName.length)) as typeof memory;
  } catch {}
  window.name = '';
}

const keyOf = (entry: TabEntry, { kind, id }: Tenant) => tabKey(entry, kind, id);

function recall(key: string): string | undefined {
  try {
    return sessionStorage.getItem(key) ?? memory[key];
  } catch {
    return memory[key];
  }
}

/** Undefined forgets it. @returns whether it is more than memory. */
function keep(key: string, value?: string): boolean {
  delete memory[key];
  try {
    if (value === undefined) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
    return true;
  } catch {
    if (value !== undefined) memory[key] = value;
    return false;
  }
}

function recallJson<Value>(key: string): Partial<Value> {
  try {
    return Object(JSON.parse(recall(key) ?? '{}')) as Partial<Value>;
  } catch {
    return {};
  }
}

/** The session that the tab holds, unless it has ended. */
function heldBy(tenant: Tenant): string | undefined {
  const { session, expires_at = 0 } = recallJson<TabSession>(keyOf('session', tenant));
  return expires_at > Date.now() / 1000 ? session : undefined;
}

function tenantInPath(): Tenant | undefined {
  const [, kind, id] = /^\/(company|organization)\/([\w-]+)/.exec(location.pathname) ?? [];
  return id ? { kind: kind as Tenant['kind'], id } : undefined;
}

function tenantNamed(idOf: (kind: Tenant['kind']) => string | null | undefined): Tenant | undefined {
  return (['company', 'organization'] as const).map((kind) => ({ kind, id: idOf(kind) ?? '' })).find(({ id }) => id);
}

const tenantIn = (url: URL) => tenantNamed((kind) => url.searchParams.get(`${kind}_id`));

/** Whom the page was opened for; its router may have left that path since. */
const openedFor = tenantInPath();
const pageTenant = () => tenantInPath() ?? openedFor;

let isLeaving = false;

/** Of what a call says of itself, which session goes along with it, if any. Undefined for what is no call to `/api/`. */
function begin(
  address: string | URL,
  method: string,
  header: (name: string) => string | null | undefined,
): Call | undefined {
  const url = new URL(address, document.baseURI);
  if (url.origin !== location.origin || !url.pathname.startsWith('/api/')) return undefined;
  const tenant = tenantNamed((kind) => header(`x-${kind}-id`)) ?? tenantIn(url) ?? pageTenant();
  const session = tenant && !header('authorization') ? heldBy(tenant) : undefined;
  return { path: url.pathname, method: method.toUpperCase(), tenant, session };
}

/** Draws from an answer what it means for the session. @returns whether the page is left, so that nobody needs the answer. */
function end(
  { path, method, tenant, session }: Call,
  status: number,
  header: (name: string) => string | null,
): boolean {
  if (tenant) {
    const isSignOut = path === '/api/session' && method === 'DELETE' && status === 204;
    // Another one may have come meanwhile.
    if ((status === 401 || isSignOut) && session && session === heldBy(tenant)) keep(keyOf('session', tenant));
    const led = keyOf('reauthorized', tenant);
    // A stored response says nothing about the session of now, nor does a limit, nor what did not come.
    const isProof = status > 199 && status < 429 && status !== 401 && !/hit/.test(header('cache-status') ?? '');
    if (isProof && recallJson<{ path: string }>(led).path === path) keep(led);
  }
  return status === 401 ? signIn(path, header('x-reauthorize-url')) : isLeaving;
}

/** Leads to signing in again, and back to where the page is. Not where that has just been tried, and has not helped. */
function signIn(path: string, address: string | null): boolean {
  if (isLeaving || !address) return isLeaving;
  const url = new URL(address, location.origin);
  const tenant = tenantIn(url);
  if (url.origin !== location.origin || !tenant) return false;
  const led = keyOf('reauthorized', tenant);
  if (Date.now() - (recallJson<{ at: number }>(led).at ?? 0) < onceMs) return false;
  const mark = JSON.stringify({ at: Date.now(), path });
  if (!keep(led, mark)) window.name = handedByName + JSON.stringify({ [led]: mark });
  const here = withoutTab();
  const back = [here.pathname + here.search + here.hash, here.pathname].find((each) => each.length <= 512);
  if (back) {
    url.searchParams.set('redirect_path', back);
    keep(keyOf('return', tenant), back);
  }
  return leave(url);
}

function withoutTab(): URL {
  const url = new URL(location.href);
  if (url.searchParams.get('session') === 'tab') url.searchParams.delete('session');
  return url;
}

function leave(url: URL): true {
  isLeaving = true;
  location.replace(url.href);
  return true;
}

/** A request as it was opened, and what became of it. */
interface Sent {
  readonly method: string;
  readonly address: string | URL;
  readonly headers: Map<string, string>;
  call?: Call | undefined;
  isLeft?: boolean;
}

function follow(): void {
  if (openedFor) {
    keep(keyOf('return', openedFor));
    const here = withoutTab();
    // The page came without a look at any session, and there is none: as if it were opened anew.
    if (here.href !== location.href && !heldBy(openedFor)) leave(here);
  }

  const plainFetch = window.fetch.bind(window);
  window.fetch = async (input, init) => {
    const request = input instanceof Request ? input : undefined;
    const headers = new Headers(init?.headers ?? request?.headers);
    const method = init?.method ?? request?.method ?? 'GET';
    const call = begin(request?.url ?? (input as string | URL), method, (name) => headers.get(name));
    if (call?.session) headers.set('authorization', `Bearer ${call.session}`);
    const response = await plainFetch(input, call?.session ? { ...init, headers } : init);
    return call && end(call, response.status, (name) => response.headers.get(name)) ? new Promise(() => {}) : response;
  };

  const sent = new WeakMap<XMLHttpRequest, Sent>();
  const prototype = XMLHttpRequest.prototype;
  // Each is called with the request that it is for.
  // oxlint-disable-next-line typescript/unbound-method
  const { open, send, setRequestHeader } = prototype;
  function onEvent(this: XMLHttpRequest, event: Event): void {
    const its = sent.get(this);
    if (this.readyState !== 4 || !its?.call) return;
    its.isLeft ??= end(its.call, this.status, (name) => this.getResponseHeader(name));
    if (its.isLeft) event.stopImmediatePropagation();
  }
  prototype.open = function (this: XMLHttpRequest, ...opening: unknown[]) {
    // Before anybody else listens.
    if (!sent.has(this))
      for (const type of ['readystatechange', 'load', 'loadend']) this.addEventListener(type, onEvent);
    const [method, address] = opening as [string, string | URL];
    sent.set(this, { method, address, headers: new Map() });
    open.apply(this, opening as Parameters<typeof open>);
  };
  prototype.setRequestHeader = function (name, value) {
    sent.get(this)?.headers.set(name.toLowerCase(), value);
    setRequestHeader.call(this, name, value);
  };
  prototype.send = function (body) {
    const its = sent.get(this);
    if (its) {
      its.call = begin(its.address, its.method, (name) => its.headers.get(name));
      if (its.call?.session) setRequestHeader.call(this, 'authorization', `Bearer ${its.call.session}`);
    }
    send.call(this, body);
  };
}

/**
 * `fetch` for the extension's own API, for the company or organization that the page was opened for.
 * @throws {CallError} where the answer is an error. Where it says to sign in again, the page is left instead, once.
 */
async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const tenant = pageTenant();
  const name = `x-${tenant?.kind}-id`;
  if (tenant && !headers.has(name)) headers.set(name, tenant.id);
  const response = await fetch(path, { ...init, headers });
  if (response.ok) return response;
  const json: Promise<unknown> = response.clone().json();
  throw new CallError(response, await json.catch(() => undefined));
}

const api = { fetch: call, CallError };

declare global {
  /** What `/_extension/session.js` offers; there since before any other script of the page. */
  var fyndExtension: typeof api;
}

// It may come twice, as a script and as an import.
if (!globalThis.fyndExtension) {
  globalThis.fyndExtension = api;
  follow();
}
