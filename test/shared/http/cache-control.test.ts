import { expect, test } from 'vitest';
import { formatCacheControl, parseCacheControl } from '../../../shared/http/cache-control.ts';

test.each<[string | undefined, Record<string, string | true>]>([
  [undefined, {}],
  ['', {}],
  ['No-Store', { 'no-store': true }],
  ['PRIVATE, Max-Age=300 ,no-cache', { private: true, 'max-age': '300', 'no-cache': true }],
  ['max-age="300"', { 'max-age': '300' }],
  ['max-age = 300', { 'max-age': '300' }],
  ['no-cache="Set-Cookie, X-A", X="A \\"B\\""', { 'no-cache': 'Set-Cookie, X-A', x: 'A "B"' }],
  ['x="a, no-store, max-age=9"', { x: 'a, no-store, max-age=9' }],
  ['x-no-store, no-storex, s-maxage=1', { 'x-no-store': true, 'no-storex': true, 's-maxage': '1' }],
  ['max-age=1, max-age=1', { 'max-age': '1' }],
  ['max-age=300, Max-Age=0', { 'max-age': true }],
  [', ,=1, "no-store", no-store; x', { 'no-store': true }],
  ['x="never closed, no-store', { x: '' }],
])('%s is read as it is meant', (field, directives) => {
  expect(Object.fromEntries(parseCacheControl(field))).toEqual(directives);
});

test('what is written splits at every comma into the directives that were read', () => {
  const field = 'No-Cache="a, no-store", x="a=b", Max-Age="300", y="Z", private';
  expect(formatCacheControl(parseCacheControl(field)).split(', ')).toEqual([
    'no-cache',
    'x',
    'max-age=300',
    'y=Z',
    'private',
  ]);
});
