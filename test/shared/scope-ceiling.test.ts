import { expect, test } from 'vitest';
import { scopesBeyond } from '../../shared/scope-ceiling.ts';

test('a scope is within what the panel allows by its name, below it, or under a wildcard', () => {
  const ceiling = ['company/products', 'organization/*'];
  const configured = [
    'company/products',
    'company/products/read',
    'organization/themes',
    'company/productsx',
    'company/*',
  ];
  expect(scopesBeyond(ceiling, configured)).toEqual(['company/productsx', 'company/*']);
  expect(scopesBeyond([], ['company/orders'])).toEqual(['company/orders']);
});
