import { type Answer, type HttpClient, json, page, type Route, redirect } from './http.ts';
import { escape, layout } from './layout.ts';
import { notifyUninstall, uninstallTenant } from './lifecycle.ts';
import { activityAnswer, activitySection } from './panel-activity.ts';
import { type State, viewer } from './state.ts';
import { companies, findTenant, organizations, type Tenant, tenantKey, tenantName, type User } from './world.ts';

const address =
  /^\/(company|organization)\/([^/]+)(?:\/application\/([^/]+))?\/extensions\/([^/]+?)(?:\/(uninstall|events|auto-install|unblock|activity))?\/?$/;

const extensionPath = ({ extension }: State, tenant: Tenant, applicationId?: string): string =>
  `/${tenant.kind}/${tenant.id}${applicationId === undefined ? '' : `/application/${applicationId}`}/extensions/${encodeURIComponent(extension.apiKey)}`;

function head(state: State, user: User, here: string): string {
  const options = state.users
    .all()
    .map(
      ({ key, first_name, last_name, role }) =>
        `<option value="${escape(key)}"${key === user.key ? ' selected' : ''}>${escape(`${first_name} ${last_name}, ${role}`)}</option>`,
    );
  return `<header><a class="mark" href="/">Simulated Fynd Platform</a>
<form method="post" action="/signin" id="signin"><input type="hidden" name="next" value="${escape(here)}">
<label for="user">Signed in as</label><select id="user" name="user" onchange="this.form.submit()">${options.join('')}</select>
<button>Switch</button></form></header>`;
}

function tenantRow(state: State, tenant: Tenant, note: string): string {
  const installed = state.grants.isInstalled(tenant);
  const path = extensionPath(state, tenant);
  const link = installed
    ? `<a class="button" href="${escape(path)}">Open</a>`
    : `<a class="button primary" href="${escape(path)}?install_event=true">Install</a>`;
  return `<tr id="${tenant.kind}-${tenant.id}"><td>${escape(tenant.id)}</td><td>${escape(tenantName(tenant))}</td><td class="soft">${escape(note)}</td>
<td>${installed ? '<span class="badge">installed</span>' : ''}</td><td>${link}</td></tr>`;
}

function home(state: State, httpClient: HttpClient): Answer {
  const user = viewer(state, httpClient.headers['cookie']);
  const headings = (what: string, note: string) =>
    `<tr><th>Id</th><th>${what}</th><th>${note}</th><th></th><th></th></tr>`;
  const merchants = [...companies.values()].map(({ id, city, trade }) =>
    tenantRow(state, { kind: 'company', id }, `${trade}, ${city}`),
  );
  const partners = organizations.map(({ id }) => tenantRow(state, { kind: 'organization', id }, 'partner'));
  return page(
    200,
    layout(
      'Admin panel · Simulated Fynd Platform',
      `${head(state, user, '/')}<main><h1>Companies</h1><p class="soft">Each is a merchant. Install the extension for one to see it in that merchant’s panel.</p>
<table>${headings('Company', 'Trade')}${merchants.join('')}</table>
<h1 style="margin-top:2rem">Organizations</h1><p class="soft">Partners, who see the extension in the partner panel.</p>
<table>${headings('Organization', '')}${partners.join('')}</table></main>`,
    ),
  );
}

function frameSource(
  { extension }: State,
  tenant: Tenant,
  applicationId: string | undefined,
  install: boolean,
): string {
  const query = new URLSearchParams({
    [`${tenant.kind}_id`]: tenant.id,
    client_id: extension.apiKey,
    ...(applicationId === undefined ? {} : { application_id: applicationId }),
    ...(install ? { install_event: 'true' } : {}),
  });
  return `${extension.baseUrl}${tenant.kind === 'company' ? '/fp' : '/adm'}/install?${query.toString()}`;
}

function extensionPage(
  state: State,
  httpClient: HttpClient,
  tenant: Tenant,
  applicationId: string | undefined,
): Answer {
  const user = viewer(state, httpClient.headers['cookie'], tenant);
  state.lastViewer.set(tenantKey(tenant), user.key);
  const path = extensionPath(state, tenant, applicationId);
  const install = httpClient.query.get('install_event') === 'true';
  const installed = state.grants.isInstalled(tenant);
  const notice = httpClient.query.get('notice');
  const uninstalled = httpClient.query.has('uninstalled');
  const channels = (companies.get(tenant.kind === 'company' ? tenant.id : '')?.applications ?? [])
    .map(({ id, name }) => `<a href="${escape(extensionPath(state, tenant, id))}">${escape(name)}</a>`)
    .join(' · ');
  const frame = uninstalled
    ? ''
    : `<iframe id="extension" name="extension" title="The extension" src="${escape(frameSource(state, tenant, applicationId, install))}"></iframe>`;
  return page(
    200,
    layout(
      `${tenantName(tenant)} · Simulated Fynd Platform`,
      `${head(state, user, path)}<main>${notice === null ? '' : `<p class="notice" id="notice">${escape(notice)}</p>`}
<div class="row"><div><h1>${escape(tenantName(tenant))}</h1><span class="soft">${tenant.kind} ${escape(tenant.id)}${applicationId === undefined ? '' : `, storefront ${escape(applicationId)}`}</span></div>
<span class="push"></span>${installed ? '<span class="badge" id="installed">installed</span>' : ''}
<a class="button${installed ? '' : ' primary'}" id="install" href="${escape(path)}?install_event=true">Install</a>
<a class="button${installed ? ' primary' : ''}" id="open" href="${escape(path)}">Open</a>
<form method="post" action="${escape(path)}/uninstall"><button class="danger" id="uninstall">Uninstall</button></form></div>
${channels === '' ? '' : `<p class="soft">Storefronts: <a href="${escape(extensionPath(state, tenant))}">none</a> · ${channels}</p>`}${frame}${tenant.kind === 'company' ? activitySection(state, tenant.id, extensionPath(state, tenant)) : ''}</main>`,
    ),
  );
}

async function uninstall(state: State, tenant: Tenant, applicationId: string | undefined): Promise<Answer> {
  uninstallTenant(state, tenant);
  const notice = `Uninstalled: its tokens are revoked, and ${await notifyUninstall(state, tenant)}.`;
  const query = new URLSearchParams({ uninstalled: '1', notice });
  return { ...redirect(`${extensionPath(state, tenant, applicationId)}?${query.toString()}`), status: 303 };
}

function signIn(state: State, httpClient: HttpClient): Answer {
  const form = new URLSearchParams(httpClient.body.toString('utf8'));
  const user = state.users.find(form.get('user') ?? '');
  if (!user) return json(400, { message: 'There is no such user' });
  const next = form.get('next') ?? '/';
  const cookie = `panel_user=${encodeURIComponent(user.key)}; Path=/; HttpOnly; SameSite=Lax`;
  return {
    ...redirect(/^\/[\w/-]*$/.test(next) && !next.startsWith('//') ? next : '/', { 'set-cookie': cookie }),
    status: 303,
  };
}

function productImage(uid: string): Answer {
  const hue = (Number(uid) * 47) % 360;
  return {
    status: 200,
    headers: { 'content-type': 'image/svg+xml', 'cache-control': 'max-age=3600' },
    body: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 80"><rect width="80" height="80" fill="hsl(${hue} 55% 88%)"/><circle cx="40" cy="40" r="20" fill="hsl(${hue} 45% 55%)"/></svg>`,
  };
}

/** The admin panel: the companies, and the extension in a frame. */
export const panelRoute =
  (state: State): Route =>
  (httpClient) => {
    const { method, path } = httpClient;
    if (path === '/' && method === 'GET') return home(state, httpClient);
    if (path === '/signin' && method === 'POST') return signIn(state, httpClient);
    const [, image] = /^\/assets\/products\/(\d+)\.svg$/.exec(path) ?? [];
    if (image !== undefined && method === 'GET') return productImage(image);
    const [, kind, id, applicationId, apiKey, what] = address.exec(path) ?? [];
    if (kind === undefined || id === undefined || apiKey === undefined) return undefined;
    const tenant = findTenant(kind, id);
    const knownApplication =
      applicationId === undefined || companies.get(id)?.applications.some((one) => one.id === applicationId) === true;
    if (!tenant || !knownApplication || apiKey !== encodeURIComponent(state.extension.apiKey)) return undefined;
    httpClient.record[tenant.kind] = tenant.id;
    if (what === 'uninstall') return method === 'POST' ? uninstall(state, tenant, applicationId) : undefined;
    if (what !== undefined) {
      const here = { company: id, path: extensionPath(state, tenant), what };
      return tenant.kind === 'company' ? activityAnswer(state, httpClient, here) : undefined;
    }
    return method === 'GET' ? extensionPage(state, httpClient, tenant, applicationId) : undefined;
  };
