import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Drill } from './drill.ts';
import { losses } from './losses.ts';

test.each(losses.map((loss) => [loss.lost, loss] as const))('%s', { timeout: 300_000 }, async (_lost, loss) => {
  await using drill = await Drill.start(2);
  await loss.drill(drill);
  await expect(drill.endsWell()).resolves.toBeUndefined();
});

test('what the drill holds is what the document says', () => {
  const [, rows = ''] = readFileSync('docs/loss.md', 'utf8').split('|---|---|---|---|\n');
  const table = rows.slice(0, rows.indexOf('\n\n')).split('\n');
  expect(table).toEqual(losses.map(({ lost, seen, mends, run }) => `| ${lost} | ${seen} | ${mends} | ${run} |`));
});
