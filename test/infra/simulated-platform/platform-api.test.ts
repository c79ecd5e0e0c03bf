import { describe, expect, test } from 'vitest';
import { bearer, bodyOf, call, control, newCode, onlineToken, redeem, refresh } from './simulated.ts';

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
    expect(await seenBy('owner')).toHaveProperty('data.cost_price');
    expect(await seenBy('catalog')).toHaveProperty('data.name');
    expect(await seenBy('catalog')).not.toHaveProperty('data.cost_price');
  });

  test('a product has its prices by size, one currency, and is answered inside data, as the official client reads it', async () => {
    const headers = bearer((await onlineToken())['access_token']);
    const { items } = (await bodyOf(await call('GET', products(), headers))) as { items: Record<string, unknown>[] };
    for (const item of items) {
      expect(item).toMatchObject({
        id: expect.stringMatching(/^[0-9a-f]{24}$/),
        uid: expect.any(Number),
        currency: 'INR',
      });
      expect(item['sizes']).toContainEqual(
        expect.objectContaining({
          size: expect.any(String),
          price: expect.any(Number),
          price_effective: expect.any(Number),
          sellable: expect.any(Boolean),
        }),
      );
      expect(item).not.toHaveProperty('price');
      expect(item).not.toHaveProperty('stock');
    }
    const [first] = items;
    expect(await bodyOf(await call('GET', `${products()}${String(first?.['uid'])}/`, headers))).toEqual({
      data: first,
    });
  });

  test('an unchanged answer is 304, and a write changes both answer and ETag', async () => {
    const headers = bearer((await onlineToken())['access_token']);
    const item = `${products()}7501000/`;
    const etag = (await call('GET', item, headers)).headers.get('etag') ?? '';
    expect((await call('GET', item, { ...headers, 'if-none-match': etag })).status).toBe(304);
    const json = { ...headers, 'content-type': 'application/json' };
    expect((await call('PUT', item, json, '{"name":"Renamed"}')).status).toBe(200);
    const changed = await call('GET', item, { ...headers, 'if-none-match': etag });
    expect([changed.status, await changed.json()]).toMatchObject([200, { data: { name: 'Renamed', company_id: 1 } }]);
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

  test('a status is set for each shipment that is named, and what cannot be set says why', async () => {
    const headers = { ...bearer((await onlineToken())['access_token']), 'content-type': 'application/json' };
    const change = (body: unknown) =>
      call(
        'PUT',
        '/service/platform/order-manage/v1.0/company/1/shipment/status-internal',
        headers,
        JSON.stringify(body),
      );
    const shipments = [{ identifier: '170001000000' }, { identifier: 'unknown' }];
    const statuses = [
      { status: 'bag_packed', shipments },
      { status: 'gone', shipments: [{ identifier: '170001000000' }] },
    ];
    expect(await bodyOf(await change({ statuses }))).toMatchObject({
      statuses: [{ shipments: [{ status: 200 }, { status: 404 }] }, { shipments: [{ status: 400 }] }],
    });
    const details = '/service/platform/order/v1.0/company/1/shipment-details?shipment_id=';
    expect(await bodyOf(await call('GET', `${details}170001000000`, headers))).toMatchObject({
      shipments: [{ shipment_id: '170001000000', shipment_status: 'bag_packed' }],
    });
    expect((await call('GET', `${details}unknown`, headers)).status).toBe(404);
    const bare = await change({ shipment_id: '170001000000', status: 'bag_packed' });
    expect([bare.status, await bare.json()]).toMatchObject([
      400,
      { message: expect.stringContaining('statuses') as string },
    ]);
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
