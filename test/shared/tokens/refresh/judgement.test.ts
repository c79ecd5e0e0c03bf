import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { listenInternally } from '../../../../infra/local/host/listen.ts';
import { startPlatform } from '../../../../infra/simulated-platform/platform.ts';
import { refreshTokenGrant } from '../../../../shared/fynd/token-requests.ts';
import { createHttpClient, deadlineIn, type HttpClient } from '../../../../shared/http/http-client.ts';
import { AppError } from '../../../../shared/problems.ts';
import { companyTenant } from '../../../../shared/tenant.ts';
import { clientId, noon } from '../../fixture/extension.ts';
import { type FakeAnswer, fakeHttpClient } from '../../fixture/http-client.ts';

const scopes = ['company/products', 'company/orders'];

function refresh(httpClient: HttpClient, cluster = 'https://api.fynd.com', apiSecret = 'CANARY-api-secret') {
  return refreshTokenGrant({
    httpClient,
    cluster,
    tenant: companyTenant('1'),
    credentials: { apiKey: clientId, apiSecret },
    refreshToken: 'CANARY-old-refresh',
    scopes,
    now: noon,
    deadline: deadlineIn(2_000),
  });
}
const judge = (answer: FakeAnswer) => refresh(fakeHttpClient(() => answer));

const whole = {
  access_token: 'CANARY-new',
  refresh_token: 'CANARY-new-refresh',
  expires_in: 3_599,
  scope: ['company/products'],
};
const tokens = {
  accessToken: 'CANARY-new',
  refreshToken: 'CANARY-new-refresh',
  expiresInSeconds: 3_599,
  scopes: ['company/products'],
  user: undefined,
};

test('a refresh is a signed form with the client’s credentials (RFC 6749 §6)', async () => {
  const httpClient = fakeHttpClient(() => ({ body: whole }));
  await refresh(httpClient);
  const [{ method, target, headers, body } = {}] = httpClient.requests;
  expect([method, target]).toEqual(['POST', '/service/panel/authentication/v1.0/company/1/oauth/token']);
  expect(String(Buffer.from(body ?? []))).toBe('grant_type=refresh_token&refresh_token=CANARY-old-refresh');
  expect(headers).toMatchObject({
    'content-type': 'application/x-www-form-urlencoded',
    authorization: `Basic ${Buffer.from(`${clientId}:CANARY-api-secret`).toString('base64')}`,
  });
  expect(headers?.['x-fp-signature']).toMatch(/^v1\.1:/);
});

describe('an answer with a token is a grant', () => {
  test.each<[string, FakeAnswer, Partial<typeof tokens>]>([
    ['as it is given', { body: whole }, {}],
    ['with status 201', { status: 201, body: whole }, {}],
    [
      'keeping the refresh token where it names none',
      { body: { ...whole, refresh_token: undefined } },
      { refreshToken: 'CANARY-old-refresh' },
    ],
    [
      'keeping the refresh token where it names null',
      { body: { ...whole, refresh_token: null } },
      { refreshToken: 'CANARY-old-refresh' },
    ],
    [
      'keeping the refresh token where it names an empty one',
      { body: { ...whole, refresh_token: '' } },
      { refreshToken: 'CANARY-old-refresh' },
    ],
    ['with a refresh token that is a number', { body: { ...whole, refresh_token: 17 } }, { refreshToken: '17' }],
    [
      'for 1,800 seconds without expires_in',
      { body: { ...whole, expires_in: undefined } },
      { expiresInSeconds: 1_800 },
    ],
    [
      'for 1,800 seconds with expires_in 0: its tokens are not thrown away',
      { body: { ...whole, expires_in: 0 } },
      { expiresInSeconds: 1_800 },
    ],
    [
      'for 1,800 seconds with an expires_in that is no number',
      { body: { ...whole, expires_in: 'soon' } },
      { expiresInSeconds: 1_800 },
    ],
    [
      'for a year where it says longer, which a table could not hold',
      { body: { ...whole, expires_in: 1e200 } },
      { expiresInSeconds: 366 * 86_400 },
    ],
    ['with the scopes that there were where it names none', { body: { ...whole, scope: undefined } }, { scopes }],
    [
      'with the scopes that there were where it names something else',
      { body: { ...whole, scope: { a: 1 } } },
      { scopes },
    ],
    ['with scopes in one text', { body: { ...whole, scope: 'company/products, company/orders' } }, { scopes }],
    ['whoever it says the user is', { body: { ...whole, current_user: 'CANARY-nobody' } }, {}],
  ])('%s', async (_title, answer, expected) => {
    expect(await judge(answer)).toEqual({ outcome: 'granted', tokens: { ...tokens, ...expected } });
  });
});

describe('the grant is gone', () => {
  test.each<[string, FakeAnswer]>([
    ['where the error is invalid_grant', { status: 400, body: { error: 'invalid_grant' } }],
    [
      'also where it tells about a client',
      { status: 400, body: { error: 'invalid_grant', message: 'issued to another client' } },
    ],
    [
      'where a 400 only has a message',
      { status: 400, body: { message: 'Invalid grant: the refresh token is unknown' } },
    ],
    ['where a 401 says nothing else', { status: 401, body: { message: 'Unauthorized', code: 'INVALID_GRANT' } }],
    ['where a 401 has no body', { status: 401 }],
    ['where a 403 is the platform’s own', { status: 403, body: { message: 'Forbidden' } }],
    ['where a 200 says so', { body: { error: 'invalid_grant' } }],
    ['where a 200 refuses in words of its own', { body: { error: 'token_revoked', message: 'Gone' } }],
    ['where the error is not a text', { status: 400, body: { error: { code: 7 }, message: null } }],
  ])('%s', async (_title, answer) => {
    expect(await judge(answer)).toEqual({ outcome: 'invalid_grant' });
  });

  test.each(['oauth', 'message', 'unauthorized'])(
    'where the platform says so in its manner “%s”',
    async (invalidGrant) => {
      const extension = { apiKey: clientId, apiSecret: 'CANARY-api-secret', baseUrl: 'https://extension.example' };
      const platform = await startPlatform({ extension });
      try {
        await fetch(`${platform.origin}/__control/settings`, {
          method: 'PUT',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ invalidGrant }),
        });
        expect(await refresh(createHttpClient(), platform.origin)).toEqual({ outcome: 'invalid_grant' });
        expect(await refresh(createHttpClient(), platform.origin, 'CANARY-other')).toMatchObject({
          outcome: 'refused',
        });
      } finally {
        await platform.close();
      }
    },
  );
});

describe('the grant stands, and the platform may be asked again', () => {
  test.each<[string, FakeAnswer, number | undefined]>([
    ['after a 500', { status: 500, body: 'CANARY-trace' }, undefined],
    ['after a 503, when it says', { status: 503, headers: { 'retry-after': '7' } }, 7],
    ['after a 429, when it says', { status: 429, headers: { 'retry-after': ' 120' } }, 120],
    [
      'after a 429 that names a moment',
      { status: 429, headers: { 'retry-after': 'Fri, 10 Jul 2026 12:01:00 GMT' } },
      60,
    ],
    [
      'after a 429 that names a moment that is over',
      { status: 429, headers: { 'retry-after': 'Fri, 10 Jul 2026 11:00:00 GMT' } },
      0,
    ],
    ['after a 429 that names nothing sensible', { status: 429, headers: { 'retry-after': 'soon' } }, undefined],
    ['after a redirect', { status: 302, headers: { location: 'https://elsewhere.example' } }, undefined],
    ['after a 404', { status: 404, body: { message: 'Not found' } }, undefined],
    ['where the client is not known', { status: 401, body: { error: 'invalid_client' } }, undefined],
    ['where the credentials are wrong', { status: 401, body: { message: 'Invalid client credentials' } }, undefined],
    ['where the signature is refused', { status: 403, body: { message: 'Signature is invalid' } }, undefined],
    ['where a firewall shows a page', { status: 403, body: '\n<!doctype html><h1>Blocked</h1>' }, undefined],
    ['where a 200 says that something else is wrong', { body: { error: 'invalid_client' } }, undefined],
    ['where a 200 says to slow down', { body: { error: 'slow_down' }, headers: { 'retry-after': '9' } }, 9],
    [
      'where it is told to slow down',
      { status: 400, body: { error: 'slow_down' }, headers: { 'retry-after': '5' } },
      5,
    ],
  ])('%s', async (_title, answer, retryAfterSeconds) => {
    expect(await judge(answer)).toEqual({ outcome: 'refused', retryAfterSeconds });
  });

  test('where nobody listened', async () => {
    const server = createServer();
    const origin = await listenInternally(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await refresh(createHttpClient(), origin)).toEqual({ outcome: 'refused', retryAfterSeconds: undefined });
  });
});

describe('nobody knows what became of the grant', () => {
  test.each<[string, FakeAnswer]>([
    ['after half an answer', { body: '{"access_token":"CANARY-ne' }],
    ['after an answer that has no token', { body: { ...whole, access_token: undefined } }],
    ['after an answer whose token cannot be sent', { body: { ...whole, access_token: 'CANARY \n' } }],
    ['after an answer that is too long for a token', { body: { ...whole, more: 'x'.repeat(65_536) } }],
    ['after a success without content', { status: 204 }],
  ])('%s', async (_title, answer) => {
    expect(await judge(answer)).toEqual({ outcome: 'unknown' });
  });

  test.each(['platform_timeout', 'platform_error', 'response_too_large'] as const)('after %s', async (code) => {
    const failing: HttpClient = () => Promise.reject(new AppError(code, 'It failed.'));
    expect(await refresh(failing)).toEqual({ outcome: 'unknown' });
  });
});

test('a fault of our own is not taken for the platform’s', async () => {
  await expect(refresh(() => Promise.reject(new TypeError('a bug')))).rejects.toThrow(TypeError);
});
