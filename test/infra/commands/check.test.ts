import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let project: string;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'checked-'));
  for (const file of ['biome.json', '.gitignore', 'package-lock.json']) cpSync(file, join(project, file));
  symlinkSync(resolve('node_modules'), join(project, 'node_modules'));
});
afterEach(() => rmSync(project, { recursive: true }));

const formatting = 'Formatting and import order are Biome’s';
const untracked = 'Git tracks nothing that fdk wrote, the API secret least of all';
const files = ['extension.context.json', 'frontend/extension.context.json', '.fdk/context.json', 'a/.fdk/b/theme.js'];

/** As fdk leaves it: in no style of Biome's, and with the secret in it. */
function fdkWasHere(): void {
  for (const file of files) {
    mkdirSync(dirname(join(project, file)), { recursive: true });
    writeFileSync(join(project, file), '{"EXTENSION_API_SECRET" : "CANARY-secret" }');
  }
}

function git(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('git', args, { cwd: project, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

/** Its lines; what else the check says about this folder, which holds no code, is of no interest. */
function checked(): readonly string[] {
  const { stdout, stderr } = spawnSync(process.execPath, [resolve('infra/commands/check.ts')], {
    cwd: project,
    encoding: 'utf8',
  });
  expect(stdout + stderr).not.toContain('CANARY');
  return stdout.split('\n');
}

test('what fdk wrote is invisible to git and to every check, with a repository or without', () => {
  fdkWasHere();
  expect(checked()).toEqual(expect.arrayContaining([`✓ ${formatting}`, `✓ ${untracked}`]));
  git('init', '--quiet');
  expect(git('status', '--porcelain', '--untracked-files=all').split('\n').sort()).toEqual([
    '',
    '?? .gitignore',
    '?? biome.json',
    '?? node_modules',
    '?? package-lock.json',
  ]);
  expect(checked()).toEqual(expect.arrayContaining([`✓ ${formatting}`, `✓ ${untracked}`]));
});

test('each file of fdk’s that git tracks all the same is refused by its name, and its content is not shown', () => {
  fdkWasHere();
  git('init', '--quiet');
  git('add', '--force', ...files);
  const lines = checked();
  expect(lines).toEqual(expect.arrayContaining([`✓ ${formatting}`, `✗ ${untracked}`]));
  for (const file of files) {
    expect(lines).toContainEqual(
      expect.stringMatching(new RegExp(`^${file.replaceAll('.', '\\.')} is tracked by git`)),
    );
  }
});

test('where git cannot tell, the check says so instead of passing', () => {
  git('init', '--quiet');
  writeFileSync(join(project, '.git', 'index'), 'no index');
  const lines = checked();
  expect(lines).toContain(`✗ ${untracked}`);
  expect(lines).toContainEqual(expect.stringMatching(/^git cannot tell what it tracks: /));
});
