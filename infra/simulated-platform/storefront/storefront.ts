import { readFileSync } from 'node:fs';
import { type Answer, type HttpClient, json, page, type Route, redirect } from '../http.ts';
import { escape, layout } from '../panel/layout.ts';
import type { State } from '../state.ts';
import { type Application, type Company, companies } from '../world.ts';
import { forward } from './forward.ts';
import { shoppers } from './shoppers.ts';

const scriptPath = '/storefront/storefront.js';
const script = readFileSync(new URL('./storefront.js', import.meta.url), 'utf8');
const address = /^\/storefront\/([0-9a-f]{24})(?:\/(shopper|ext\/([^/]+)(\/.*)?))?\/?$/;

function find(id: string): { company: Company; application: Application } | undefined {
  for (const company of companies.values()) {
    const application = company.applications.find((one) => one.id === id);
    if (application) return { company, application };
  }
  return undefined;
}

const shopperKey = ({ headers }: HttpClient): string =>
  /(?:^|;\s*)shopper=(\w*)/.exec(headers['cookie'] ?? '')?.[1] ?? '';

function storefrontPage(state: State, httpClient: HttpClient, application: Application, company: Company): Answer {
  const chosen = shopperKey(httpClient);
  const people = [
    ['', 'Nobody is signed in'],
    ...Object.entries(shoppers).map(([key, one]) => [key, `${String(one['first_name'])} ${String(one['last_name'])}`]),
  ];
  const options = people.map(
    ([key = '', name = '']) =>
      `<option value="${escape(key)}"${key === chosen ? ' selected' : ''}>${escape(name)}</option>`,
  );
  const attached = state.proxyPaths.ofApplication(application.id).map(
    ({
      attached_path,
      proxy_url,
    }) => `<li><form class="ask row" data-base="/storefront/${application.id}/ext/${escape(attached_path)}">
<select name="method" aria-label="Method"><option>GET</option><option>POST</option><option>PUT</option><option>DELETE</option></select>
<code>/ext/${escape(attached_path)}</code><input name="path" value="/" aria-label="The rest of the path, and a query">
<input name="body" value="" placeholder="JSON" aria-label="Body"><button class="primary">Call</button>
<span class="soft">goes to <code>${escape(proxy_url)}</code></span></form></li>`,
  );
  const products = state.catalog
    .list(company.id, application.id)
    .filter((one) => one['is_active'])
    .slice(0, 6)
    .map(({ name, slug }) => `<li>${escape(name)} <span class="soft">${escape(slug)}</span></li>`);
  return page(
    200,
    layout(
      `${application.name} · a storefront`,
      `<main><div class="card"><h1>${escape(application.name)}</h1><p class="soft">The storefront at ${escape(application.domain)}, as shoppers see it. What the extension attached to it is forwarded, signed.</p>
<form method="post" action="/storefront/${application.id}/shopper" class="row"><label for="shopper">Shopper</label>
<select id="shopper" name="shopper">${options.join('')}</select><button>Sign in</button></form>
<h2>Attached by the extension</h2>${attached.length === 0 ? '<p class="soft">Nothing yet: it is attached by <code>POST …/proxy/{api_key}</code> of the partners service.</p>' : `<ul class="plain">${attached.join('')}</ul>`}
<pre id="answer" role="status"></pre><h2>Products</h2><ul class="plain">${products.join('')}</ul></div></main><script type="module" src="${scriptPath}"></script>`,
    ),
  );
}

/** The storefronts of the companies, by the id of their sales channel: a page, and what it forwards. */
export const storefrontRoute =
  (state: State): Route =>
  (httpClient) => {
    if (httpClient.path === scriptPath)
      return { status: 200, headers: { 'content-type': 'text/javascript; charset=utf-8' }, body: script };
    const [, id, what, attachedPath, below = ''] = address.exec(httpClient.path) ?? [];
    if (id === undefined) return undefined;
    const found = find(id);
    if (!found) return json(404, { message: 'No such storefront' });
    const { application, company } = found;
    httpClient.record.company = company.id;
    const { method, url, headers, body } = httpClient;
    if (attachedPath !== undefined) {
      const path = state.proxyPaths.find(id, attachedPath);
      if (!path) return json(404, { message: `Nothing is attached at /ext/${attachedPath}` });
      const rest = below + url.slice(httpClient.path.length);
      return forward(state, path, { method, rest, headers, body, shopper: shoppers[shopperKey(httpClient)] });
    }
    if (what === 'shopper') {
      if (method !== 'POST') return json(405, { message: 'Method not allowed' }, { allow: 'POST' });
      const key = new URLSearchParams(body.toString('utf8')).get('shopper') ?? '';
      if (key !== '' && !(key in shoppers)) return json(400, { message: 'shopper: there is no such shopper' });
      const cookie = `shopper=${key}; Path=/storefront/; HttpOnly; SameSite=Lax`;
      return { ...redirect(`/storefront/${id}`, { 'set-cookie': cookie }), status: 303 };
    }
    return method === 'GET' ? storefrontPage(state, httpClient, application, company) : undefined;
  };
