import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ControlError } from '../control-call.ts';
import { type Answer, type HttpClient, json, page, type Route, redirect } from '../http.ts';
import { notifyUninstall, uninstallTenant } from '../lifecycle.ts';
import { type State, viewer } from '../state.ts';
import { companies, findTenant, type Tenant } from '../world.ts';
import { activityAnswer } from './activity.ts';
import { companiesPage } from './companies-page.ts';
import { extensionPage } from './extension-page.ts';
import { faultsPage, faultsPart, schedulesPart } from './faults-page.ts';
import { answerCall } from './forms.ts';
import { guidePage, guidePart } from './guide.ts';
import { alarmPart, messagePage } from './layout.ts';
import { answerLog } from './log-page.ts';
import { extensionPath, localPath } from './paths.ts';
import { peoplePage } from './people-page.ts';
import { statePart, tokensPart } from './tenant-parts.ts';

const address =
  /^\/(company|organization)\/([^/]+)(?:\/application\/([^/]+))?\/extensions\/([^/]+?)(?:\/(uninstall|events|auto-install|unblock|activity))?\/?$/;

const file = (name: string, type: string): Answer => ({
  status: 200,
  headers: { 'content-type': type, 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' },
  body: readFileSync(join(import.meta.dirname, name)),
});
const files: Readonly<Record<string, Answer>> = {
  '/tools/panel.css': file('panel.css', 'text/css; charset=utf-8'),
  '/tools/panel.js': file('panel.js', 'text/javascript; charset=utf-8'),
};

const parts: Readonly<Record<string, (state: State, tenant: Tenant) => string>> = {
  state: statePart,
  tokens: tokensPart,
  guide: guidePart,
};

function part(state: State, path: string): Answer | undefined {
  const [, name = '', kind = '', id = ''] = /^\/tools\/parts\/(\w+)(?:\/(\w+)\/(\w+))?$/.exec(path) ?? [];
  if (name === 'alarm') return page(200, alarmPart(state));
  if (name === 'faults') return page(200, faultsPart(state));
  if (name === 'schedules') return page(200, schedulesPart(state));
  const tenant = findTenant(kind, id);
  const show = parts[name];
  return tenant && show && page(200, show(state, tenant));
}

function tool(state: State, httpClient: HttpClient): Answer | Promise<Answer> | undefined {
  const { method, path } = httpClient;
  if (method === 'POST') return path === '/tools/call' ? answerCall(state, httpClient) : undefined;
  if (method !== 'GET') return undefined;
  if (path === '/tools/people') return peoplePage(state, httpClient);
  if (path === '/tools/faults') return faultsPage(state, httpClient);
  if (path === '/tools/guide') return guidePage(state, httpClient);
  return files[path] ?? part(state, path) ?? answerLog(state, httpClient);
}

/** What there is for the person at the panel alone: neither recorded nor logged, nor disturbed by faults. */
export const toolsRoute =
  (state: State): Route =>
  async (httpClient) => {
    if (!httpClient.path.startsWith('/tools/')) return undefined;
    try {
      return (await tool(state, httpClient)) ?? notFound(httpClient, 'There is no such page.');
    } catch (error) {
      if (error instanceof ControlError) return page(400, messagePage('That cannot be shown', error.message));
      throw error;
    }
  };

/** A page for a person, JSON for everybody else. */
export function notFound({ headers }: Pick<HttpClient, 'headers'>, message: string): Answer {
  return headers['accept']?.includes('text/html') === true
    ? page(404, messagePage('This is not here', message))
    : json(404, { message: 'Not found' });
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
  if (!user) {
    return httpClient.headers['accept']?.includes('text/html') === true
      ? page(400, messagePage('Nobody is called that', 'The person may have been forgotten by a reset.'))
      : json(400, { message: 'There is no such user' });
  }
  const cookie = `panel_user=${encodeURIComponent(user.key)}; Path=/; HttpOnly; SameSite=Lax`;
  return { ...redirect(localPath(form.get('next')), { 'set-cookie': cookie }), status: 303 };
}

function productImage(uid: string): Answer {
  const hue = (Number(uid) * 47) % 360;
  return {
    status: 200,
    headers: { 'content-type': 'image/svg+xml', 'cache-control': 'max-age=3600' },
    body: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 80"><rect width="80" height="80" fill="hsl(${hue} 55% 88%)"/><circle cx="40" cy="40" r="20" fill="hsl(${hue} 45% 55%)"/></svg>`,
  };
}

/** What an address of the panel names that is not there. */
function missing(state: State, kind: string, id: string, apiKey: string): string {
  if (!findTenant(kind, id)) return `There is no ${kind} ${id}.`;
  return apiKey === encodeURIComponent(state.extension.apiKey)
    ? `This company has no such sales channel.`
    : 'No extension with this key is registered here.';
}

/** The admin panel: the companies, and the extension in a frame. */
export const panelRoute =
  (state: State): Route =>
  (httpClient) => {
    const { method, path } = httpClient;
    if (path === '/' && method === 'GET') return companiesPage(state, httpClient);
    if (path === '/signin' && method === 'POST') return signIn(state, httpClient);
    const [, image] = /^\/assets\/products\/(\d+)\.svg$/.exec(path) ?? [];
    if (image !== undefined && method === 'GET') return productImage(image);
    const [, kind, id, applicationId, apiKey, what] = address.exec(path) ?? [];
    if (kind === undefined || id === undefined || apiKey === undefined) return undefined;
    const tenant = findTenant(kind, id);
    const knownApplication =
      applicationId === undefined || companies.get(id)?.applications.some((one) => one.id === applicationId) === true;
    if (!tenant || !knownApplication || apiKey !== encodeURIComponent(state.extension.apiKey))
      return notFound(httpClient, missing(state, kind, id, apiKey));
    httpClient.record[tenant.kind] = tenant.id;
    if (what === 'uninstall') return method === 'POST' ? uninstall(state, tenant, applicationId) : undefined;
    if (what !== undefined) {
      const here = { company: id, path: extensionPath(state, tenant), what };
      return tenant.kind === 'company' ? activityAnswer(state, httpClient, here) : undefined;
    }
    if (method !== 'GET') return undefined;
    httpClient.record.user = viewer(state, httpClient.headers['cookie'], tenant).key;
    return extensionPage(state, httpClient, tenant, applicationId);
  };
