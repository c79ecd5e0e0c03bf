import { type Answer, type HttpClient, page } from '../http.ts';
import { type State, viewer } from '../state.ts';
import { companies, organizations, type Tenant, tenantName } from '../world.ts';
import { escape, panelPage } from './layout.ts';
import { extensionPath } from './paths.ts';

const pageSize = 20;

function tenantRow(state: State, tenant: Tenant, note: string): string {
  const installed = state.grants.isInstalled(tenant);
  const path = extensionPath(state, tenant);
  const name = `${tenant.kind}-${tenant.id}-name`;
  const link = installed
    ? `<a class="button" aria-describedby="${name}" href="${escape(path)}">Open</a>`
    : `<a class="button primary" aria-describedby="${name}" href="${escape(path)}?install_event=true">Install</a>`;
  return `<tr id="${tenant.kind}-${tenant.id}"><td><strong id="${name}">${escape(tenantName(tenant))}</strong><br><span class="soft">${escape(note)}</span></td>
<td>${installed ? '<span class="badge">installed</span>' : ''}</td><td class="act">${link}</td></tr>`;
}

const table = (caption: string, rows: string[]): string =>
  `<table><caption class="unseen">${caption}</caption><thead><tr><th scope="col">Name</th><th scope="col"><span class="unseen">State</span></th><th scope="col"><span class="unseen">Action</span></th></tr></thead><tbody>${rows.join('')}</tbody></table>`;

/** The first page: whose panel it is, with a search. Those that installed the extension come first. */
export function companiesPage(state: State, httpClient: HttpClient): Answer {
  const { query, headers } = httpClient;
  const wanted = (query.get('q') ?? '').trim().toLowerCase();
  const isInstalled = (id: string) => state.grants.isInstalled({ kind: 'company', id });
  const found = [...companies.values()].filter(
    ({ id, name, trade, city }) =>
      id === wanted || [name, trade, city].some((text) => text.toLowerCase().includes(wanted)),
  );
  const ordered = [...found.filter(({ id }) => isInstalled(id)), ...found.filter(({ id }) => !isInstalled(id))];
  const pages = Math.max(1, Math.ceil(ordered.length / pageSize));
  const number = Math.min(pages, /^[1-9]\d{0,3}$/.test(query.get('page') ?? '') ? Number(query.get('page')) : 1);
  const rows = ordered
    .slice((number - 1) * pageSize, number * pageSize)
    .map(({ id, trade, city }) => tenantRow(state, { kind: 'company', id }, `Company ${id} · ${trade}, ${city}`));
  const to = (target: number, label: string) =>
    target < 1 || target > pages
      ? ''
      : `<a class="button" href="/?${escape(new URLSearchParams({ q: wanted, page: String(target) }).toString())}">${label}</a>`;
  const result =
    rows.length === 0
      ? `<p id="no-company">No company is called that. <a href="/">Show all</a></p>`
      : `${table('Companies', rows)}<nav class="row" aria-label="More companies">${to(number - 1, 'Previous')}<span class="soft">${ordered.length} ${ordered.length === 1 ? 'company' : 'companies'}, page ${number} of ${pages}</span>${to(number + 1, 'Next')}</nav>`;
  const partners = organizations.map(({ id }) =>
    tenantRow(state, { kind: 'organization', id }, `Organization ${id} · partner`),
  );
  const main = `<section class="card hint"><h2>New here?</h2><p>See in five minutes what online and offline tokens are, by clicking.</p><a class="button" href="/tools/guide">Try this</a></section>
<h1>Companies</h1><p class="soft">Each is a merchant. Install the extension for one, and it opens in that merchant’s panel.</p>
<form method="get" action="/" class="row" role="search"><label for="q">Find a company</label><input id="q" name="q" type="search" placeholder="Name, trade, city or id" value="${escape(query.get('q') ?? '')}"><button>Search</button></form>
<div>${result}</div>
<h1>Organizations</h1><p class="soft">Partners, who see the extension in the partner panel.</p>${table('Organizations', partners)}`;
  const user = viewer(state, headers['cookie']);
  return page(
    200,
    panelPage(state, { title: 'Companies', user, here: '/', main, column: true, notice: query.get('notice') }),
  );
}
