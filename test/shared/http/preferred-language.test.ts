import { expect, test } from 'vitest';
import { preferredLanguage } from '../../../shared/http/preferred-language.ts';

test.each([
  ['hi', 'hi'],
  ['hi-IN,hi;q=0.9,en-US;q=0.8,en;q=0.7', 'hi'],
  ['en-IN,en;q=0.9,hi;q=0.8', 'en'],
  ['HI-Deva-IN', 'hi'],
  ['mr, ta;q=0.9, hi;q=0.3', 'hi'],
  ['en;q=0.2, hi;q=0.9', 'hi'],
  ['hi, en', 'hi'],
  ['en, hi', 'en'],
  ['hi;q=0, en;q=0.1', 'en'],
  ['hi;q=0', undefined],
  ['hi;q=2, mr', undefined],
  ['his, *', undefined],
  ['', undefined],
  [undefined, undefined],
])('Accept-Language: %s wants %s', (header, wanted) => {
  expect(preferredLanguage(header, ['en', 'hi'])).toBe(wanted);
});
