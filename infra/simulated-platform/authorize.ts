import { type Answer, type HttpClient, json, page, type Route, redirect } from './http.ts';
import { consentPage } from './panel/consent-page.ts';
import { messagePage } from './panel/layout.ts';
import { lacking, misspelt } from './scopes.ts';
import { refuseSignature } from './signature-check.ts';
import { type State, viewer } from './state.ts';
import { findTenant, type Tenant, type User } from './world.ts';

const address = /^\/service\/panel\/authentication\/v1\.0\/(company|organization)\/([^/]+)\/oauth\/authorize$/;

/** An authorize request that may be shown to a person. */
export type Asking = {
  tenant: Tenant;
  redirectUri: string;
  scopes: string[];
  state: string;
  mode: 'online' | 'offline';
  /** The S256 challenge that came, where the settings make anything of one. */
  codeChallenge: string | null;
};

function refuse(httpClient: HttpClient, status: number, message: string): Answer {
  return httpClient.headers['accept']?.includes('text/html')
    ? page(status, messagePage('This extension cannot be opened', message))
    : json(status, { message });
}

/** Sends the browser back to the extension with these parameters. */
function back(asking: Asking, parameters: Record<string, string>): Answer {
  const target = new URL(asking.redirectUri);
  for (const [name, value] of Object.entries(parameters)) target.searchParams.set(name, value);
  return redirect(target.href);
}

/** What every way back names, the refused one too: the Java library reads it there. */
const whoAsked = ({ extension }: State, tenant: Tenant): Record<string, string> => ({
  client_id: extension.apiKey,
  [`${tenant.kind}_id`]: tenant.id,
});

const denied = (state: State, asking: Asking): Answer =>
  back(asking, {
    error: 'access_denied',
    error_description: 'The user denied access',
    ...whoAsked(state, asking.tenant),
    state: asking.state,
  });

function isRegistered({ extension }: State, tenant: Tenant, redirectUri: string): boolean {
  const [address, query, ...more] = redirectUri.split('?');
  const callback = tenant.kind === 'company' ? '/fp/auth' : '/adm/auth';
  return (
    address === `${extension.baseUrl}${callback}` &&
    more.length === 0 &&
    (query === undefined || /^application_id=[0-9a-f]{24}$/.test(query))
  );
}

function judge(state: State, httpClient: HttpClient, tenant: Tenant, parameters: URLSearchParams): Asking | Answer {
  const redirectUri = parameters.get('redirect_uri') ?? '';
  if (parameters.get('client_id') !== state.extension.apiKey)
    return refuse(httpClient, 400, 'No extension has this client_id.');
  if (!isRegistered(state, tenant, redirectUri))
    return refuse(httpClient, 400, 'The redirect_uri is not the one registered.');
  const badSignature = refuseSignature(state, httpClient);
  if (badSignature) return refuse(httpClient, 403, `The signature of the address is ${httpClient.record.signature}.`);
  const oauthState = parameters.get('state');
  if (!oauthState) return refuse(httpClient, 400, 'The parameter state is missing.');
  const mode = parameters.get('access_mode') === 'online' ? 'online' : 'offline';
  const scopes = (parameters.get('scope') ?? '').split(/[\s,]+/).filter(Boolean);
  const { pkce } = state.settings;
  const codeChallenge = pkce === 'enforced' ? parameters.get('code_challenge') : null;
  const asking: Asking = { tenant, redirectUri, scopes, state: oauthState, mode, codeChallenge };
  const error = (name: string, description: string) =>
    back(asking, { error: name, error_description: description, state: oauthState });
  if (parameters.get('response_type') !== 'code')
    return error('unsupported_response_type', 'response_type must be code');
  if (pkce === 'refused' && parameters.has('code_challenge'))
    return error('invalid_request', 'Unknown: code_challenge');
  if (codeChallenge !== null && parameters.get('code_challenge_method') !== 'S256') {
    return error('invalid_request', 'code_challenge_method must be S256');
  }
  const { scopes: registered, unlisted = [] } = state.extension;
  for (const scope of registered ? [] : scopes) {
    const meant = misspelt(scope, unlisted);
    if (meant !== undefined) return error('invalid_scope', `There is no scope ${scope}. ${meant} exists`);
  }
  const beyond = registered ? lacking(registered, scopes) : [];
  if (scopes.length === 0 || beyond.length > 0) {
    return error('invalid_scope', `Not registered for this extension: ${beyond.join(', ') || 'no scope at all'}`);
  }
  return asking;
}

function allow(state: State, httpClient: HttpClient, asking: Asking, user: User): Answer {
  const { tenant, scopes, mode, codeChallenge } = asking;
  httpClient.record.user = user.key;
  if (state.users.permissions(user, tenant) === undefined) {
    return refuse(httpClient, 403, `${user.first_name} is not a member of this ${tenant.kind}.`);
  }
  const clientId = state.extension.apiKey;
  const code = state.grants.issueCode({ clientId, tenant, user, scopes, mode, codeChallenge });
  state.grants.consent(tenant, user, scopes);
  return back(asking, {
    code: code.value,
    ...whoAsked(state, tenant),
    state: asking.state,
  });
}

function answerGet(state: State, httpClient: HttpClient, asking: Asking): Answer {
  if (state.settings.consent === 'refuse') return denied(state, asking);
  const automatic = state.settings.autoApprove?.user;
  const user =
    automatic === undefined ? viewer(state, httpClient.headers['cookie'], asking.tenant) : state.users.find(automatic);
  if (!user) return refuse(httpClient, 500, 'autoApprove names nobody.');
  httpClient.record.user = user.key;
  return automatic !== undefined || state.grants.hasConsented(asking.tenant, user, asking.scopes)
    ? allow(state, httpClient, asking, user)
    : page(200, consentPage(state, asking, user, httpClient.query));
}

function answerPost(state: State, httpClient: HttpClient, asking: Asking, form: URLSearchParams): Answer {
  const user = state.users.find(form.get('user') ?? viewer(state, httpClient.headers['cookie'], asking.tenant).key);
  if (!user) return refuse(httpClient, 400, 'There is no such user.');
  httpClient.record.user = user.key;
  return form.get('decision') === 'deny' ? denied(state, asking) : allow(state, httpClient, asking, user);
}

/** The authorize address: asks the person, or answers at once for one who agreed before. */
export const authorizeRoute =
  (state: State): Route =>
  (httpClient) => {
    const [, kind, id] = address.exec(httpClient.path) ?? [];
    if (kind === undefined || id === undefined) return undefined;
    const tenant = findTenant(kind, id);
    if (!tenant) return refuse(httpClient, 404, `There is no ${kind} ${id}.`);
    httpClient.record[tenant.kind] = tenant.id;
    if (httpClient.method !== 'GET' && httpClient.method !== 'POST') {
      return json(405, { message: 'Method not allowed' }, { allow: 'GET, POST' });
    }
    const parameters = authorizeParameters(httpClient);
    const asking = judge(state, httpClient, tenant, parameters);
    if ('status' in asking) return asking;
    return httpClient.method === 'GET'
      ? answerGet(state, httpClient, asking)
      : answerPost(state, httpClient, asking, parameters);
  };

/** What is asked, and what the person decided: from the query, and for a POST from the form, which wins. */
function authorizeParameters({ method, query, body }: Pick<HttpClient, 'method' | 'query' | 'body'>): URLSearchParams {
  const form = new URLSearchParams(method === 'POST' ? body.toString('utf8') : '');
  return new URLSearchParams([...[...query].filter(([name]) => !form.has(name)), ...form]);
}

/** The address and query that were signed, for a consent form: its own fields are not part of them. */
export function signedAuthorizePath(httpClient: Pick<HttpClient, 'method' | 'query' | 'body' | 'path'>): string {
  const parameters = authorizeParameters(httpClient);
  parameters.delete('user');
  parameters.delete('decision');
  return `${httpClient.path}?${parameters.toString()}`;
}

/** Whether this is a consent form, which carries the signature of the address that showed it. */
export const isConsentForm = ({ method, path }: Pick<HttpClient, 'method' | 'path'>): boolean =>
  method === 'POST' && address.test(path);
