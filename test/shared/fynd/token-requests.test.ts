import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { sign as signOfficially } from '@gofynd/fp-signature';
import { describe, expect, test } from 'vitest';
import { buildAuthorizationUrl } from '../../../shared/fynd/authorization-request.ts';
import { authorizationCodeGrant } from '../../../shared/fynd/token-requests.ts';
import { deadlineIn } from '../../../shared/http/http-client.ts';
import { companyTenant } from '../../../shared/tenant.ts';
import { clientId, noon } from '../fixture/extension.ts';
import { type FakeAnswer, fakeHttpClient } from '../fixture/http-client.ts';
import { problemOf } from '../fixture/problem.ts';
import { onlineToken } from '../fixture/sign-in.ts';

function redeem(
  answer: FakeAnswer,
  scopes: readonly string[] = ['company/products'],
  httpClient = fakeHttpClient(() => answer),
) {
  return authorizationCodeGrant({
    httpClient,
    cluster: 'https://api.fynd.com',
    tenant: companyTenant('1'),
    credentials: { apiKey: clientId, apiSecret: 'CANARY-api-secret' },
    code: 'CANARY-code',
    scopes,
    now: noon,
    deadline: deadlineIn(1_000),
  });
}

describe('the address where a person gives consent', () => {
  const url = new URL(
    buildAuthorizationUrl({
      cluster: 'https://api.fynd.com',
      tenant: companyTenant('12'),
      clientId,
      redirectUri: 'https://extension.example/fp/auth?application_id=0123456789abcdef01234567',
      scopes: ['company/products', 'company/orders'],
      state: 'the-state',
      now: noon,
    }),
  );

  test('says who asks for what, and where to come back', () => {
    expect(url.origin + url.pathname).toBe(
      'https://api.fynd.com/service/panel/authentication/v1.0/company/12/oauth/authorize',
    );
    const { 'x-fp-signature': _, ...query } = Object.fromEntries(url.searchParams);
    expect(query).toEqual({
      access_mode: 'online',
      client_id: clientId,
      redirect_uri: 'https://extension.example/fp/auth?application_id=0123456789abcdef01234567',
      response_type: 'code',
      scope: 'company/products,company/orders',
      state: 'the-state',
      'x-fp-date': '20260710T120000Z',
    });
  });

  test('is signed as the official library signs it', () => {
    const unsigned = new URL(url);
    unsigned.searchParams.delete('x-fp-signature');
    const request = { method: 'GET', host: url.host, path: `${unsigned.pathname}${unsigned.search}` };
    const official = signOfficially({ ...request, headers: { host: url.host } }, { signQuery: true });
    expect(url.searchParams.get('x-fp-signature')).toBe(official['x-fp-signature']);
  });
});

describe('the token answer', () => {
  for (const [what, body, expected] of [
    ['is read in its usual form', onlineToken, { expiresInSeconds: 7_200, scopes: onlineToken.scope }],
    [
      'counts as 1,800 seconds without expires_in',
      { ...onlineToken, expires_in: undefined },
      { expiresInSeconds: 1_800 },
    ],
    ['counts as 1,800 seconds with expires_in null', { ...onlineToken, expires_in: null }, { expiresInSeconds: 1_800 }],
    ['counts as 1,800 seconds with expires_in 0', { ...onlineToken, expires_in: 0 }, { expiresInSeconds: 1_800 }],
    ['counts as 1,800 seconds with expires_in -5', { ...onlineToken, expires_in: -5 }, { expiresInSeconds: 1_800 }],
    [
      'counts as 1,800 seconds with expires_in “soon”',
      { ...onlineToken, expires_in: 'soon' },
      { expiresInSeconds: 1_800 },
    ],
    [
      'counts as 1,800 seconds with expires_in “0x10”',
      { ...onlineToken, expires_in: '0x10' },
      { expiresInSeconds: 1_800 },
    ],
    ['counts as 1,800 seconds with expires_in true', { ...onlineToken, expires_in: true }, { expiresInSeconds: 1_800 }],
    [
      'counts as 1,800 seconds with expires_in in a list',
      { ...onlineToken, expires_in: [3600] },
      { expiresInSeconds: 1_800 },
    ],
    [
      'counts as 1,800 seconds with an expires_in beyond all numbers',
      JSON.stringify(onlineToken).replace('7200', '1e999'),
      { expiresInSeconds: 1_800 },
    ],
    ['counts as 1,800 seconds with expires_in ""', { ...onlineToken, expires_in: '' }, { expiresInSeconds: 1_800 }],
    [
      'lives for a year at most, whatever it says',
      { ...onlineToken, expires_in: 1e15 },
      { expiresInSeconds: 366 * 86_400 },
    ],
    [
      'may spell a huge expires_in out',
      JSON.stringify(onlineToken).replace('7200', '99999999999999999999'),
      { expiresInSeconds: 366 * 86_400 },
    ],
    ['may have a number for the refresh token', { ...onlineToken, refresh_token: 7 }, { refreshToken: '7' }],
    ['may begin with a byte order mark', `\ufeff${JSON.stringify(onlineToken)}`, { expiresInSeconds: 7_200 }],
    ['may spell expires_in as text', { ...onlineToken, expires_in: '3600' }, { expiresInSeconds: 3_600 }],
    ['may have a fraction of a second', { ...onlineToken, expires_in: 59.9 }, { expiresInSeconds: 59 }],
    ['without scope grants what was asked for', { ...onlineToken, scope: undefined }, { scopes: ['company/products'] }],
    ['may list scopes in text with commas', { ...onlineToken, scope: 'a/b,c/d' }, { scopes: ['a/b', 'c/d'] }],
    ['may list scopes in text with spaces', { ...onlineToken, scope: ' a/b  c/d ' }, { scopes: ['a/b', 'c/d'] }],
    ['may grant nothing at all', { ...onlineToken, scope: [] }, { scopes: [] }],
    ['may come with more members', { ...onlineToken, token_type: 'Bearer', x: [1] }, {}],
    [
      'may have a number for the person',
      { ...onlineToken, current_user: { id: 42 } },
      { user: { id: '42', name: '42', email: undefined } },
    ],
    [
      'may name the person by _id, with nulls',
      { ...onlineToken, current_user: { _id: 'u9', first_name: null, last_name: null, emails: null } },
      { user: { id: 'u9', name: 'u9', email: undefined } },
    ],
    [
      'may name the person by _id beside an empty id',
      { ...onlineToken, current_user: { id: '', _id: 'u9', first_name: '', last_name: 'Rao' } },
      { user: { id: 'u9', name: 'Rao', email: undefined } },
    ],
    [
      'may have odd fields for the person, each of which counts as left out',
      {
        ...onlineToken,
        current_user: { id: {}, _id: 'u9', first_name: 7, last_name: ['Rao'], emails: [null, 7, { email: {} }] },
      },
      { user: { id: 'u9', name: '7', email: undefined } },
    ],
    [
      'may have text where the addresses belong, and a name however long',
      { ...onlineToken, current_user: { id: 'u9', first_name: 'x'.repeat(300), emails: 'a@x' } },
      { user: { id: 'u9', name: 'x'.repeat(300), email: undefined } },
    ],
    [
      'may name the person by an address only',
      { ...onlineToken, current_user: { id: 'u9', emails: [{ email: 'a@x' }, { email: 'b@x', primary: true }] } },
      { user: { id: 'u9', name: 'b@x', email: 'b@x' } },
    ],
  ] as const) {
    test(what, async () => {
      expect(await redeem({ body })).toMatchObject({ accessToken: 'CANARY-online-token', ...expected });
    });
  }

  for (const [what, answer] of [
    ['HTML', { body: '<!doctype html><title>CANARY-page</title>', headers: { 'content-type': 'text/html' } }],
    ['nothing', { body: '' }],
    ['an empty JSON', { body: {} }],
    ['JSON null', { body: 'null' }],
    ['a list', { body: [] }],
    ['500', { status: 500, body: { message: 'CANARY-message' } }],
    ['503 in HTML', { status: 503, body: '<h1>CANARY</h1>' }],
    ['408', { status: 408, body: {} }],
    ['101', { status: 101 }],
    ['compressed in a way that nobody knows', { headers: { 'content-encoding': 'zz' }, body: onlineToken }],
    [
      'compressed, and too long for a token',
      {
        headers: { 'content-encoding': 'gzip' },
        body: gzipSync(JSON.stringify({ ...onlineToken, CANARY: 'x'.repeat(65_536) })),
      },
    ],
    ['compressed by name only', { headers: { 'content-encoding': 'gzip' }, body: onlineToken }],
    ['a redirect', { status: 302, headers: { location: 'https://evil.example/CANARY' } }],
    ['204', { status: 204 }],
    ['a number for the token', { body: { ...onlineToken, access_token: 7 } }],
    ['an empty token', { body: { ...onlineToken, access_token: '' } }],
    ['a token that would break a header', { body: { ...onlineToken, access_token: 'CANARY\r\nx: y' } }],
    ['a token with letters that no header holds', { body: { ...onlineToken, access_token: 'CANARY-\u0905' } }],
    ['numbers for scopes', { body: { ...onlineToken, scope: [1, 2] } }],
    ['no person', { body: { ...onlineToken, current_user: undefined } }],
    ['a person without an id', { body: { ...onlineToken, current_user: { first_name: 'CANARY' } } }],
    ['a person with an empty id', { body: { ...onlineToken, current_user: { id: '' } } }],
    ['a person that is text', { body: { ...onlineToken, current_user: 'CANARY' } }],
  ] as const) {
    test(`that is ${what} is a platform_error that repeats none of it`, async () => {
      const refusal = await problemOf(redeem(answer));
      expect(refusal).toMatchObject({ code: 'platform_error', status: 502 });
      expect(JSON.stringify([refusal.toProblem('r'), refusal.headers])).not.toContain('CANARY');
    });
  }

  for (const status of [400, 401, 402, 403, 404, 405, 409, 410, 415, 422, 451]) {
    test(`with status ${status} is code_refused`, async () => {
      const refusal = await problemOf(redeem({ status, body: { error_description: 'CANARY-code' } }));
      expect(refusal).toMatchObject({ code: 'code_refused', status: 502 });
      expect(JSON.stringify(refusal.toProblem('r'))).not.toContain('CANARY');
    });
  }

  test('of two people whose numbers differ in the last digit alone is that of two people', async () => {
    const text = (id: string) =>
      JSON.stringify({ ...onlineToken, current_user: { id: 0 } }).replace('"id":0', `"id":${id}`);
    const ids = ['9007199254740993', '9007199254740992', '-9007199254740993', '42'];
    for (const id of ids) expect((await redeem({ body: text(id) })).user.id).toBe(id);
  });

  for (const [encoding, compressed] of [
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
    [' GZIP', gzipSync],
  ] as const) {
    test(`is read also where it is compressed unasked, as ${encoding}`, async () => {
      const body = compressed(JSON.stringify(onlineToken));
      const answer = { headers: { 'content-encoding': encoding }, body };
      expect(await redeem(answer)).toMatchObject({ accessToken: 'CANARY-online-token', expiresInSeconds: 7_200 });
    });
  }

  test('is asked for without compression, and read up to 64 KiB', async () => {
    const httpClient = fakeHttpClient(() => ({ body: onlineToken }));
    await redeem({ body: onlineToken }, undefined, httpClient);
    expect(httpClient.requests[0]?.maxResponseBytes).toBe(65_536);
    expect(httpClient.requests[0]?.headers['accept-encoding']).toBe('identity');
  });

  test('with status 429 is passed on with its Retry-After', async () => {
    const refusal = await problemOf(redeem({ status: 429, headers: { 'retry-after': '7' } }));
    expect(refusal).toMatchObject({ code: 'rate_limited', status: 429, headers: { 'retry-after': '7' } });
    expect(await problemOf(redeem({ status: 429 }))).toMatchObject({ status: 429, headers: {} });
  });
});
