import { expect, test } from 'vitest';
import { testEvent } from '../../test/kit/test-background.ts';
import { handler } from './on-product-update.ts';

test('reads the product that changed, as the company', async () => {
  const { logged } = await testEvent(handler, {
    payload: { product: { uid: 7 } },
    platform: { 'GET catalog/v2.0/company/1/products/7/': { data: { name: 'Shirt' } } },
  });
  expect(logged).toEqual([{ message: 'a product changed', fields: { uid: 7, name: 'Shirt' } }]);
});

test('asks for nothing where the event names no product', async () => {
  const { calls } = await testEvent(handler);
  expect(calls).toEqual([]);
});
