import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

interface Configuration {
  readonly name: string;
  readonly runtimeExecutable: string;
  readonly program?: string;
  readonly args: readonly string[];
}
const read = (file: string) => JSON.parse(readFileSync(`.vscode/${file}`, 'utf8'));
const { configurations } = read('launch.json') as { configurations: Configuration[] };
const named = (wanted: string) => configurations.find(({ name }) => name === wanted);
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };

const isWindows = process.platform === 'win32';
if (isWindows) console.warn('Skipped on Windows, where it would start node.exe: test/editor.test.ts');
test.skipIf(isWindows)('VS Code runs the test file that is open, and waits at breakpoints', () => {
  const launch = named('Current test file');
  const fill = (text = '') =>
    text.replaceAll('${workspaceFolder}', resolve('.')).replaceAll('${relativeFile}', 'test/shared/tenant.test.ts');
  const command = [launch?.program, ...(launch?.args ?? [])].map(fill);
  const { status, stdout } = spawnSync(fill(launch?.runtimeExecutable), command, {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], NO_COLOR: '1' },
  });
  expect([status, stdout]).toEqual([0, expect.stringMatching(/Test Files\s+1 passed \(1\)/)]);
  // No limit ends a test that somebody looks at.
  expect(launch?.args).toEqual(expect.arrayContaining(['--testTimeout=0', '--hookTimeout=0']));
});

test('VS Code starts and checks what npm does', () => {
  expect(named('npm start')).toMatchObject({ runtimeExecutable: 'npm', args: ['start'] });
  const { tasks } = read('tasks.json') as { tasks: { command: string }[] };
  const run = tasks.flatMap(({ command }) => /^npm run (\S+)/.exec(command)?.slice(1) ?? []);
  expect(run.length).toBeGreaterThan(1);
  expect(run.filter((name) => !(name in scripts))).toEqual([]);
});
