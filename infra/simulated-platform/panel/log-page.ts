import { filterOf, followLog } from '../control-log.ts';
import { type Answer, type HttpClient, page } from '../http.ts';
import { fits, type LogFilter, logKinds } from '../request-log.ts';
import { type State, viewer } from '../state.ts';
import { callButton } from './forms.ts';
import { escape, panelPage } from './layout.ts';
import { lineHtml, wholeHtml } from './log-lines.ts';

const shown = 300;

/** The filter as a query. */
export const queryOf = ({ kind, company, organization, text }: LogFilter): string =>
  new URLSearchParams({
    ...(kind === undefined ? {} : { kind }),
    ...(company === undefined ? {} : { company_id: company }),
    ...(organization === undefined ? {} : { organization_id: organization }),
    ...(text === undefined ? {} : { q: text }),
  }).toString();

/** Where the script hears of news that fit. */
export const newsAddress = (filter: LogFilter): string => `/tools/log/events?${queryOf(filter)}`;

/** What a runtime would add, where none has said that it is there. */
const missing = ({ runtime }: State): string =>
  runtime
    ? ''
    : `<p class="soft" id="runtime-missing">Seen from here: what reaches the platform, and what it sends. Calls from the browser to the extension, its cache and its tables are told by the extension’s own runtime; none has said that it is there. <code>npm start</code> does so by itself; any other program may, by <code>POST /__control/log</code>.</p>`;

/** The lines as a list that the script keeps up to date. */
export function logList(state: State, filter: LogFilter): string {
  const lines = state.log.list(filter).slice(-shown);
  return `<ol class="log" id="log" tabindex="0" aria-label="What happened, oldest first" data-lines="/tools/log/lines?${escape(queryOf(filter))}">${lines.map(lineHtml).join('')}</ol>
<p class="soft${lines.length === 0 ? '' : ' silent'}" id="log-empty">Nothing has happened yet. Install the extension, and watch.</p>${missing(state)}`;
}

function logPage(state: State, httpClient: HttpClient): Answer {
  const { query, headers } = httpClient;
  const filter = filterOf(query);
  const kinds = logKinds.map((kind) => `<option${kind === filter.kind ? ' selected' : ''}>${kind}</option>`);
  const main = `<h1>Log</h1><p class="soft">Every request between browser, extension and platform, in the order in which it began. Open a line to see all of it.</p>
<form method="get" action="/tools/log" class="row" role="search"><label>About <select name="kind" data-submits><option value="">everything</option>${kinds.join('')}</select></label>
<label>Company <input name="company_id" inputmode="numeric" size="5" value="${escape(filter.company ?? '')}"></label>
<label>With <input name="q" type="search" placeholder="403, token …ab12, refresh" value="${escape(filter.text ?? '')}"></label><button>Filter</button></form>
<div class="row">${callButton({ call: 'DELETE /log', done: 'The log is empty.', next: '/tools/log' }, 'Empty the log')}</div>
${logList(state, filter)}`;
  const user = viewer(state, headers['cookie']);
  const notice = query.get('notice');
  return page(
    200,
    panelPage(state, { title: 'Log', user, here: '/tools/log', main, live: newsAddress(filter), notice }),
  );
}

/** The log, one request of it as a page or as a part of one, and its news. */
export function answerLog(state: State, httpClient: HttpClient): Answer | undefined {
  const { path, query, headers } = httpClient;
  if (path === '/tools/log') return logPage(state, httpClient);
  if (path === '/tools/log/lines')
    return page(200, state.log.list(filterOf(query)).slice(-shown).map(lineHtml).join(''));
  if (path === '/tools/log/events') {
    const filter = filterOf(query);
    return followLog(state, (news) => {
      if (news === 'reset') return '{}';
      return JSON.stringify(fits(news, filter) ? { id: news.id, at: news.at, html: lineHtml(news) } : {});
    });
  }
  const [, id, part] = /^\/tools\/log\/(\d{1,15})(\/whole)?$/.exec(path) ?? [];
  const entry = id === undefined ? undefined : state.log.find(Number(id));
  if (!entry) return undefined;
  if (part !== undefined) return page(200, wholeHtml(entry));
  const main = `<h1>One request</h1><p>${escape(entry.what)}</p><ol class="log">${lineHtml(entry)}</ol>${wholeHtml(entry)}<p><a class="button" href="/tools/log">Back to the log</a></p>`;
  return page(
    200,
    panelPage(state, { title: 'One request', user: viewer(state, headers['cookie']), here: path, main }),
  );
}
