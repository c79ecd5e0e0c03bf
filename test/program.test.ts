import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const programs = { capacity: 'test/capacity/main.ts', growth: 'test/capacity/growth.ts', bench: 'bench/main.ts' };

test.each(Object.entries(programs))('npm run %s says how it is used, and does nothing else', (name, program) => {
  const run = (...given: string[]) => spawnSync(process.execPath, [program, ...given], { encoding: 'utf8' });
  const helped = run('--help');
  expect([helped.status, helped.stdout, helped.stderr]).toEqual([
    0,
    expect.stringMatching(new RegExp(`^npm run ${name} -- \\[--`)),
    '',
  ]);
  const misspelt = run('--nope');
  expect([misspelt.status, misspelt.stdout]).toEqual([1, '']);
  expect(misspelt.stderr).toMatch(new RegExp(`^Unknown option '--nope'[^]*\nnpm run ${name} -- `));
});
