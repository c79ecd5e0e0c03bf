import { describe, expect, test } from 'vitest';
import { signRequest } from '../../../infra/simulated-platform/fp-signature.ts';
import { type Heard, listener } from './listener.ts';
import { offlineToken, send } from './registering.ts';
import { bodyOf, call, control, extension, type Json, platform } from './simulated.ts';

const outlet = '65a000000000000000010002';
const proxies = `/service/platform/partners/v1.0/company/1/application/${outlet}/proxy/${extension.apiKey}`;
const wishlist = () => ({ attached_path: 'wishlist', proxy_url: `${extension.baseUrl}/ext/wishlist` });

async function attach(): Promise<string> {
  const token = await offlineToken();
  expect((await send(token, 'POST', proxies, wishlist())).status).toBe(200);
  return token;
}

/** Whether the signature of what the extension heard is that of its API secret, over this path. */
function isSigned({ url, headers, body }: Heard, path = url): boolean {
  const names = ['host', 'x-user-data', 'x-fp-date', 'x-application-data'];
  const signed = Object.fromEntries(
    names.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
  const by = { date: String(headers['x-fp-date']), secret: extension.apiSecret, signs: () => true };
  return signRequest({ method: 'POST', path, headers: signed, body }, by) === headers['x-fp-signature'];
}
const only = (): Heard => {
  expect(listener.heard).toHaveLength(1);
  return listener.heard[0] as Heard;
};

describe('paths of a storefront', () => {
  test('are attached, moved and taken away by the extension', async () => {
    const token = await attach();
    expect(await control('GET', '/storefronts')).toMatchObject([
      { ...wishlist(), company_id: '1', application_id: outlet },
    ]);
    const moved = await send(token, 'POST', proxies, { ...wishlist(), proxy_url: 'https://elsewhere.example/a' });
    expect([moved.status, await moved.json()]).toMatchObject([200, { proxy_url: 'https://elsewhere.example/a' }]);
    expect((await send(token, 'DELETE', `${proxies}/wishlist`)).status).toBe(200);
    expect((await send(token, 'DELETE', `${proxies}/wishlist`)).status).toBe(404);
    expect(await control('GET', '/storefronts')).toEqual([]);
  });

  test('once more is a conflict where the settings say so; an uninstall takes all away', async () => {
    const token = await attach();
    await control('PUT', '/settings', { proxyPathAgain: 'conflict' });
    expect((await send(token, 'POST', proxies, wishlist())).status).toBe(409);
    await control('POST', '/companies/1/uninstall');
    expect(await control('GET', '/storefronts')).toEqual([]);
  });

  test.each([
    [{ attached_path: 'a/b', proxy_url: 'http://a.example' }, 'attached_path'],
    [{ attached_path: 'a', proxy_url: 'a' }, 'proxy_url'],
    [{ attached_path: 'a' }, 'proxy_url'],
  ])('that cannot be are refused by their names', async (body, field) => {
    const refused = await send(await offlineToken(), 'POST', proxies, body);
    expect([refused.status, (await bodyOf(refused))['message']]).toEqual([400, expect.stringContaining(field)]);
  });
});

describe('a shopper’s call', () => {
  const at = (path: string) => `${platform.origin}/storefront/${outlet}${path}`;

  test('arrives signed, with who shops and where, and with the bytes and the escapes that it was sent with', async () => {
    await attach();
    const rest = '/items/a%20b?b=2&a=1&a=0';
    const headers = { 'content-type': 'text/x', cookie: 'shopper=ishaan', 'x-user-data': '{"_id":"forged"}' };
    const answer = await fetch(at(`/ext/wishlist${rest}`), { method: 'POST', headers, body: 'é{' });
    expect([answer.status, await answer.text()]).toEqual([200, '{"success":true}']);
    const heard = only();
    expect(heard).toMatchObject({ url: `/ext/wishlist${rest}`, body: 'é{', headers: { 'content-type': 'text/x' } });
    expect(heard.headers).not.toHaveProperty('cookie');
    expect(JSON.parse(String(heard.headers['x-user-data']))).toMatchObject({ first_name: 'Ishaan' });
    expect(JSON.parse(String(heard.headers['x-application-data']))).toMatchObject({ _id: outlet, company_id: 1 });
    expect(isSigned(heard)).toBe(true);
  });

  test('says nothing of a shopper where nobody is signed in, and signs the storefront’s path where the settings say so', async () => {
    const token = await attach();
    await send(token, 'POST', proxies, { ...wishlist(), proxy_url: `${extension.baseUrl}/deep/` });
    await control('PUT', '/settings', { storefrontSigns: 'storefront-path' });
    await fetch(at('/ext/wishlist/7/'), { method: 'POST' });
    const heard = only();
    expect(heard.url).toBe('/deep/7/');
    expect(heard.headers).not.toHaveProperty('x-user-data');
    expect([isSigned(heard), isSigned(heard, '/ext/wishlist/7/')]).toEqual([false, true]);
  });

  test('can be made, or forged, by a control call', async () => {
    await attach();
    const make = (body: Json) =>
      control('POST', `/storefronts/${outlet}/call`, { path: '/ext/wishlist', method: 'POST', ...body });
    expect(await make({ shopper: 'rhea', body: '{}' })).toMatchObject({ status: 200, body: '{"success":true}' });
    expect(isSigned(only())).toBe(true);
    for (const tamper of ['body', 'shopper', 'signature', 'unsigned']) {
      listener.heard = [];
      await make({ shopper: 'rhea', body: '{}', tamper });
      expect([tamper, isSigned(only())]).toEqual([tamper, false]);
    }
    listener.heard = [];
    await make({ date_offset_seconds: -600 });
    const heard = only();
    expect(isSigned(heard)).toBe(true);
    const [, minutes = '', seconds = ''] = /T\d\d(\d\d)(\d\d)Z$/.exec(String(heard.headers['x-fp-date'])) ?? [];
    const now = new Date(Date.now() - 600_000);
    const apart = Math.abs(Number(minutes) * 60 + Number(seconds) - (now.getUTCMinutes() * 60 + now.getUTCSeconds()));
    expect(Math.min(apart, 3600 - apart)).toBeLessThan(60);
  });

  test('at a path that nobody attached is 404, and a page shows what is attached', async () => {
    await attach();
    expect((await fetch(at('/ext/other'))).status).toBe(404);
    expect((await fetch(`${platform.origin}/storefront/65a0000000000000000199ff`)).status).toBe(404);
    const page = await (await fetch(at(''))).text();
    expect(page).toContain('/ext/wishlist');
    expect(page).toContain(`${extension.baseUrl}/ext/wishlist`);
    expect(listener.heard).toEqual([]);
    const scripts = [...page.matchAll(/<script[^>]*?(?: src="([^"]+)")?>/g)].map(([, src = 'inline']) => src);
    for (const src of scripts) expect((await fetch(platform.origin + src)).status, src).toBe(200);
    expect(scripts).toContain('/storefront/storefront.js');
  });
});

describe('the storefront API', () => {
  const tokenOf = async () => {
    const world = (await control('GET', '/world')) as {
      companies: { id: string; applications: { id: string; token: string }[] }[];
    };
    return world.companies[0]?.applications[1]?.token ?? '';
  };
  const visitor = (credential: string) => ({ authorization: `Bearer ${Buffer.from(credential).toString('base64')}` });

  test('opens to the sales channel’s id and token, and shows what it sells without its cost', async () => {
    const headers = visitor(`${outlet}:${await tokenOf()}`);
    const list = await bodyOf(await call('GET', '/service/application/catalog/v1.0/products/?page_size=3', headers));
    const [first] = list['items'] as Json[];
    expect(first).toMatchObject({
      price: { effective: { currency_code: 'INR' } },
      medias: expect.any(Array) as unknown,
    });
    expect(first).not.toHaveProperty('cost_price');
    const one = await call('GET', `/service/application/catalog/v1.0/products/${String(first?.['slug'])}/`, headers);
    expect(await one.json()).toMatchObject({ uid: first?.['uid'] });
    const application = await call('GET', '/service/application/configuration/v1.0/application', headers);
    expect(await application.json()).toMatchObject({ _id: outlet, company_id: 1 });
  });

  test.each(['', `${outlet}:wrong`, '65a000000000000000010001', `${outlet}:a:b`])(
    'is 401 to «%s»',
    async (credential) => {
      const refused = await call('GET', '/service/application/catalog/v1.0/products/', visitor(credential));
      expect(refused.status).toBe(401);
    },
  );
});
