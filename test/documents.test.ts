import { execFileSync } from 'node:child_process';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { environment, installationsTable, userCacheTable } from '../shared/contract.ts';
import { metrics } from '../shared/metrics.ts';
import { extensionSchema } from '../shared/parse-extension.ts';
import { problems } from '../shared/problems.ts';

const fence = /^( *)```(\w*)\n([\s\S]*?)^\1```/gm;
const documents = globSync('**/*.md', { exclude: ['node_modules', 'cdk.out', '.local'] }).map((file) => {
  const text = readFileSync(file, 'utf8');
  return { file, text, prose: text.replaceAll(fence, '') };
});
/** Files of the author's, who may delete them: documents speak of the samples, and hold without them. */
const isAuthors = (path: string) =>
  /^(functions\/app|frontend)\b|^(infra\/own-resources|extension\.config)\.ts$/.test(path);
const textOf = (file: string) => documents.find((document) => document.file === file)?.text ?? '';

test('every relative link in a document leads to a file, and to a heading where it names one', () => {
  const links = documents.flatMap(({ file, prose }) =>
    [...prose.matchAll(/\]\((?![a-z]+:)([^)\s#]*)(?:#([^)\s]+))?\)/g)].map(([, path = '', anchor]) => ({
      from: file,
      to: path === '' ? file : normalize(join(dirname(file), path)),
      anchor,
    })),
  );
  expect(links.length).toBeGreaterThan(50);
  expect(
    links.filter(({ to, anchor }) => !isAuthors(to) && (!existsSync(to) || (anchor && !headingsOf(to).has(anchor)))),
  ).toEqual([]);
});

/** As GitHub makes anchors of them. */
function headingsOf(file: string): Set<string> {
  const { prose = '' } = documents.find((document) => document.file === file) ?? {};
  const anchors = [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return new Set(anchors);
}

test('every path of this project that a document names in code exists', () => {
  const path = /(?<![\w./@-])(?:\.\/)?((?:test|shared|infra|functions|docs|bench|\.ci)\/[\w./-]*)/g;
  const named = documents.flatMap(({ file, prose }) =>
    [...prose.matchAll(/`[^`\n]+`/g)].flatMap(([code]) =>
      [...code.matchAll(path)].map(([, name = '']) => ({ in: file, name })),
    ),
  );
  const isFolder = (name: string) => statSync(name).isDirectory();
  expect(named.length).toBeGreaterThan(100);
  expect(
    named.filter(({ name }) => !isAuthors(name) && (!existsSync(name) || name.endsWith('/') !== isFolder(name))),
  ).toEqual([]);
});

test('every title that a document quotes stands in the test that it names', () => {
  const quoted = documents.flatMap(({ file, text }) =>
    [...text.matchAll(/`(test\/[^`\s]+)` \(([^()]*)\)/g)].flatMap(([, name = '', words = '']) =>
      [...words.matchAll(/«([^»]+?)(?: …)?»/g)].map(([, title = '']) => ({ in: file, name, title })),
    ),
  );
  expect(quoted.length).toBeGreaterThan(5);
  const hasTitle = (name: string, title: string) =>
    readFileSync(name, 'utf8').toLowerCase().includes(title.toLowerCase());
  expect(quoted.filter(({ name, title }) => !hasTitle(name, title))).toEqual([]);
});

test('every example in TypeScript compiles where it says that it belongs', () => {
  mkdirSync('node_modules/.cache', { recursive: true });
  // Where node_modules leads elsewhere, the compiler speaks of that place.
  const directory = realpathSync(mkdtempSync('node_modules/.cache/examples-'));
  try {
    const folders = documents.flatMap(({ file, text }) =>
      [...text.matchAll(fence)].flatMap(([, , language, code = ''], index) => {
        const [, place] = /^\/\/ ((?:functions|infra)\/\S+\.ts)\n/.exec(code) ?? [];
        const name = place ?? (code.includes('defineExtension(') ? 'extension.config.ts' : undefined);
        if (language !== 'ts' || name === undefined) return [];
        const folder = join(directory, `${file.replaceAll(/\W/g, '-')}-${index}`);
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(join(folder, name), code);
        return [folder];
      }),
    );
    expect(folders.length).toBeGreaterThan(8);
    // The handlers of the examples know the settings and secrets of that document's configuration, not of the project's.
    const configured = folders.find((folder) => folder.endsWith('docs-settings-md-0'));
    const compilerOptions = {
      // Where node_modules is a link, a file that `paths` names has the address that it leads to.
      rootDirs: [resolve('.'), ...folders.flatMap((folder) => [resolve(folder), realpathSync(folder)])],
      paths: { '#extension': [resolve(`${configured}/extension.config.ts`)] },
    };
    writeFileSync(
      join(directory, 'tsconfig.json'),
      JSON.stringify({
        extends: resolve('tsconfig.json'),
        compilerOptions,
        include: [],
        files: [...folders.flatMap(filesIn), ...globSync('infra/**/*.d.ts').map((file) => resolve(file))],
      }),
    );
    expect(compile(join(directory, 'tsconfig.json'))).toBe('');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

const filesIn = (folder: string) => globSync('**/*.ts', { cwd: folder }).map((file) => resolve(folder, file));

/** What the compiler finds. */
function compile(project: string): string {
  try {
    return execFileSync('node_modules/.bin/tsc', ['--project', project], {
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

test('the table of metrics is the one that the functions and the alarms go by', () => {
  const rows = [...textOf('docs/seeing.md').matchAll(/^\| `(\w+)` \| (\w+) \| (.+?) \| (.+?) \|$/gm)];
  expect(rows.map(([, name, unit, means, from]) => [name, { unit, means, from }])).toEqual(Object.entries(metrics));
});

test('the table of problems has each code with its status, and no other', () => {
  const rows = [...textOf('docs/calling-the-platform.md').matchAll(/^\| (\d{3}) \| `(\w+)` \|/gm)];
  const documented = Object.fromEntries(rows.map(([, status, code = '']) => [code, Number(status)]));
  expect(documented).toEqual(Object.fromEntries(Object.entries(problems).map(([code, { status }]) => [code, status])));
});

test('each field of the configuration is documented', () => {
  const fields = Object.keys(extensionSchema.pipe[0].entries);
  const text = textOf('docs/configuration.md');
  expect(fields.length).toBeGreaterThan(10);
  expect(fields.filter((field) => !new RegExp(`^\\| \`${field}[\`.]`, 'm').test(text))).toEqual([]);
});

test('what is stored is documented: each attribute, and each variable that names a resource', () => {
  const { callbackAttributes, writtenAttributes, refreshAttributes, workerWrittenAttributes } = installationsTable;
  const names = [
    ...callbackAttributes,
    ...writtenAttributes,
    ...refreshAttributes,
    ...workerWrittenAttributes,
    ...installationsTable.sessionAttributes,
    ...userCacheTable.attributes,
    ...Object.values(environment),
  ];
  expect(names.filter((name) => !textOf('docs/data.md').includes(`\`${name}\``))).toEqual([]);
});

test('every decision is in the index, and says so where another one replaced it', () => {
  const index = textOf('docs/decisions/README.md');
  const records = documents.filter(({ file }) => /^docs\/decisions\/\d/.test(file));
  const lines = records.map(({ file, text }) => {
    const [, number, title] = /^# (\d{4}): (.+)/.exec(text) ?? [];
    const [, changed] = /^\*\*((?:Replaced|Changed) by \[\d{4}\]\([^)]+\))\*\*/m.exec(text) ?? [];
    return `- [${number}](${file.slice('docs/decisions/'.length)}): ${title}.${changed ? ` *${changed}.*` : ''}`;
  });
  expect(index.split('\n').filter((line) => line.startsWith('- '))).toEqual(lines.toSorted());
});

test('each command that a document names is one of package.json', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object };
  const named = documents.flatMap(({ file, text }) =>
    [...text.matchAll(/\bnpm run ([a-z][\w:-]*)/g)].map(([, name = '']) => ({ in: file, name })),
  );
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter(({ name }) => !(name in scripts))).toEqual([]);
});

test('each script of package.json is in the table of commands, or in that of contributors', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object };
  const rows = `${textOf('docs/operating.md')}\n${textOf('CONTRIBUTING.md')}`
    .split('\n')
    .filter((line) => line.startsWith('| '));
  const told = rows.flatMap((row) =>
    [...row.matchAll(/`(?:npm (?:run )?)?([a-z][\w:-]*)[^`]*`/g)].map(([, name]) => name),
  );
  expect(Object.keys(scripts).filter((name) => !told.includes(name))).toEqual([]);
});

test('what agents read first is short', () => {
  expect(textOf('AGENTS.md').split('\n').length).toBeLessThan(60);
});
