import { expect, test } from 'vitest';
import { testRoute } from '../../test/kit/test-route.ts';
import { handler } from './products.ts';

test('shows the first products that the person may see', async () => {
  const items = [{ uid: 1, name: 'Shirt' }];
  const response = await testRoute(handler, {
    platform: { 'GET catalog/v2.0/company/1/products/': { items } },
  });
  expect([response.status, response.json]).toEqual([200, { items }]);
  expect(response.calls).toMatchObject([{ query: { page_no: '1', page_size: '20' } }]);
});

test('shows the products of a sales channel', async () => {
  const application = '0123456789abcdef01234567';
  const response = await testRoute(handler, {
    pathParameters: { application_id: application },
    platform: { 'GET catalog/v1.0/company/1/application/{application}/raw-products/': { items: [] } },
  });
  expect(response.json).toEqual({ items: [] });
});

test('passes a refusal of the platform on', async () => {
  const response = await testRoute(handler, {
    scopes: ['company/orders'],
    platform: { 'GET catalog/v2.0/company/1/products/': Response.json({ message: 'no' }, { status: 403 }) },
  });
  expect([response.status, response.headers['x-missing-scopes']]).toEqual([403, 'company/products']);
});
