import { connect } from 'node:net';
import { type Answer, type HttpClient, page } from '../http.ts';
import { type State, viewer } from '../state.ts';
import { companies, type Tenant, tenantKey, tenantName, type User } from '../world.ts';
import { activitySection } from './activity.ts';
import { guidePart } from './guide.ts';
import { escape, panelPage } from './layout.ts';
import { logList, newsAddress, queryOf } from './log-page.ts';
import { extensionPath } from './paths.ts';
import { permissionsCard } from './people-page.ts';
import { statePart, tokensPart } from './tenant-parts.ts';

/** The address of a part of a page, for the script that keeps it up to date. */
const partOf = (name: string, { kind, id }: Tenant): string => `/tools/parts/${name}/${kind}/${id}`;

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

/** Whether anybody listens where the extension should be. */
async function isUp(baseUrl: string): Promise<boolean> {
  const { hostname, port, protocol } = new URL(baseUrl);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port) || (protocol === 'https:' ? 443 : 80),
    timeout: 1000,
  });
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  socket.once('timeout', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

/** Why the extension cannot be framed for this tenant, where it is known beforehand. */
async function refusal({ extension }: State, tenant: Tenant, source: string): Promise<string | undefined> {
  if (tenant.kind === 'company') return undefined;
  const answer = await fetch(source, {
    headers: { accept: 'text/html' },
    redirect: 'manual',
    signal: AbortSignal.timeout(5000),
  }).catch(() => undefined);
  await answer?.body?.cancel().catch(() => undefined);
  return answer?.status === 404
    ? `<section class="card" id="no-partner-side"><h2>This extension has no partner side</h2><p>The partner panel opens <code>${escape(extension.baseUrl)}/adm/install</code>, and the extension answers 404 there. An extension for partners serves <code>/adm/install</code> and <code>/adm/auth</code>; companies do not need them.</p></section>`
    : undefined;
}

const downNotice = ({ extension }: State): string =>
  `<p class="notice bad" id="extension-down">Nobody answers at <code>${escape(extension.baseUrl)}</code>, where the extension should be. Start it, then load this page again.</p>`;

async function framePart(
  state: State,
  tenant: Tenant,
  applicationId: string | undefined,
  install: boolean,
): Promise<string> {
  const source = frameSource(state, tenant, applicationId, install);
  if (!(await isUp(state.extension.baseUrl)) && tenant.kind === 'organization') return downNotice(state);
  const refused = await refusal(state, tenant, source);
  if (refused !== undefined) return refused;
  const notice = (await isUp(state.extension.baseUrl)) ? '' : downNotice(state);
  return `${notice}<iframe id="extension" name="extension" title="The extension" src="${escape(source)}"></iframe>`;
}

function channels(state: State, tenant: Tenant, applicationId: string | undefined): string {
  const all = tenant.kind === 'company' ? (companies.get(tenant.id)?.applications ?? []) : [];
  if (all.length === 0) return '';
  const link = (id: string | undefined, name: string) =>
    `<a href="${escape(extensionPath(state, tenant, id))}"${id === applicationId ? ' aria-current="true"' : ''}>${escape(name)}</a>`;
  return `<nav class="row channels" aria-label="Sales channel"><span class="soft">Opened for</span>${[link(undefined, 'the company'), ...all.map(({ id, name }) => link(id, name))].join('')}${applicationId === undefined ? '' : `<a href="/storefront/${escape(applicationId)}" id="storefront">Its storefront</a>`}</nav>`;
}

const card = (title: string, body: string, id: string): string =>
  `<section class="card" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${body}</section>`;

const live = (name: string, tenant: Tenant, html: string, attributes = ''): string =>
  `<div data-part="${escape(partOf(name, tenant))}" ${attributes}>${html}</div>`;

/** The extension in its frame, with what happens beside it and what can be done below. */
export async function extensionPage(
  state: State,
  httpClient: HttpClient,
  tenant: Tenant,
  applicationId: string | undefined,
): Promise<Answer> {
  const { query, headers } = httpClient;
  const user: User = viewer(state, headers['cookie'], tenant);
  state.lastViewer.set(tenantKey(tenant), user.key);
  const path = extensionPath(state, tenant, applicationId);
  const frame = query.has('uninstalled')
    ? '<section class="card empty"><p>The extension is uninstalled: its frame is gone.</p></section>'
    : await framePart(state, tenant, applicationId, query.get('install_event') === 'true');
  const filter = { [tenant.kind]: tenant.id };
  const main = `<div class="row title"><div><h1>${escape(tenantName(tenant))}</h1><span class="soft">${tenant.kind} ${escape(tenant.id)}${applicationId === undefined ? '' : `, storefront ${escape(applicationId)}`}</span></div>
${live('state', tenant, statePart(state, tenant), 'class="row push"')}</div>${channels(state, tenant, applicationId)}
<div class="split"><div class="stage">${frame}</div>
<section class="card" aria-labelledby="log-title"><h2 id="log-title">What happens</h2>${tenant.kind === 'company' ? live('guide', tenant, guidePart(state, tenant, user)) : ''}<label class="choice soft"><input type="checkbox" class="hides-storage"> without the tables</label>${logList(state, filter)}<p><a href="/tools/log?${escape(queryOf(filter))}">Open the log</a></p></section></div>
<div class="cards pair">${card(`What ${escape(user.first_name)} may do here`, permissionsCard(state, tenant, user), 'may')}
${card('Tokens', live('tokens', tenant, tokensPart(state, tenant)), 'tokens')}
${tenant.kind === 'company' ? activitySection(state, tenant.id, extensionPath(state, tenant)) : ''}</div>`;
  const notice = query.get('notice');
  return page(
    200,
    panelPage(state, { title: tenantName(tenant), user, here: path, main, live: newsAddress(filter), notice }),
  );
}
