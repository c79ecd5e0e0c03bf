import type { Answer, HttpClient } from './http.ts';
import { jsonObject } from './http.ts';
import { lastFour, maskBody, maskHeaders, maskUrl } from './mask.ts';
import type { LogEntry } from './request-log.ts';
import type { State } from './state.ts';

type Line = Pick<LogEntry, 'from' | 'to' | 'kind' | 'what'>;

const authentication = /\/oauth\/(authorize|token|offline-token)$/;
const platformApi =
  /^\/service\/(?:platform|partner)\/([a-z-]+)\/v[\d.]+\/(?:company|organization)\/[^/]+(?:\/application\/[^/]+)?(\/.*)?$/;

/** Whether a request tells anything about the extension: not so the panel's list of companies, or a picture. */
export const isWorthALine = ({ path }: HttpClient): boolean =>
  path.startsWith('/service/') || path.includes('/extensions/');

/** The line of a request that has arrived. */
export function startLine(state: State, httpClient: HttpClient): LogEntry {
  const { method, url, headers, body, record } = httpClient;
  return state.log.add({
    ...lineOf(httpClient),
    method,
    url: maskUrl(state, url),
    status: null,
    took_ms: null,
    credential: credentialOf(state, httpClient),
    ...(isBrowsers(httpClient) && !authentication.test(httpClient.path) ? {} : { signature: record.signature }),
    request: { headers: maskHeaders(state, headers), body: maskBody(state, body, headers['content-type']) },
  });
}

/** Completes the line once the answer is given, or once nobody waits for it any more. */
export function endLine(
  state: State,
  entry: LogEntry,
  httpClient: HttpClient,
  answer: Answer,
  startedAt: number,
): void {
  const { record } = httpClient;
  state.log.change(entry, {
    what: `${lineOf(httpClient).what}${outcome(httpClient, answer)}`,
    status: record.status ?? 0,
    took_ms: Math.round(performance.now() - startedAt),
    company: record.company,
    organization: record.organization,
    user: record.user,
    notes: record.fault ? [`A fault was switched on: ${JSON.stringify(record.fault)}`] : [],
    response:
      record.status === 0 || record.status === null
        ? undefined
        : {
            headers: maskHeaders(state, answer.headers),
            body: maskBody(state, answer.body, answer.headers['content-type']),
          },
  });
}

const isBrowsers = ({ path }: HttpClient): boolean =>
  !path.startsWith('/service/') || path.endsWith('/oauth/authorize');

function lineOf(httpClient: HttpClient): Line {
  const { path, method, query, body } = httpClient;
  const [, operation] = authentication.exec(path) ?? [];
  if (operation === 'authorize') {
    const decision = new URLSearchParams(body.toString('utf8')).get('decision');
    const mode = query.get('access_mode') === 'online' ? 'online' : 'offline';
    const what =
      method === 'POST'
        ? `A person decides: ${decision === 'deny' ? 'denied' : 'allowed'}`
        : `The extension sent the browser here to ask the person (access_mode=${mode})`;
    return { from: 'browser', to: 'platform', kind: 'sign-in', what };
  }
  const asExtension = { from: 'extension', to: 'platform' } as const;
  if (operation !== undefined) return { ...asExtension, kind: 'token', what: tokenRequest(httpClient, operation) };
  if (path.includes('/extensions/details/'))
    return { ...asExtension, kind: 'token', what: 'The extension reads its own details, with its key and secret' };
  const [, service, rest = '/'] = platformApi.exec(path) ?? [];
  if (service !== undefined) return { ...asExtension, kind: 'api', what: `Platform API ${service}: ${method} ${rest}` };
  if (path.startsWith('/service/')) return { ...asExtension, kind: 'api', what: `${method} ${path}` };
  return { from: method === 'GET' ? 'browser' : 'you', to: 'platform', ...panelLine(httpClient) };
}

function panelLine({ path, method, query }: HttpClient): Pick<Line, 'kind' | 'what'> {
  const [, act] = /\/extensions\/[^/]+(?:\/([a-z-]+))?\/?$/.exec(path) ?? [];
  if (method === 'GET') {
    if (query.has('uninstalled')) return { kind: 'lifecycle', what: 'The panel shows that the extension is gone' };
    const what = query.get('install_event') === 'true' ? 'installs the extension' : 'opens the extension';
    return { kind: 'sign-in', what: `A person ${what}: the panel frames its launch address` };
  }
  return { kind: 'switch', what: act === undefined ? `The panel: ${method} ${path}` : `The panel’s button: ${act}` };
}

function tokenRequest({ body, headers }: HttpClient, operation: string): string {
  if (operation === 'offline-token') return 'The code again, for the company’s offline token';
  const grantType = new URLSearchParams(
    headers['content-type']?.startsWith('application/x-www-form-urlencoded') ? body.toString('utf8') : '',
  ).get('grant_type');
  if (grantType === 'authorization_code') return 'The code for the person’s online token';
  if (grantType === 'refresh_token') return 'A refresh token for a new access token';
  return grantType === 'client_credentials' ? 'Key and secret for a token without a person' : 'A token request';
}

/** What came of it, as the end of the sentence. */
function outcome({ path, record }: HttpClient, { status, headers, body }: Answer): string {
  if (record.status === 0) return ': the connection was closed without an answer';
  if (record.status === null) return ': whoever asked went away before the answer';
  const [, operation] = authentication.exec(path) ?? [];
  if (operation === 'authorize') {
    if (status === 200) return ': the consent page';
    const back = headers['location'] === undefined ? undefined : new URL(headers['location']).searchParams;
    const error = back?.get('error');
    if (back?.has('code') === true) return `: sent back to the extension with a code for ${record.user ?? 'somebody'}`;
    return error === undefined || error === null ? ': refused' : `: sent back to the extension with error=${error}`;
  }
  if (operation !== undefined && status === 200) return issued(jsonObject(Buffer.from(body)) ?? {});
  if (status === 304) return ': not modified, the extension’s copy is still right';
  if (status === 401) return ': refused, the credential does not work';
  if (status === 403) return ': refused, not allowed';
  if (status === 429) return ': refused, too many calls';
  return status >= 400 ? `: failed with ${status}` : '';
}

function issued({ access_token, access_mode, expires_in, scope, refresh_token }: Record<string, unknown>): string {
  if (typeof access_token !== 'string') return '';
  const scopes = Array.isArray(scope) ? scope.join(', ') : typeof scope === 'string' ? scope : '';
  const parts = [
    `: gave the ${typeof access_mode === 'string' ? `${access_mode} ` : ''}access token …${lastFour(access_token)}`,
    typeof expires_in === 'number' ? ` for ${expires_in} s` : '',
    refresh_token === undefined ? ', without a refresh token' : '',
    scopes === '' ? '' : ` (${scopes})`,
  ];
  return parts.join('');
}

/** Which credential came with a request, by its kind; none for what came without. */
function credentialOf({ grants }: State, { headers, body, path }: HttpClient): LogEntry['credential'] {
  const known = (value: string) => {
    const seen = grants.look(value);
    const kind = seen ? `${seen.mode} ${seen.kind}` : 'unknown token';
    return { kind, last_four: lastFour(value), state: seen?.state ?? ('unknown' as const) };
  };
  const [, scheme = '', value = ''] = /^(\S+) +(\S+)$/.exec(headers['authorization'] ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return known(value);
  if (!/\/oauth\/(?:offline-)?token$/.test(path)) return undefined;
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  const fields = isForm ? Object.fromEntries(new URLSearchParams(body.toString('utf8'))) : (jsonObject(body) ?? {});
  const { refresh_token, code } = fields;
  if (typeof refresh_token === 'string') return known(refresh_token);
  if (typeof code !== 'string') return undefined;
  const at = path.endsWith('/offline-token') ? 'offline-token' : 'token';
  return { kind: 'code', last_four: lastFour(code), state: grants.lookAtCode(code, at) };
}
