import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle } from '../../../infra/bundle/bundle.ts';
import { type Bundler, openBundler } from '../../../infra/bundle/bundler.ts';
import { sourceMapPath } from '../../../infra/source-maps/build.ts';
import { parseExtension } from '../../../shared/parse-extension.ts';
import { sample } from '../synthesized-stack.ts';

const extension = parseExtension(sample);
let directory: string;
let bundler: Bundler;
let entry: string;
beforeAll(() => {
  mkdirSync('cdk.out', { recursive: true });
  directory = mkdtempSync(join('cdk.out', 'bundler-test-'));
  bundler = openBundler(extension);
  entry = `./${join(directory, 'handler.ts')}`;
});
afterAll(async () => {
  await bundler.close();
  rmSync(directory, { recursive: true });
});

const source = (value: string) => `import { api } from '../../functions/runtime/api.ts';
export const handler = api(async () => ({ at: import.meta.url, value: ${JSON.stringify(value)} }));\n`;

test('what is bundled again, with what esbuild has kept, is what would be deployed: code and source map', async () => {
  const entries = [entry, './functions/install.ts'];
  writeFileSync(entry, source('before'));
  await bundler.bundle(entries, join(directory, 'kept-1'));
  writeFileSync(entry, source('after'));
  const again = await bundler.bundle(entries, join(directory, 'kept-2'));
  const anew = await bundle({ extension, entries, directory: join(directory, 'new') });
  for (const each of entries) {
    const [kept, made] = [again.get(each), anew.get(each)];
    const read = (folder: string | undefined) => readFileSync(join(folder ?? '', 'index.js'), 'utf8');
    expect(read(kept?.directory) === read(made?.directory)).toBe(true);
    expect(kept?.inputs).toEqual(made?.inputs);
    const digest = made?.digest ?? '';
    const map = (folder: string) => readFileSync(sourceMapPath(join(directory, folder), { digest }), 'utf8');
    expect(map('kept-2') === map('new')).toBe(true);
  }
  expect(readFileSync(join(again.get(entry)?.directory ?? '', 'index.js'), 'utf8')).toContain('after');
});
