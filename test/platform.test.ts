import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { sign } from '@gofynd/fp-signature';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { judgeV1Signature, signRequest } from './platform/fp-signature.ts';
import { type RunningPlatform, startPlatform } from './platform/platform.ts';

const extension = {
  apiKey: 'test-extension',
  apiSecret: 'CANARY-api-secret',
  baseUrl: 'http://localhost:3999',
  scopes: ['company/products', 'company/orders', 'company/profile', 'company/settings'],
};
const basic = `Basic ${Buffer.from(`${extension.apiKey}:${extension.apiSecret}`).toString('base64')}`;
const wanted = ['company/products', 'company/orders'];
const panel = '/service/panel/authentication/v1.0';

let platform: RunningPlatform;
beforeAll(async () => {
  platform = await startPlatform({ extension });
});
afterAll(() => platform.close());

type Json = Record<string, unknown>;
const bodyOf = async (response: Response): Promise<Json> => (await response.json()) as Json;

async function control(method: string, path: string, body?: unknown): Promise<Json> {
  const response = await fetch(`${platform.origin}/__control${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(response.ok, `${method} ${path}: ${response.status}`).toBe(true);
  return bodyOf(response);
}
beforeEach(async () => {
  await control('POST', '/reset');
});

async function call(
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

const form = (at: string, fields: Record<string, string>) =>
  call(
    'POST',
    `${panel}/${at}/oauth/token`,
    { authorization: basic, 'content-type': 'application/x-www-form-urlencoded' },
    new URLSearchParams(fields).toString(),
  );
const redeem = (at: string, code: string) => form(at, { grant_type: 'authorization_code', code });
const refresh = (at: string, token: string) => form(at, { grant_type: 'refresh_token', refresh_token: token });
const redeemOffline = (at: string, code: string, scope: string[] = wanted) =>
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
const bearer = (token: unknown) => ({ authorization: `Bearer ${String(token)}` });

function authorizePath(at = 'company/1', changes: Record<string, string> = {}): string {
  const query = new URLSearchParams({
    access_mode: 'online',
    client_id: extension.apiKey,
    redirect_uri: `${extension.baseUrl}/fp/auth`,
    response_type: 'code',
    scope: wanted.join(','),
    state: 'CANARY-state',
    ...changes,
  });
  const path = `${panel}/${at}/oauth/authorize?${query.toString()}`;
  const signature = sign({ method: 'GET', host: new URL(platform.origin).host, path }, { signQuery: true });
  return `${path}&${new URLSearchParams({ ...signature }).toString()}`;
}
const authorize = (path: string, cookie = '') =>
  fetch(platform.origin + path, { redirect: 'manual', headers: { accept: 'text/html', cookie } });
const locationOf = (response: Response) => new URL(response.headers.get('location') ?? 'none:');

async function newCode(user = 'owner', company = '1', scopes = wanted): Promise<string> {
  return String((await control('POST', '/codes', { company_id: company, user, scopes }))['code']);
}
async function onlineToken(user = 'owner', company = '1'): Promise<Json> {
  return bodyOf(await redeem(`company/${company}`, await newCode(user, company)));
}

type Vector = {
  name: string;
  lib: string;
  date: string;
  signature: string;
  options: { secret: string; signQuery?: boolean };
  request: { method: string; host: string; path: string; headers: Record<string, string>; body?: string | null };
};
const vectors: Vector[] = [
  {
    name: 'a GET with an SDK version',
    lib: 'v1',
    date: '20240115T103000Z',
    signature: 'v1.1:f25f81ff4a18e28118713fbd648789c31318402614fa380a79dbc17895cfe629',
    options: { secret: '1234567' },
    request: {
      method: 'GET',
      host: 'api.fynd.com',
      path: '/service/platform/catalog/v1.0/company/1/products/?page_no=1&page_size=10',
      headers: {
        Authorization: 'Bearer CANARY-oa',
        'x-fp-sdk-version': '3.31.0',
        'x-ext-lib-version': 'js/2.0.1',
        accept: 'application/json',
      },
    },
  },
  {
    name: 'a token request',
    lib: 'v1',
    date: '20240115T103000Z',
    signature: 'v1.1:b5415b28dc1cc50edd0bf8000fd3583f68dd7d1ff232c8a734d009d7a20ecb1f',
    options: { secret: '1234567' },
    request: {
      method: 'POST',
      host: 'api.fynd.com',
      path: '/service/panel/authentication/v1.0/company/1/oauth/token',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'x-fp-sdk-version': '3.31.0' },
      body: 'code=abc123&grant_type=authorization_code',
    },
  },
  {
    name: 'an authorize address, signed in its query',
    lib: 'v1',
    date: '20240115T103000Z',
    signature: 'v1.1:7dbd9f8bf9824e02c946505e679d26e2c3a7ddc0bfc7be8c8af1c81d615f36df',
    options: { secret: '1234567', signQuery: true },
    request: {
      method: 'GET',
      host: 'api.fynd.com',
      path: '/service/panel/authentication/v1.0/company/1/oauth/authorize?access_mode=online&client_id=API_KEY&redirect_uri=https%3A%2F%2Fext.example.com%2Ffp%2Fauth&response_type=code&scope=company%2Fproducts%2Ccompany%2Forders&state=11111111-2222-4333-8444-555555555555&x-fp-date=20240115T103000Z',
      headers: {},
    },
  },
  {
    name: 'a storefront call with shopper and application (v2)',
    lib: 'v2',
    date: '20240115T103000Z',
    signature: 'v1.1:79144a7bb0d31c5bf012780d0e6f20a29bcc92cfc29df39331842551564f17ba',
    options: { secret: 'API_SECRET' },
    request: {
      method: 'POST',
      host: 'ext.example.com',
      path: '/ext/wishlist/items?b=2&a=1&a=0&q=red%20shoe',
      body: '{"sku":"A-1","qty":2}',
      headers: {
        'x-user-data':
          '{"_id":"65a000000000000000000001","first_name":"Asha","last_name":"Rao","phone_numbers":[],"emails":[]}',
        'x-application-data': '{"_id":"000000000000000000000001","token":"abcdef12","name":"Shop"}',
      },
    },
  },
  {
    name: 'a storefront call below a Devanagari path (v2)',
    lib: 'v2',
    date: '20240115T103000Z',
    signature: 'v1.1:52b8f458eb3da14385f29417818ea62bd1974209561c34e255e378290b59669a',
    options: { secret: 'API_SECRET' },
    request: {
      method: 'GET',
      host: 'ext.example.com',
      path: '/ext/%E0%A4%B9/x',
      headers: { 'x-fp-sdk-version': '2.0.0' },
    },
  },
  {
    name: 'a storefront call with an empty object (v2)',
    lib: 'v2',
    date: '20240115T103000Z',
    signature: 'v1.1:96ee496b4516078f0033fff9071f5e572c649a708887cf0789ae69e8cf66723f',
    options: { secret: 'API_SECRET' },
    request: { method: 'POST', host: 'ext.example.com', path: '/ext/a', headers: {}, body: '{}' },
  },
  {
    name: 'the vector of the library’s own tests (v2)',
    lib: 'v2',
    date: '20231026T053900Z',
    signature: 'v1.1:e922d50be2a309cc7a3580a1f60cf19d6f82f2a4c5d1a52441a082e7500a2a61',
    options: { secret: '1234567' },
    request: {
      method: 'GET',
      host: 'api.fyndx5.de',
      path: '/service/application/configuration/v1.0/application',
      headers: { 'x-fp-sdk-version': '1.3.4' },
    },
  },
];

describe('signatures', () => {
  test.each(vectors)('$name agrees with the published vector', ({ lib, date, signature, options, request }) => {
    const sent = options.signQuery ? {} : { 'x-fp-date': date };
    const headers = { ...request.headers, ...sent, host: request.host };
    const signable = { method: request.method, path: request.path, headers, body: request.body ?? undefined };
    const by = { date, secret: options.secret };
    expect(signRequest(signable, lib === 'v2' ? { ...by, signs: () => true } : by)).toBe(signature);
    if (lib === 'v2') return;
    const inQuery = { ...signable, path: `${request.path}&x-fp-signature=${encodeURIComponent(signature)}` };
    const inHeader = { ...signable, headers: { ...lowerCase(headers), 'x-fp-signature': signature } };
    expect(judgeV1Signature(options.signQuery ? inQuery : inHeader)).toBe('valid');
  });

  test.each([
    ['GET', '/a//b/./c/../d/?z=1&a=2&a=1&=x', undefined],
    ['GET', '/caf%C3%A9/%E0%A4%B9/a%2Fb/a+b/%7E?q=a+b%20c&q=%2B&empty', undefined],
    ['PUT', "/x/(y)'!*?a=%26&b=%3D", '{"name":"café ₹"}'],
    ['DELETE', '/', ''],
  ])('%s %s is signed as the published package signs it', (method, path, body) => {
    const host = '127.0.0.1:3000';
    const headers = { 'x-fp-sdk-version': ' 3.31.0   beta ', accept: 'text/plain' };
    const signature = sign({ method, host, path, body, headers: { ...headers } });
    const request = { method, path, body, headers: { host, ...headers, ...signature } };
    expect(judgeV1Signature(request)).toBe('valid');
    expect(judgeV1Signature({ ...request, method: 'PATCH' })).toBe('invalid');
    expect(judgeV1Signature({ ...request, headers: { ...request.headers, host: 'elsewhere' } })).toBe('invalid');
  });

  test('a call without a signature, or with that of another body, is refused until the setting is off', async () => {
    const { access_token } = await onlineToken();
    const path = '/service/platform/catalog/v1.0/company/1/products/';
    const unsigned = () => fetch(platform.origin + path, { headers: bearer(access_token) });
    expect((await unsigned()).status).toBe(403);
    await control('PUT', '/settings', { enforceSignature: false });
    expect((await unsigned()).status).toBe(200);
    const records = (await control('GET', '/requests')) as unknown as { url: string; signature: string }[];
    expect(records.filter((one) => one.url === path).map((one) => one.signature)).toEqual(['absent', 'absent']);
  });
});

const lowerCase = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

describe('authorizing', () => {
  test('a person who agrees once is asked once, and the tokens that follow open the Platform API', async () => {
    const path = authorizePath();
    const asked = await authorize(path);
    expect(asked.status).toBe(200);
    const html = await asked.text();
    expect(html).toContain('company/orders');
    expect(html).toContain('name="x-fp-signature"');

    const fields = new URLSearchParams(path.slice(path.indexOf('?') + 1));
    fields.set('user', 'owner');
    fields.set('decision', 'allow');
    const consented = await fetch(platform.origin + path.slice(0, path.indexOf('?')), {
      method: 'POST',
      body: fields,
      redirect: 'manual',
    });
    expect(consented.status).toBe(302);
    const callback = locationOf(consented);
    expect(callback.origin + callback.pathname).toBe(`${extension.baseUrl}/fp/auth`);
    expect(Object.fromEntries(callback.searchParams)).toEqual({
      code: expect.any(String) as string,
      client_id: extension.apiKey,
      company_id: '1',
      state: 'CANARY-state',
    });

    const code = callback.searchParams.get('code') ?? '';
    const online = await bodyOf(await redeem('company/1', code));
    expect(online).toMatchObject({
      access_token: expect.stringMatching(/^oa-/) as string,
      token_type: 'Bearer',
      expires_in: 7199,
      scope: wanted,
      access_mode: 'online',
      current_user: { first_name: 'Asha', emails: [{ primary: true }] },
    });
    const offline = await bodyOf(await redeemOffline('company/1', code));
    expect(offline).toMatchObject({ expires_in: 3599, scope: wanted, access_mode: 'offline', current_user: null });

    for (const token of [online, offline]) {
      const products = await call(
        'GET',
        '/service/platform/catalog/v2.0/company/1/products/?page_no=2&page_size=10',
        bearer(token['access_token']),
      );
      expect(products.status).toBe(200);
      expect(await products.json()).toMatchObject({ page: { current: 2, has_next: true, size: 10, item_total: 36 } });
    }
    expect((await authorize(authorizePath())).status).toBe(302);
    expect((await authorize(authorizePath('company/1', { scope: 'company/products,company/profile' }))).status).toBe(
      200,
    );
    expect((await authorize(authorizePath('company/2'))).status).toBe(200);
  });

  test('a person who declines is sent back with access_denied and the state', async () => {
    const path = authorizePath();
    const declined = await fetch(platform.origin + path, {
      method: 'POST',
      body: new URLSearchParams({ user: 'catalog', decision: 'deny' }),
      redirect: 'manual',
    });
    expect(Object.fromEntries(locationOf(declined).searchParams)).toMatchObject({
      error: 'access_denied',
      state: 'CANARY-state',
    });
  });

  test('autoApprove answers at once as the user it names, with the application_id of the redirect_uri', async () => {
    await control('PUT', '/settings', { autoApprove: { user: 'catalog' } });
    const application = '65a000000000000000010001';
    const redirectUri = `${extension.baseUrl}/fp/auth?application_id=${application}`;
    const callback = locationOf(await authorize(authorizePath('company/1', { redirect_uri: redirectUri })));
    expect(callback.searchParams.get('application_id')).toBe(application);
    const online = await bodyOf(await redeem('company/1', callback.searchParams.get('code') ?? ''));
    expect(online['scope']).toEqual(['company/products']);
  });

  test('the partner twin comes back to /adm/auth with organization_id', async () => {
    await control('PUT', '/settings', { autoApprove: { user: 'owner' } });
    const at = 'organization/5f0d1c2b3a4e5d6c7b8a0001';
    const callback = locationOf(await authorize(authorizePath(at, { redirect_uri: `${extension.baseUrl}/adm/auth` })));
    expect(callback.searchParams.get('organization_id')).toBe('5f0d1c2b3a4e5d6c7b8a0001');
    expect((await redeem(at, callback.searchParams.get('code') ?? '')).status).toBe(200);
  });

  test.each([
    ['another client', { client_id: 'somebody-else' }, 400],
    ['another origin', { redirect_uri: 'http://localhost:3999.evil.example/fp/auth' }, 400],
    ['a path below the callback', { redirect_uri: `${extension.baseUrl}/fp/auth/../../x` }, 400],
    ['no state', { state: '' }, 400],
  ])('%s gets a page and no redirect', async (_, changes, status) => {
    const answer = await authorize(authorizePath('company/1', changes));
    expect(answer.status).toBe(status);
    expect(answer.headers.get('location')).toBeNull();
  });

  test('an address whose query was changed after signing is refused', async () => {
    expect((await authorize(authorizePath().replace('company%2Forders', 'company%2Fprofile'))).status).toBe(403);
  });

  test('scopes that the extension is not registered for come back as invalid_scope', async () => {
    const answer = await authorize(authorizePath('company/1', { scope: 'company/finance' }));
    expect(locationOf(answer).searchParams.get('error')).toBe('invalid_scope');
  });

  test('a person who is no member of the company gets no code', async () => {
    await control('PUT', '/settings', { autoApprove: { user: 'owner-of-1' } });
    expect((await authorize(authorizePath('company/1'))).status).toBe(302);
    expect((await authorize(authorizePath('company/2'))).status).toBe(403);
  });
});

describe('codes and tokens', () => {
  test('a code is redeemed once at /token and once at /offline-token', async () => {
    const code = await newCode();
    expect((await redeem('company/1', code)).status).toBe(200);
    expect((await redeem('company/1', code)).status).toBe(400);
    expect((await redeemOffline('company/1', code)).status).toBe(200);
    expect((await redeemOffline('company/1', code)).status).toBe(400);
  });

  test('a code of another company or client is refused, and is not spent by it', async () => {
    const code = await newCode('owner', '2');
    const refused = await redeem('company/1', code);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: 'invalid_grant' });
    expect((await redeemOffline('company/1', code)).status).toBe(400);
    expect((await redeem('company/2', code)).status).toBe(200);
    const foreign = await control('POST', '/codes', { company_id: 1, client_id: 'somebody-else' });
    expect((await redeem('company/1', String(foreign['code']))).status).toBe(400);
  });

  test('a code that is too old is refused', async () => {
    await control('PUT', '/settings', { codeSeconds: 0 });
    expect((await redeem('company/1', await newCode())).status).toBe(400);
  });

  test('wrong client credentials are 401', async () => {
    const headers = {
      authorization: `Basic ${Buffer.from('test-extension:wrong').toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    };
    const answer = await call('POST', `${panel}/company/1/oauth/token`, headers, 'grant_type=client_credentials');
    expect(answer.status).toBe(401);
  });

  test('the first installation needs a person who holds every scope; later anybody gets the same grant', async () => {
    const refused = await redeemOffline('company/1', await newCode('catalog'));
    expect(refused.status).toBe(403);
    expect((await bodyOf(refused))['message']).toContain('company/orders');
    const first = await bodyOf(await redeemOffline('company/1', await newCode('owner')));
    const second = await bodyOf(await redeemOffline('company/1', await newCode('catalog')));
    expect(second['refresh_token']).toBe(first['refresh_token']);
    expect(second['access_token']).not.toBe(first['access_token']);
    for (const { access_token } of [first, second]) {
      const path = '/service/platform/order/v1.0/company/1/shipments-listing';
      expect((await call('GET', path, bearer(access_token))).status).toBe(200);
    }
    await control('PUT', '/settings', { offlineAgain: 'holders-only' });
    expect((await redeemOffline('company/1', await newCode('catalog'))).status).toBe(403);
  });

  test.each([
    ['reuse', [200, 200, 200]],
    ['rotate', [200, 200, 200]],
    ['single-use', [200, 400, 200]],
    ['revoke-family', [200, 400, 400]],
  ])('refresh tokens under %s', async (mode, [first, again, successor]) => {
    await control('PUT', '/settings', { refresh: { mode } });
    const { refresh_token } = await bodyOf(await redeemOffline('company/1', await newCode()));
    const refreshed = await refresh('company/1', String(refresh_token));
    expect(refreshed.status).toBe(first);
    const next = String((await bodyOf(refreshed))['refresh_token']);
    expect(next === refresh_token).toBe(mode === 'reuse');
    expect((await refresh('company/1', String(refresh_token))).status).toBe(again);
    expect((await refresh('company/1', next)).status).toBe(successor);
    expect((await refresh('company/2', next)).status).toBe(400);
  });

  test('token answers leave out and spell what the settings say', async () => {
    await control('PUT', '/settings', {
      omit: ['expires_in', 'access_mode'],
      omitOnRefresh: ['refresh_token'],
      scopeAs: 'string',
      idField: '_id',
      idsAsNumbers: true,
      tokenPrefix: 'CANARY-',
    });
    const online = await onlineToken();
    expect(online).toMatchObject({
      access_token: expect.stringMatching(/^CANARY-oa-/) as string,
      scope: 'company/products company/orders',
      current_user: { _id: 50_001 },
    });
    expect(online).not.toHaveProperty('expires_in');
    const refreshed = await bodyOf(await refresh('company/1', String(online['refresh_token'])));
    expect(refreshed).not.toHaveProperty('refresh_token');
    expect(await control('DELETE', '/settings')).toMatchObject({ omit: [], idField: 'id' });
  });

  test('client credentials give a token of the installation, and none before it', async () => {
    const ask = () => form('company/1', { grant_type: 'client_credentials' });
    expect((await ask()).status).toBe(403);
    await redeemOffline('company/1', await newCode());
    expect(await bodyOf(await ask())).toMatchObject({ access_mode: 'offline', scope: wanted });
  });
});

describe('the Platform API', () => {
  const products = (company = 1) => `/service/platform/catalog/v1.0/company/${company}/products/`;

  test('an unknown, expired or revoked token is 401; another company or a lacking scope is 403', async () => {
    const { access_token } = await onlineToken('catalog');
    expect((await call('GET', products())).status).toBe(401);
    expect((await call('GET', products(), bearer('nonsense'))).status).toBe(401);
    expect((await call('GET', products(2), bearer(access_token))).status).toBe(403);
    const orders = await call('GET', '/service/platform/order/v1.0/company/1/shipments-listing', bearer(access_token));
    expect([orders.status, await orders.json()]).toMatchObject([403, { success: false }]);
    expect(await control('POST', '/tokens/expire', { user: 'catalog', company_id: 1 })).toEqual({ expired: 1 });
    expect((await call('GET', products(), bearer(access_token))).status).toBe(401);
    const fresh = await onlineToken('owner');
    await control('POST', '/companies/1/uninstall');
    expect((await call('GET', products(), bearer(fresh['access_token']))).status).toBe(401);
    expect((await refresh('company/1', String(fresh['refresh_token']))).status).toBe(400);
  });

  test('what a product cost is shown to owners only', async () => {
    const item = `${products()}7501000/`;
    const seenBy = async (user: string) =>
      bodyOf(await call('GET', item, bearer((await onlineToken(user))['access_token'])));
    expect(await seenBy('owner')).toHaveProperty('cost_price');
    expect(await seenBy('catalog')).not.toHaveProperty('cost_price');
  });

  test('an unchanged answer is 304, and a write changes both answer and ETag', async () => {
    const headers = bearer((await onlineToken())['access_token']);
    const item = `${products()}7501000/`;
    const etag = (await call('GET', item, headers)).headers.get('etag') ?? '';
    expect((await call('GET', item, { ...headers, 'if-none-match': etag })).status).toBe(304);
    const json = { ...headers, 'content-type': 'application/json' };
    expect((await call('PUT', item, json, '{"name":"Renamed"}')).status).toBe(200);
    const changed = await call('GET', item, { ...headers, 'if-none-match': etag });
    expect([changed.status, await changed.json()]).toMatchObject([200, { name: 'Renamed', company_id: 1 }]);
    expect((await call('POST', products(), json, '{"name":"Fresh Saree"}')).status).toBe(200);
    const found = await bodyOf(await call('GET', `${products()}?q=fresh`, headers));
    expect(found).toMatchObject({ items: [{ name: 'Fresh Saree' }], page: { item_total: 1 } });
  });

  test('profile, storefronts and a storefront’s products answer; what is unknown is 404', async () => {
    const scopes = ['company/*'];
    const { access_token } = await bodyOf(await redeem('company/1', await newCode('owner', '1', scopes)));
    const at = (path: string) => call('GET', `/service/platform/${path}`, bearer(access_token));
    expect(await bodyOf(await at('company-profile/v1.0/company/1'))).toMatchObject({
      uid: 1,
      name: 'Kesari Handlooms',
    });
    const { items } = (await bodyOf(await at('configuration/v1.0/company/1/application'))) as {
      items: { _id: string }[];
    };
    expect(items.map((one) => one._id)).toEqual(['65a000000000000000010001', '65a000000000000000010002']);
    const outlet = await at('catalog/v1.0/company/1/application/65a000000000000000010002/products/');
    expect(await bodyOf(outlet)).toMatchObject({ page: { item_total: 12 } });
    const others = 'catalog/v1.0/company/1/application/65a000000000000000020001/products/';
    for (const path of [others, 'catalog/v1.0/company/1/nothing', 'nothing/v1.0/company/1/']) {
      expect((await at(path)).status, path).toBe(404);
    }
  });

  test('echo shows the raw address and the bytes, and of the authorization only the scheme', async () => {
    const { access_token } = await onlineToken();
    const path = '/service/platform/catalog/v1.0/company/1/__echo/a%2Fb//c/?z=1&a=%20&a=+';
    const answer = await call('PATCH', path, { ...bearer(access_token), 'content-type': 'x/y' }, 'é');
    const seen = await answer.text();
    expect(JSON.parse(seen)).toMatchObject({ method: 'PATCH', url: path, body_base64: 'w6k=' });
    expect(seen).not.toContain(String(access_token));
  });
});

describe('control', () => {
  const address = '/service/platform/catalog/v1.0/company/1/products/';

  test('requests are recorded with who asked and what came of it', async () => {
    const { access_token } = await onlineToken('catalog');
    await control('DELETE', '/requests');
    await call('GET', `${address}?page_no=1`, bearer(access_token));
    expect(await control('GET', '/requests')).toMatchObject([
      { method: 'GET', url: `${address}?page_no=1`, status: 200, signature: 'valid', user: 'catalog', company: '1' },
    ]);
  });

  test('a fault answers as often as it says, then things are as before', async () => {
    const { access_token } = await onlineToken();
    const fault = { status: 429, headers: { 'retry-after': '3' }, body_repeat: { text: 'ab', count: 3 } };
    await control('POST', '/faults', { match: { method: 'GET', path: address }, times: 1, fault });
    const limited = await call('GET', address, bearer(access_token));
    expect([limited.status, limited.headers.get('retry-after'), await limited.text()]).toEqual([429, '3', 'ababab']);
    expect((await call('GET', address, bearer(access_token))).status).toBe(200);
  });

  test('a fault can strike after the request took effect, and only certain bodies', async () => {
    await control('PUT', '/settings', { refresh: { mode: 'single-use' } });
    const { refresh_token } = await bodyOf(await redeemOffline('company/1', await newCode()));
    const match = { path: '^/service/.*/token$', body_includes: 'grant_type=refresh_token' };
    await control('POST', '/faults', { match, times: 1, fault: { hang_up: 'before', after_handling: true } });
    await expect(refresh('company/1', String(refresh_token))).rejects.toThrow();
    expect((await refresh('company/1', String(refresh_token))).status).toBe(400);
  });

  test('an answer can break off in the middle, be cut in half, or drip', async () => {
    const { access_token } = await onlineToken();
    const ask = () => call('GET', address, bearer(access_token));
    const whole = await (await ask()).text();
    const next = (fault: Json) => control('POST', '/faults', { match: { path: address }, times: 1, fault });
    await next({ hang_up: 'mid-body' });
    await expect(ask().then((response) => response.text())).rejects.toThrow();
    await next({ truncate: true });
    const cut = Buffer.from(await (await ask()).arrayBuffer());
    expect(cut.equals(Buffer.from(whole).subarray(0, cut.length))).toBe(true);
    expect(cut.length).toBe(Math.floor(Buffer.byteLength(whole) / 2));
    await next({ drip: { bytes: 4000, every_ms: 1 } });
    expect(await (await ask()).text()).toBe(whole);
  });

  test('a gate holds requests until it is opened', async () => {
    const { access_token } = await onlineToken();
    const { id } = await control('POST', '/gates', { match: { path: address } });
    const racing = [1, 2, 3].map(() => call('GET', address, bearer(access_token)));
    expect(await control('GET', `/gates/${String(id)}?held=3`)).toMatchObject({ held: 3, total: 3, open: false });
    await control('POST', `/gates/${String(id)}/open`);
    expect((await Promise.all(racing)).map((response) => response.status)).toEqual([200, 200, 200]);
  });

  test('users can be added and changed; bad control calls say what is wrong', async () => {
    await control('PUT', '/users/auditor', { permissions: { '2': ['company/orders'] } });
    expect((await onlineToken('auditor', '2'))['scope']).toEqual(['company/orders']);
    const bad = await fetch(`${platform.origin}/__control/settings`, {
      method: 'PUT',
      body: '{"refresh":{"mode":"x"}}',
    });
    expect([bad.status, await bad.text()]).toEqual([400, expect.stringContaining('refresh.mode') as string]);
  });
});

describe('the admin panel', () => {
  const page = async (path: string, cookie = '') =>
    (await fetch(platform.origin + path, { headers: { cookie } })).text();

  test('lists the companies and frames the extension at its install address', async () => {
    expect(await page('/')).toContain('Northstar Footwear');
    const html = await page('/company/2/application/65a000000000000000020001/extensions/test-extension');
    expect(html).toContain(
      'src="http://localhost:3999/fp/install?company_id=2&#38;client_id=test-extension&#38;application_id=65a000000000000000020001"',
    );
    expect(await page('/company/2/extensions/test-extension?install_event=true')).toContain(
      'install_event=true"></iframe>',
    );
  });

  test('who signs in there is who the consent page takes the visitor for, even without the cookie', async () => {
    const signedIn = await fetch(`${platform.origin}/signin`, {
      method: 'POST',
      body: new URLSearchParams({ user: 'orders', next: '/company/1/extensions/test-extension' }),
      redirect: 'manual',
    });
    expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, '/company/1/extensions/test-extension']);
    const [cookie = ''] = (signedIn.headers.get('set-cookie') ?? '').split(';');
    await page('/company/1/extensions/test-extension', cookie);
    expect(await (await authorize(authorizePath())).text()).toContain('value="orders" checked');
  });

  test('uninstalling revokes the tokens and tells the extension, which may be down', async () => {
    const { access_token } = await onlineToken();
    const uninstalled = await fetch(`${platform.origin}/company/1/extensions/test-extension/uninstall`, {
      method: 'POST',
    });
    expect(await uninstalled.text()).toContain('could not be told');
    const path = '/service/platform/catalog/v1.0/company/1/products/';
    expect((await call('GET', path, bearer(access_token))).status).toBe(401);
  });

  test('an extension that is up hears of the uninstall, signed as the setting says', async () => {
    const heard: string[] = [];
    const listener = createServer((request, response) => {
      request.on('data', (chunk: Buffer) => heard.push(`${request.url} ${chunk.toString()}`));
      request.on('end', () => response.end('{"success":true}'));
      heard.push(String(request.headers['x-fp-signature']));
    }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as { port: number };
    const own = await startPlatform({ extension: { ...extension, baseUrl: `http://127.0.0.1:${port}` } });
    const say = (method: string, path: string, body: unknown) =>
      fetch(`${own.origin}/__control${path}`, { method, body: JSON.stringify(body) });
    await say('PUT', '/settings', { lifecycleSignature: 'webhook', idsAsNumbers: true });
    const told = await say('POST', '/companies/7/uninstall', { notify: true });
    expect(await told.json()).toMatchObject({ notified: 'the extension answered 200' });
    expect(heard).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      '/fp/uninstall {"company_id":7,"client_id":"test-extension"}',
    ]);
    await own.close();
    listener.close();
  });
});

describe('the program', () => {
  const program = (port: number) => {
    const child = spawn(process.execPath, ['test/platform/main.ts'], {
      env: {
        PORT: String(port),
        EXTENSION_API_KEY: extension.apiKey,
        EXTENSION_API_SECRET: extension.apiSecret,
        EXTENSION_BASE_URL: extension.baseUrl,
      },
    });
    const said = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
    return { child, said, ended: once(child, 'close') };
  };

  test('says that it is ready, logs neither query nor secret, and ends at an interrupt however often it comes', async () => {
    const free = await startPlatform({ extension });
    const port = Number(new URL(free.origin).port);
    await free.close();
    const { child, said, ended } = program(port);
    await vi.waitFor(() => expect(said.out).toBe(`platform ready http://127.0.0.1:${port}\n`), 5000);
    await fetch(`http://127.0.0.1:${port}/?secret=CANARY-query`);
    await vi.waitFor(() => expect(said.out).toMatch(/^200 GET \/$/m));
    child.kill('SIGINT');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    expect(said.out + said.err).not.toContain('CANARY');
  });

  test('a port in use is one sentence and status 1', async () => {
    const { said, ended } = program(Number(new URL(platform.origin).port));
    expect(await ended).toEqual([1, null]);
    expect(said.err).toMatch(/^Port \d+ is in use: [^\n]+\.\n$/);
  });
});

test('a port that is taken is an error of its own, and closing ends open connections', async () => {
  const own = await startPlatform({ extension });
  const port = Number(new URL(own.origin).port);
  await expect(startPlatform({ port, extension })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const ended = once(socket, 'close');
  await own.close();
  await ended;
});
