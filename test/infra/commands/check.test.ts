import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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
function checked(...options: readonly string[]): readonly string[] {
  const { stdout, stderr } = spawnSync(process.execPath, [resolve('infra/commands/check.ts'), ...options], {
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

const linted = 'The linter, layer rules included, finds nothing';

/** A project with one commit that a check finds nothing in. */
function committed(): void {
  for (const file of ['tsconfig.json', 'oxlint.config.ts']) cpSync(file, join(project, file));
  write('shared/kept.ts', 'export const kept = 1;\n');
  write('package.json', '{ "type": "module" }\n');
  git('init', '--quiet');
  write('.git/info/exclude', 'node_modules\n');
  git('add', '--all');
  git('-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '--quiet', '--message', 'First');
}
function write(file: string, text: string): void {
  mkdirSync(dirname(join(project, file)), { recursive: true });
  writeFileSync(join(project, file), text);
}

test('what a tool can repair is repaired, and the check says what is left', () => {
  committed();
  write(
    'infra/crooked.ts',
    `import { join } from 'path';\nimport { a } from './a.ts';\nexport const both = [join(a),\n a]\n`,
  );
  write('infra/a.ts', `export const a = 'a';\n`);
  expect(checked()).toEqual(expect.arrayContaining([`✗ ${formatting}`, `✗ ${linted}`]));
  expect(checked('--fix')).toEqual(expect.arrayContaining([`✓ ${formatting}`, `✓ ${linted}`]));
  expect(readFileSync(join(project, 'infra/crooked.ts'), 'utf8')).toBe(
    `import { join } from 'node:path';\nimport { a } from './a.ts';\nexport const both = [join(a), a];\n`,
  );
  write('infra/crooked.ts', 'export const x: any =   1;\n');
  expect(checked('--fix')).toEqual(expect.arrayContaining([`✓ ${formatting}`, `✗ ${linted}`]));
});

test('--changed looks at what changed since the last commit, staged or not or new, and at nothing else', () => {
  committed();
  expect(checked('--changed')).toEqual(['Nothing has changed since the last commit.', '']);
  write('test/crooked-and-ignored.log', 'export   const x = 1\n');
  expect(checked('--changed')).toEqual(['Nothing has changed since the last commit.', '']);
  write('shared/new.ts', 'export   const x = 1\n');
  expect(checked('--changed')).toContain(`✗ ${formatting}`);
  git('add', 'shared/new.ts');
  expect(checked('--changed')).toContain(`✗ ${formatting}`);
  git('-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '--quiet', '--message', 'Crooked');
  write('shared/kept.ts', 'export const kept = 2;\n');
  const lines = checked('--changed');
  expect(lines).toEqual(expect.arrayContaining([`✓ ${formatting}`, `✓ ${linted}`]));
  rmSync(join(project, 'shared/kept.ts'));
  write('docs/note.md', 'A note.\n');
  expect(checked('--changed')).toContain(`✓ ${linted}`);
});

test('an option that it does not know is a sentence', () => {
  const { status, stderr } = spawnSync(process.execPath, ['infra/commands/check.ts', '--fast'], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([1, 'There is no option --fast. npm run check -- --help tells what there is.\n']);
});
