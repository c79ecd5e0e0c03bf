import { expect, test } from 'vitest';
import { testSchedule } from '../../test/kit/test-background.ts';
import { handler } from './nightly.ts';

test('counts the products of each company', async () => {
  const { logged } = await testSchedule(handler, {
    company: '12',
    platform: { 'GET catalog/v2.0/company/12/products/': { page: { item_total: 3 } } },
  });
  expect(logged).toEqual([{ message: 'products counted', fields: { products: 3 } }]);
});
