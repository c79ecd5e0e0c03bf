import { expect, test } from 'vitest';
import { handler } from './on-product-update.ts';

test('asks for the product as the company, and reads it where the platform has it', async () => {
  const asked: string[] = [];
  const logged: unknown[] = [];
  const context = {
    company: '1',
    payload: { product: { uid: 7 } },
    platform: {
      get: async (path: string) => {
        asked.push(path);
        return { data: { uid: 7, name: 'Shirt' } };
      },
    },
    log: (...said: unknown[]) => logged.push(said),
  };
  await handler(context as never);
  expect(asked).toEqual(['catalog/v2.0/company/1/products/7/']);
  expect(logged).toEqual([['a product changed', { uid: 7, name: 'Shirt' }]]);
});
