import { sign } from '@gofynd/fp-signature';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { type RunningPlatform, startPlatform } from '../../../infra/simulated-platform/platform.ts';

export const extension = {
  apiKey: 'test-extension',
  apiSecret: 'CANARY-api-secret',
  baseUrl: 'http://localhost:3999',
  scopes: ['company/products', 'company/orders', 'company/profile', 'company/settings'],
};
const basic = `Basic ${Buffer.from(`${extension.apiKey}:${extension.apiSecret}`).toString('base64')}`;
export const wanted = ['company/products', 'company/orders'];
export const panel = '/service/panel/authentication/v1.0';

export let platform: RunningPlatform;
beforeAll(async () => {
  platform = await startPlatform({ extension });
});
afterAll(() => platform.close());

export type Json = Record<string, unknown>;
export const bodyOf = async (response: Response): Promise<Json> => (await response.json()) as Json;

export async function control(method: string, path: string, body?: unknown): Promise<Json> {
  const response = await fetch(`${platform.origin}/__control${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  expect(response.ok, `${method} ${path}: ${response.status}`).toBe(true);
  return bodyOf(response);
}
beforeEach(async () => {
  await control('POST', '/reset');
});

export async function call(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<Response> {
  const host = new URL(platform.origin).host;
  const signed = { 'x-fp-sdk-version': '3.31.0', ...headers };
  const signature = sign({ method, host, path, body, headers: { ...signed } });
  return fetch(platform.origin + path, {
    method,
    headers: { ...signed, ...signature },
    redirect: 'manual',
    ...(body === undefined ? {} : { body }),
  });
}

export const form = (at: string, fields: Record<string, string>) =>
  call(
    'POST',
    `${panel}/${at}/oauth/token`,
    { authorization: basic, 'content-type': 'application/x-www-form-urlencoded' },
    new URLSearchParams(fields).toString(),
  );
export const redeem = (at: string, code: string) => form(at, { grant_type: 'authorization_code', code });
export const refresh = (at: string, token: string) => form(at, { grant_type: 'refresh_token', refresh_token: token });
export const redeemOffline = (at: string, code: string, scope: string[] = wanted) =>
  call(
    'POST',
    `${panel}/${at}/oauth/offline-token`,
    { authorization: basic, 'content-type': 'application/json' },
    JSON.stringify({
      client_id: extension.apiKey,
      client_secret: extension.apiSecret,
      grant_type: 'authorization_code',
      scope,
      code,
    }),
  );
export const bearer = (token: unknown) => ({ authorization: `Bearer ${String(token)}` });

export function authorizePath(
  at = 'company/1',
  changes: Record<string, string> = {},
  { origin }: Pick<RunningPlatform, 'origin'> = platform,
  prefix = '',
): string {
  const query = new URLSearchParams({
    access_mode: 'online',
    client_id: extension.apiKey,
    redirect_uri: `${extension.baseUrl}/fp/auth`,
    response_type: 'code',
    scope: wanted.join(','),
    state: 'CANARY-state',
    ...changes,
  });
  const path = `${prefix}${panel}/${at}/oauth/authorize?${query.toString()}`;
  const signature = sign({ method: 'GET', host: new URL(origin).host, path }, { signQuery: true });
  return `${path}&${new URLSearchParams({ ...signature }).toString()}`;
}
export const authorize = (path: string, cookie = '', { origin }: Pick<RunningPlatform, 'origin'> = platform) =>
  fetch(origin + path, { redirect: 'manual', headers: { accept: 'text/html', cookie } });
export const locationOf = (response: Response) => new URL(response.headers.get('location') ?? 'none:');

export async function newCode(user = 'owner', company = '1', scopes = wanted): Promise<string> {
  return String((await control('POST', '/codes', { company_id: company, user, scopes }))['code']);
}
export async function onlineToken(user = 'owner', company = '1'): Promise<Json> {
  return bodyOf(await redeem(`company/${company}`, await newCode(user, company)));
}
