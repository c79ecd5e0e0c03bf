import * as v from 'valibot';
import { bodyOf, ControlError, userOf } from './control-call.ts';
import {
  controlAutoInstall,
  controlDeliveries,
  controlEvents,
  controlSubscribers,
  controlUninstall,
} from './control-lifecycle.ts';
import { type Answer, type HttpClient, json, type Route } from './http.ts';
import { faultSchema, gateSchema } from './interceptions.ts';
import { changeSettings } from './settings.ts';
import type { State } from './state.ts';
import { type Company, companies, findTenant, organizations, type Tenant } from './world.ts';

const id = v.pipe(
  v.union([v.string(), v.number()]),
  v.transform((value) => String(value)),
);
const tenantFields = { company_id: v.optional(id), organization_id: v.optional(id) };
const codeSchema = v.strictObject({
  ...tenantFields,
  user: v.optional(v.string(), 'owner'),
  scopes: v.optional(v.array(v.string())),
  access_mode: v.optional(v.picklist(['online', 'offline']), 'online'),
  client_id: v.optional(v.string()),
});
const expirySchema = v.strictObject({
  ...tenantFields,
  user: v.optional(v.string()),
  access_mode: v.optional(v.picklist(['online', 'offline'])),
  what: v.optional(v.picklist(['access', 'refresh', 'all']), 'access'),
});
const userSchema = v.strictObject({
  permissions: v.optional(v.union([v.array(v.string()), v.record(v.string(), v.array(v.string()))])),
  first_name: v.optional(v.string()),
  last_name: v.optional(v.string()),
  email: v.optional(v.string()),
  role: v.optional(v.string()),
});

function tenantOf(given: {
  company_id?: string | undefined;
  organization_id?: string | undefined;
}): Tenant | undefined {
  const [kind, value] =
    given.organization_id === undefined ? ['company', given.company_id] : ['organization', given.organization_id];
  if (value === undefined) return undefined;
  const tenant = findTenant(kind, value);
  if (!tenant) throw new ControlError(`There is no ${kind} ${value}`);
  return tenant;
}

function makeCode(state: State, httpClient: HttpClient): Answer {
  const given = bodyOf(httpClient, codeSchema);
  const tenant = tenantOf(given);
  if (!tenant) throw new ControlError('company_id or organization_id is required');
  const code = state.grants.issueCode({
    clientId: given.client_id ?? state.extension.apiKey,
    tenant,
    user: userOf(state, given.user),
    scopes: given.scopes ?? [...(state.extension.scopes ?? ['company/products', 'company/orders'])],
    mode: given.access_mode,
  });
  return json(201, { code: code.value });
}

function expire(state: State, httpClient: HttpClient): Answer {
  const given = bodyOf(httpClient, expirySchema);
  const user = given.user === undefined ? undefined : userOf(state, given.user);
  const expired = state.grants.expire({ tenant: tenantOf(given), user, mode: given.access_mode, what: given.what });
  return json(200, { expired });
}

function putUser(state: State, httpClient: HttpClient, key: string): Answer {
  const { permissions, ...rest } = bodyOf(httpClient, userSchema);
  const names = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const held = Array.isArray(permissions) ? { '*': permissions } : permissions;
  return json(200, state.users.put(key, { ...names, ...(held === undefined ? {} : { permissions: held }) }));
}

async function watchGate(state: State, { query }: HttpClient, gateId: string): Promise<Answer> {
  const wanted = Number(query.get('held') ?? 0);
  const seen = await state.interceptions.watch(gateId, wanted, Number(query.get('timeout_ms') ?? 10_000));
  if (!seen) return json(404, { message: 'No such gate' });
  const { reached, ...gate } = seen;
  return json(reached ? 200 : 504, gate);
}

const settingsRoutes = (state: State, httpClient: HttpClient): Answer | undefined => {
  if (httpClient.method === 'PUT') {
    const changed = changeSettings(state.settings, JSON.parse(httpClient.body.toString('utf8')));
    if (changed.autoApprove) userOf(state, changed.autoApprove.user);
    state.settings = changed;
  } else if (httpClient.method === 'DELETE') {
    state.resetSettings();
  } else if (httpClient.method !== 'GET') return undefined;
  return json(200, state.settings);
};

/** A company, and what the extension is to it. */
function companyView({ grants }: State, company: Company) {
  const tenant = { kind: 'company', id: company.id } as const;
  const grant = grants.installation(tenant);
  return {
    ...company,
    installed: grants.isInstalled(tenant),
    offline_scopes: grant?.scopes ?? null,
    /** Whether the offline grant still works; null where there is none. */
    offline_works: grant ? grant.ended === null : null,
  };
}

const world = (state: State) => ({
  origin: state.origin,
  extension: {
    api_key: state.extension.apiKey,
    base_url: state.extension.baseUrl,
    scopes: state.extension.scopes ?? null,
  },
  users: state.users.all(),
  companies: [...companies.values()].map((company) => companyView(state, company)),
  organizations,
});

async function answer(state: State, httpClient: HttpClient): Promise<Answer | undefined> {
  const { method, path } = httpClient;
  const { interceptions, recording } = state;
  const [, what = '', name = '', act = ''] = path.split('/').slice(1).map(decodeURIComponent);
  switch (`${method} ${what}${act === '' ? '' : `/*/${act}`}`) {
    case 'GET requests':
      return json(200, recording.list());
    case 'DELETE requests':
      recording.reset();
      return json(200, {});
    case 'GET faults':
      return json(200, interceptions.faults());
    case 'POST faults':
      return json(201, interceptions.addFault(bodyOf(httpClient, faultSchema)));
    case 'DELETE faults':
      interceptions.clearFaults();
      return json(200, {});
    case 'POST gates':
      return json(201, interceptions.addGate(bodyOf(httpClient, gateSchema)));
    case 'GET gates':
      return name === '' ? json(200, interceptions.gates()) : watchGate(state, httpClient, name);
    case 'DELETE gates':
      interceptions.clearGates();
      return json(200, {});
    case 'POST gates/*/open':
      return interceptions.open(name) ? json(200, { open: true }) : json(404, { message: 'No such gate' });
    case 'POST companies/*/uninstall':
      return controlUninstall(state, httpClient, findTenant('company', name));
    case 'POST organizations/*/uninstall':
      return controlUninstall(state, httpClient, findTenant('organization', name));
    case 'POST companies/*/auto-install':
      return controlAutoInstall(state, httpClient, name);
    case 'POST companies/*/events':
      return controlEvents(state, httpClient, name);
    case 'POST companies/*/unblock':
      return json(200, { unblocked: state.subscribers.unblock(name) });
    case 'GET subscribers':
      return controlSubscribers(state, httpClient.query.get('company_id'));
    case 'GET deliveries':
      return controlDeliveries(state, httpClient);
    case 'POST tokens':
      return name === 'expire' ? expire(state, httpClient) : undefined;
    case 'PUT users':
      return name === '' ? undefined : putUser(state, httpClient, name);
    case 'POST codes':
      return makeCode(state, httpClient);
    case 'POST reset':
      state.reset();
      return json(200, {});
    case 'GET world':
      return json(200, world(state));
    default:
      return what === 'settings' ? settingsRoutes(state, httpClient) : undefined;
  }
}

/** What tests say to the platform itself, under `/__control`. Neither recorded nor disturbed by faults. */
export const controlRoute =
  (state: State): Route =>
  async (httpClient) => {
    if (!httpClient.path.startsWith('/__control/')) return undefined;
    const { headers, body } = httpClient;
    const type = headers['content-type'] ?? (body.length > 0 ? 'none' : undefined);
    if (type !== undefined && !/^application\/json\s*(;|$)/i.test(type)) {
      return json(415, { message: 'Control calls are JSON: content-type must be application/json' });
    }
    try {
      return (await answer(state, httpClient)) ?? json(404, { message: 'No such control' });
    } catch (error) {
      if (v.isValiError(error)) {
        return json(400, {
          message: 'Bad control call',
          issues: error.issues.map((one) => `${v.getDotPath(one) ?? 'body'}: ${one.message}`),
        });
      }
      if (error instanceof ControlError || error instanceof SyntaxError || error instanceof URIError)
        return json(400, { message: error.message });
      throw error;
    }
  };
