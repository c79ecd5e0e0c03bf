import { refuseOthers } from './extension-credentials.ts';
import type { Issue } from './grants.ts';
import { type Answer, type HttpClient, json, jsonObject, type Route } from './http.ts';
import { refuseSignature } from './signature-check.ts';
import type { State } from './state.ts';
import { findTenant, type Tenant, type User } from './world.ts';

const address =
  /^\/service\/panel\/authentication\/v1\.0\/(company|organization)\/([^/]+)\/oauth\/(token|offline-token)$/;

const person = ({ settings }: State, user: User): Record<string, unknown> => ({
  [settings.idField]: settings.idsAsNumbers ? user.number : user.id,
  first_name: user.first_name,
  last_name: user.last_name,
  emails: [{ email: user.email, primary: true, verified: true, active: true }],
  phone_numbers: [{ country_code: 91, phone: user.phone, primary: true, verified: true, active: true }],
});

function tokenAnswer(
  state: State,
  httpClient: HttpClient,
  { access, seconds, refreshToken }: Issue,
  isRefresh: boolean,
): Answer {
  const { settings } = state;
  const { grant } = access;
  if (grant.user) httpClient.record.user = grant.user.key;
  const scope =
    settings.scopeAs === 'array' ? grant.scopes : grant.scopes.join(settings.scopeAs === 'string' ? ' ' : ',');
  const left: string[] = isRefresh ? [...settings.omit, ...settings.omitOnRefresh] : settings.omit;
  const whole = {
    access_token: access.value,
    token_type: 'Bearer',
    expires_in: seconds,
    scope,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    access_mode: grant.mode,
    current_user: grant.user && settings.onlineCurrentUser === 'present' ? person(state, grant.user) : null,
  };
  return json(200, Object.fromEntries(Object.entries(whole).filter(([name]) => !left.includes(name))), {
    'cache-control': 'no-store',
  });
}

function invalidGrant({ settings }: State, reason: string): Answer {
  if (settings.invalidGrant === 'oauth' || settings.invalidGrant === 'error-in-200') {
    const status = settings.invalidGrant === 'oauth' ? 400 : 200;
    return json(status, { error: 'invalid_grant', error_description: reason });
  }
  return settings.invalidGrant === 'message'
    ? json(400, { message: `Invalid grant: ${reason}` })
    : json(401, { message: 'Unauthorized', code: 'INVALID_GRANT' });
}

const answerIssue = (
  state: State,
  httpClient: HttpClient,
  issue: Issue | string | { lacking: string[] },
  isRefresh = false,
): Answer => {
  if (typeof issue === 'string') return invalidGrant(state, issue);
  if ('lacking' in issue) {
    return json(403, {
      message: `User does not have the required permissions: ${issue.lacking.join(', ')}`,
      code: 'FORBIDDEN',
    });
  }
  return tokenAnswer(state, httpClient, issue, isRefresh);
};

/** The answer to a verifier of a platform that knows no such parameter. */
function refuseVerifier({ settings }: State, verifier: unknown): Answer | undefined {
  if (settings.pkce !== 'refused' || verifier === null || verifier === undefined) return undefined;
  return json(400, { error: 'invalid_request', error_description: 'Unknown: code_verifier' });
}

function answerToken(state: State, httpClient: HttpClient, tenant: Tenant): Answer {
  if (!httpClient.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
    return json(415, { message: 'The body of a token request is a form' });
  }
  const form = new URLSearchParams(httpClient.body.toString('utf8'));
  const verifier = form.get('code_verifier');
  const refused = refuseVerifier(state, verifier);
  if (refused) return refused;
  switch (form.get('grant_type') ?? '') {
    case 'authorization_code':
      return answerIssue(
        state,
        httpClient,
        state.grants.authorizationCodeGrant(
          { value: form.get('code') ?? '', verifier },
          tenant,
          state.extension.apiKey,
        ),
      );
    case 'refresh_token':
      return answerIssue(state, httpClient, state.grants.refresh(form.get('refresh_token') ?? '', tenant), true);
    case 'client_credentials': {
      const issue = state.grants.clientCredentials(tenant);
      return issue
        ? tokenAnswer(state, httpClient, issue, false)
        : json(403, { message: 'The extension is not installed' });
    }
    default:
      return json(400, { error: 'unsupported_grant_type', error_description: 'grant_type is missing or unknown' });
  }
}

function answerOfflineToken(state: State, httpClient: HttpClient, tenant: Tenant): Answer {
  const body = jsonObject(httpClient.body);
  if (!body || !httpClient.headers['content-type']?.startsWith('application/json')) {
    return json(400, { message: 'The body is not a JSON object' });
  }
  const { apiKey, apiSecret } = state.extension;
  if (body['client_id'] !== apiKey || body['client_secret'] !== apiSecret) {
    return json(401, { message: 'Invalid client credentials', code: 'UNAUTHORIZED' });
  }
  if (body['grant_type'] !== 'authorization_code' || typeof body['code'] !== 'string') {
    return json(400, { error: 'invalid_request', error_description: 'grant_type and code are required' });
  }
  const scopes = Array.isArray(body['scope']) ? body['scope'].map(String) : undefined;
  const refused = refuseVerifier(state, body['code_verifier']);
  if (refused) return refused;
  const verifier = typeof body['code_verifier'] === 'string' ? body['code_verifier'] : null;
  const redeemed = { value: body['code'], verifier };
  return answerIssue(state, httpClient, state.grants.redeemCodeOffline(redeemed, tenant, apiKey, scopes));
}

/** The token addresses: what the extension's servers ask with its key and secret. */
export const tokenRoute =
  (state: State): Route =>
  (httpClient) => {
    const [, kind, id, operation] = address.exec(httpClient.path) ?? [];
    if (kind === undefined) return undefined;
    const refused = refuseSignature(state, httpClient) ?? refuseOthers(state, httpClient, ['basic']);
    if (refused) return refused;
    const tenant = findTenant(kind, id ?? '');
    if (!tenant) return json(404, { message: 'Not found' });
    httpClient.record[tenant.kind] = tenant.id;
    if (httpClient.method !== 'POST') return json(405, { message: 'Method not allowed' }, { allow: 'POST' });
    return operation === 'token'
      ? answerToken(state, httpClient, tenant)
      : answerOfflineToken(state, httpClient, tenant);
  };
