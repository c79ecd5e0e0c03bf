import { expect, test } from 'vitest';
import { brokenSinceMs } from '../../../shared/tokens/grant-health.ts';
import { noon } from '../fixture/extension.ts';

const minutesAgo = (minutes: number) => noon.getTime() - minutes * 60_000;

test.for([
  ['a grant that nobody has tried to refresh works', 'installed', undefined, undefined],
  ['one whose refresh is under way works', 'installed', minutesAgo(1), undefined],
  [
    'one whose refreshes have failed for a while is broken since the first of them',
    'installed',
    minutesAgo(16),
    minutesAgo(16),
  ],
  ['one that the platform ended is broken at once', 'reauthorize', minutesAgo(1), minutesAgo(1)],
  ['one that no key opens is broken, since nobody knows when', 'reauthorize', undefined, 0],
  ['a company that has uninstalled has none to be broken', 'uninstalled', minutesAgo(99), undefined],
] as const)('%s', ([, status, refreshingSinceMs, expected]) => {
  expect(brokenSinceMs({ status, refreshingSinceMs }, noon)).toBe(expected);
});
