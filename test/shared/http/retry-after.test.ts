import { expect, test } from 'vitest';
import { retryAfterSeconds } from '../../../shared/http/retry-after.ts';

const now = new Date('1994-11-06T08:49:07.500Z');

test.each<[string | undefined, number | undefined]>([
  ['0', 0],
  ['120', 120],
  [' 7 ', 7],
  ['99999999999999999999', 2_147_483_648],
  ['Sun, 06 Nov 1994 08:49:37 GMT', 30],
  ['Sunday, 06-Nov-94 08:49:37 GMT', 30],
  ['Sun Nov  6 08:49:37 1994', 30],
  ['Sun, 06 Nov 1994 08:49:07 GMT', 0],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  [undefined, undefined],
  ['', undefined],
  [' ', undefined],
  ['-1', undefined],
  ['+3', undefined],
  ['1.5', undefined],
  ['1e3', undefined],
  ['0x10', undefined],
  ['5, 10', undefined],
  ['3s', undefined],
  ['soon', undefined],
  ['2026-07-10', undefined],
  ['1994-11-06T08:49:37Z', undefined],
  ['Sun, 99 Nov 1994 08:49:37 GMT', undefined],
  ['Sun, 06 Nov 1994 08:49:37 +0200', undefined],
])('%o is %o seconds from then', (field, seconds) => {
  expect(retryAfterSeconds(field, now)).toBe(seconds);
});
