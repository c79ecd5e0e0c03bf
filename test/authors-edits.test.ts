import { execFile, spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** What is the author's, and what stands there after a week of theirs: nothing of the samples. */
const authors = ['extension.config.ts', 'functions/app', 'infra/own-resources.ts', 'frontend'];
const written = {
  'extension.config.ts': `import { defineExtension } from './shared/config.ts';

export default defineExtension({
  name: 'Stock Watch',
  scopes: ['company/settings'],
  accessMode: 'online',
  page: './frontend',
  api: { 'PUT /api/stock/{item_id}': './functions/app/stock/levels.ts' },
  resources: './infra/own-resources.ts',
});
`,
  'functions/app/stock/levels.ts': `import { api } from '../../runtime/api.ts';

export const handler = api(async ({ request }) => request.json());
`,
  'infra/own-resources.ts': `import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { AddOwnResources } from './resources/own-resources.ts';

export const addOwnResources: AddOwnResources = ({ stack }) => void new Queue(stack, 'Stock', { enforceSSL: true });
`,
  'frontend/index.html': '<p>Another page</p>\n',
};
/** What depends on a configuration, a handler, a page or resources: `WHOLE_SUITE=1` runs all that needs no browser instead. */
const affected = [
  'test/infra/app.test.ts',
  'test/infra/own-resources.test.ts',
  'test/functions/page.test.ts',
  'test/functions/route.test.ts',
  'test/documents.test.ts',
  'test/flow/head.test.ts',
];

let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'authors-copy-'));
  for (const file of globSync('{*,.*}', { exclude: ['node_modules', '.git', 'cdk.out', '.local', 'coverage'] })) {
    cpSync(file, join(copy, file), { recursive: true });
  }
  const git = (...command: readonly string[]) => spawnSync('git', command, { cwd: copy });
  git('init', '--quiet');
  writeFileSync(join(copy, '.git', 'info', 'exclude'), 'node_modules\n');
  symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));
  for (const file of authors) rmSync(join(copy, file), { recursive: true, force: true });
  for (const [file, text] of Object.entries(written)) write(file, text);
  git('add', '--all');
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(copy, file)), { recursive: true });
  writeFileSync(join(copy, file), text);
}

/** A program of the copy, as its author runs it: this process's own variables of vitest's would reach the inner one. */
function run(cwd: string, ...programArguments: readonly string[]): Promise<{ status: number; said: string }> {
  const { PATH, HOME, TMPDIR, CHROMIUM_PATH } = process.env;
  const env = { PATH, HOME, TMPDIR, CHROMIUM_PATH, NO_COLOR: '1' };
  return new Promise((done) => {
    execFile(process.execPath, programArguments, { cwd, env, maxBuffer: 1e8 }, (error, stdout, stderr) => {
      done({ status: error === null ? 0 : Number(error.code ?? 1), said: `${stdout}${stderr}` });
    });
  });
}
const vitestFile = 'node_modules/vitest/vitest.mjs';
const vitest = (...options: readonly string[]) => run(copy, vitestFile, ...options);

/** The files with tests of the template that vitest finds there. */
async function templatesTestsIn(directory: string): Promise<string[]> {
  const { status, said } = await run(directory, vitestFile, 'list', '--filesOnly', '--json');
  expect([status, status === 0 ? '' : said]).toEqual([0, '']);
  const files = JSON.parse(said) as { file: string }[];
  return files
    .map(({ file }) => relative(realpathSync(directory), file))
    .filter((file) => /^(test|bench)\b/.test(file))
    .toSorted();
}

test('every test of the template is found where an author has deleted the samples and all tests of their own', async () => {
  const found = await templatesTestsIn(copy);
  expect(found.length).toBeGreaterThan(100);
  expect(found).toEqual(await templatesTestsIn(resolve('.')));
});

test('the tests of the template hold with another configuration, other handlers, another page and other resources', {
  timeout: 1_800_000,
}, async () => {
  const files = process.env['WHOLE_SUITE'] ? ['--exclude', 'test/authors-edits.test.ts'] : affected;
  const { status, said } = await vitest('run', ...files);
  expect([status, status === 0 ? '' : said]).toEqual([0, '']);
});

test('running only tests of their own is no failure for an author who has none', async () => {
  expect((await vitest('run', '--project', 'own')).status).toBe(0);
});

test('nothing is found by npm run check', { timeout: 600_000 }, async () => {
  const { status, said } = await run(copy, 'infra/commands/check.ts');
  expect([status, status === 0 ? '' : said]).toEqual([0, '']);
});
