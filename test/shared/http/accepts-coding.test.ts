import { expect, test } from 'vitest';
import { acceptsCoding, preferredCoding } from '../../../shared/http/accepts-coding.ts';

for (const [header, takesBrotli, takesGzip] of [
  ['gzip, deflate, br, zstd', true, true],
  ['BR', true, false],
  ['br;q=1.0, gzip;q=0.5', true, true],
  ['gzip, br;q=0', false, true],
  ['br ; q=0.000 , gzip;q=0.001', false, true],
  ['br;q=0.1', true, false],
  ['brotli, vbr-x', false, false],
  ['identity', false, false],
  ['', false, false],
  [undefined, false, false],
] as const) {
  test(`«${header}» ${takesBrotli ? 'takes' : 'does not take'} Brotli, and ${takesGzip ? 'takes' : 'not'} gzip`, () => {
    expect([acceptsCoding(header, 'br'), acceptsCoding(header, 'gzip')]).toEqual([takesBrotli, takesGzip]);
  });
}

for (const [header, preferred] of [
  ['gzip, deflate, br, zstd', 'br'],
  ['GZIP', 'gzip'],
  ['br;q=0.5, gzip', 'gzip'],
  ['br; Q=0.5, gzip;q=0.500', 'br'],
  ['br;q=0, gzip;q=0.001', 'gzip'],
  ['*', 'br'],
  ['br;q=0, *;q=0.1', 'gzip'],
  ['gzip, *;q=0', 'gzip'],
  ['identity, br;q=0.9', undefined],
  ['identity;q=0.5, gzip;q=0.9', 'gzip'],
  ['br;q=0, gzip;q=0.0', undefined],
  ['x-br, deflate', undefined],
  ['br;q=nonsense', 'br'],
  ['*;q=0', undefined],
  ['', undefined],
  [undefined, undefined],
] as const) {
  test(`«${header}» would rather have ${preferred ?? 'no coding'}`, () => {
    expect(preferredCoding(header, ['br', 'gzip'])).toBe(preferred);
  });
}
