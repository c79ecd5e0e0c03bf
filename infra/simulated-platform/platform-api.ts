import { createHash } from 'node:crypto';
import { serviceError } from './call.ts';
import { type Answer, echo, type HttpClient, json, type Route } from './http.ts';
import { mayCall, services } from './scopes.ts';
import { answerService } from './services.ts';
import { refuseSignature } from './signature-check.ts';
import type { State } from './state.ts';
import { companies, findTenant } from './world.ts';

const address =
  /^\/service\/(platform|partner)\/([a-z-]+)\/(v\d+\.\d+)\/(company|organization)\/([^/]+)(?:\/application\/([^/]+))?(\/.*)?$/;

function refusal({ settings }: State, service: string, status: 401 | 403, message: string): Answer {
  const challenge: Record<string, string> = status === 401 ? { 'www-authenticate': 'Bearer' } : {};
  if (settings.refusalBody === 'empty') return { status, headers: challenge, body: '' };
  const answer =
    settings.refusalBody === 'html'
      ? { status, headers: { 'content-type': 'text/html' }, body: `<html><body><h1>${status}</h1></body></html>` }
      : serviceError(service, status, message);
  return { ...answer, headers: { ...answer.headers, ...challenge } };
}

/** Adds the validator, and answers 304 where the caller has the same already. */
function conditional({ settings }: State, httpClient: HttpClient, answer: Answer): Answer {
  if (answer.status !== 200 || (httpClient.method !== 'GET' && httpClient.method !== 'HEAD')) return answer;
  const etag = `"${createHash('sha256').update(answer.body).digest('hex').slice(0, 32)}"`;
  const headers = {
    ...answer.headers,
    ...(settings.etag ? { etag } : {}),
    ...(settings.cacheControl === null ? {} : { 'cache-control': settings.cacheControl }),
  };
  const known = (httpClient.headers['if-none-match'] ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''));
  return settings.etag && (known.includes(etag) || known.includes('*'))
    ? { status: 304, headers, body: '' }
    : { ...answer, headers };
}

/** The Platform API: a live token of this tenant with the service's scope, or a refusal. */
export const platformApiRoute =
  (state: State): Route =>
  (httpClient) => {
    const [, whose, service, version, kind, id, applicationId, rest] = address.exec(httpClient.path) ?? [];
    if (service === undefined || version === undefined || kind === undefined || id === undefined) return undefined;
    if ((whose === 'partner') !== (kind === 'organization')) return undefined;
    if (!services.has(service)) return json(404, { message: `No service ${service}` });
    const refused = refuseSignature(state, httpClient);
    if (refused) return refused;
    const [, bearer] = /^bearer ([^ ]+)$/i.exec(httpClient.headers['authorization'] ?? '') ?? [];
    const token = bearer === undefined ? undefined : state.grants.findLive(bearer);
    if (!token) return refusal(state, service, 401, 'Unauthorized: the access token is unknown, expired or revoked');
    const limited = state.rateLimit.refuse(token.value);
    if (limited) return limited;
    const { tenant, user, scopes } = token.grant;
    httpClient.record[tenant.kind] = tenant.id;
    if (user) httpClient.record.user = user.key;
    if (tenant.kind !== kind || tenant.id !== id)
      return refusal(state, service, 403, 'Access to this company is denied');
    if (!mayCall(scopes, service, httpClient.method))
      return refusal(state, service, 403, `No permission for ${service}`);
    if (!findTenant(kind, id)) return serviceError(service, 404, 'Not found');
    if (applicationId !== undefined && !companies.get(id)?.applications.some((one) => one.id === applicationId)) {
      return serviceError(service, 404, 'No such application');
    }
    if (/^\/__echo(?:\/|$)/.test(rest ?? '')) return echo(httpClient);
    const call = { service, version, tenant, applicationId, rest: rest ?? '', user, httpClient };
    return conditional(state, httpClient, answerService(state, call) ?? serviceError(service, 404, 'Not found'));
  };
