import { expect, test } from 'vitest';
import { acceptsCoding } from '../../../shared/http/accepts-coding.ts';

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
