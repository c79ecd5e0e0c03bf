import * as v from 'valibot';
import { type Control, ControlError, jsonOf } from './control-call.ts';
import { type Answer, json } from './http.ts';
import { maskUrl } from './mask.ts';
import { fits, type LogEntry, type LogFilter, logKinds, parties } from './request-log.ts';
import type { State } from './state.ts';

const text = v.pipe(v.string(), v.maxLength(2000));
/** What a runtime tells of: a request that the platform does not see itself. */
const reportSchema = v.strictObject({
  at: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  from: v.optional(v.picklist(parties), 'browser'),
  to: v.optional(v.picklist(parties), 'extension'),
  kind: v.optional(v.picklist(logKinds), 'extension'),
  /** Default: what the address is to every extension. */
  what: v.optional(text),
  method: v.optional(text),
  url: v.optional(text),
  status: v.optional(v.nullable(v.pipe(v.number(), v.integer())), null),
  took_ms: v.optional(v.nullable(v.pipe(v.number(), v.minValue(0))), null),
  company: v.optional(text),
  user: v.optional(text),
  cache: v.optional(text),
  notes: v.optional(v.array(text), []),
});

/** The lines that the query of a page or a call asks for. */
export function filterOf(query: URLSearchParams): LogFilter {
  const kind = query.get('kind') || undefined;
  const known = logKinds.find((one) => one === kind);
  if (kind !== undefined && known === undefined)
    throw new ControlError('kind', `kind must be one of ${logKinds.join(', ')}`);
  return {
    kind: known,
    company: query.get('company_id') || undefined,
    organization: query.get('organization_id') || undefined,
    text: query.get('q') || undefined,
  };
}

/**
 * Server-sent events: what stands there already where `from` says so, then what comes.
 * @param show the data of one event; undefined where it is nobody's business.
 */
export function followLog(state: State, show: (news: LogEntry | 'reset') => string | undefined): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' },
    body: 'retry: 1000\n\n',
    follow: (write) =>
      state.log.follow((news) => {
        const data = show(news);
        if (data !== undefined) write(`event: ${news === 'reset' ? 'reset' : 'line'}\ndata: ${data}\n\n`);
      }),
  };
}

/** The log, one line of it, or its news as they come. */
export const readLog: Control = (state, { query }, name) => {
  const filter = filterOf(query);
  if (name === '') return json(200, state.log.list(filter));
  if (name === 'events') {
    return followLog(state, (news) =>
      news === 'reset' ? '{}' : fits(news, filter) ? JSON.stringify(news) : undefined,
    );
  }
  const entry = /^\d{1,15}$/.test(name) ? state.log.find(Number(name)) : undefined;
  return entry && json(200, entry);
};

/** What every extension of the platform serves, in words. */
const launchAddresses: readonly [address: RegExp, words: string][] = [
  [/^\/(?:fp|adm)\/install/, 'Launch: the extension sends the browser to the platform, with a state of its own'],
  [/^\/(?:fp|adm)\/auth/, 'Callback: the browser brings the code back, and the extension begins a session'],
  [/^\/(?:company|organization)\//, 'The extension’s page'],
];

function describeReport(method: string, url: string, status: number | null): string {
  const [, words] = launchAddresses.find(([address]) => address.test(url)) ?? [];
  const what = words ?? `${method} ${url.replace(/\?.*/, '')}`;
  return status !== null && status >= 400 ? `${what}: failed with ${status}` : what;
}

/** Takes up what the extension's own runtime saw: one line, or a list of them. */
export const reportToLog: Control = (state, httpClient) => {
  const told = jsonOf(httpClient);
  const lines = v.parse(v.pipe(v.array(reportSchema), v.maxLength(500)), Array.isArray(told) ? told : [told]);
  const added = lines.map(({ url, at, what, ...line }) =>
    state.log.add({
      ...line,
      what: what ?? describeReport(line.method ?? '', url ?? '', line.status),
      company: line.company ?? /^\/company\/(\d{1,18})(?:\/|$)/.exec(url ?? '')?.[1],
      ...(at === undefined ? {} : { at: new Date(at).toISOString() }),
      url: url === undefined ? undefined : maskUrl(state, url),
    }),
  );
  return json(201, { ids: added.map(({ id }) => id) });
};
