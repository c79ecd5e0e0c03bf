import { sign } from '@gofynd/fp-signature';
import { describe, expect, test } from 'vitest';
import { judgeV1Signature, signRequest } from '../../../infra/simulated-platform/fp-signature.ts';
import { bearer, control, onlineToken, platform } from './simulated.ts';

const lowerCase = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

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
