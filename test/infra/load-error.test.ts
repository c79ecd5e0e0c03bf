import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { temporaryDirectory } from './local/fixture/start-fixture.ts';

const directory = temporaryDirectory();
afterAll(() => directory[Symbol.dispose]());

let files = 0;
function file(source: string): string {
  const path = join(directory.path, `extension-${++files}.config.ts`);
  writeFileSync(path, source);
  return path;
}

/** What is said where Node itself imports the file, as every command does. */
function said(path: string): string {
  const program = `import { loadExtension } from './infra/load-extension.ts';
    await loadExtension({ EXTENSION_CONFIG: ${JSON.stringify(path)} }).catch((error) => console.log(error.message));`;
  return execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
}

test('a configuration that does not parse is told with its line of code', () => {
  const path = file('export default {\n  name: ;\n};');
  expect(said(path)).toBe(
    `${path} cannot be loaded (SyntaxError: Expression expected).\n\n${path}:2\nexport default {\n  name: ;\n        ^\n};\n\n`,
  );
});

test('so is one that throws, and one whose mistake is in a file that it imports', () => {
  const throwing = file(`\n\n  throw new TypeError('no such thing\\nand more');`);
  const place = `${throwing}:3\n  throw new TypeError('no such thing\\nand more');\n        ^\n`;
  expect(said(throwing)).toBe(`${throwing} cannot be loaded (TypeError: no such thing).\n\n${place}\n`);
  const imported = file('export const scopes = [1 2];');
  const importing = file(`import { scopes } from ${JSON.stringify(imported)};\nexport default { name: 'X', scopes };`);
  expect(said(importing)).toMatch(
    new RegExp(
      `^${importing} cannot be loaded .*\\n\\n${imported}:1\\nexport const scopes = \\[1 2\\];\\n +\\^\\n\\n$`,
    ),
  );
});

test('a file that is not there, or an export that is not, is told by its name', () => {
  expect(said(file(`import { x } from './nowhere.ts';`))).toMatch(/cannot be loaded \(Error: .*nowhere\.ts/);
  expect(said(file(`import { y } from ${JSON.stringify(file('export const x = 1;'))};`))).toMatch(
    /cannot be loaded \(SyntaxError: .*'y'/,
  );
});
