import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const program = resolve('infra/commands/update-template.ts');
let home: string;
let template: string;
let tarball: string;

const environment = (): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  HOME: home,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: join(home, 'gitconfig'),
});
const git = (cwd: string, ...args: string[]) =>
  execFileSync('git', args, { cwd, encoding: 'utf8', env: environment(), stdio: ['ignore', 'pipe', 'pipe'] }).trimEnd();
const read = (project: string, file: string) => readFileSync(join(project, file), 'utf8');
const write = (project: string, file: string, text: string) => {
  mkdirSync(dirname(join(project, file)), { recursive: true });
  writeFileSync(join(project, file), text);
};
const edit = (project: string, file: string, from: string | RegExp, to: string) => {
  const text = read(project, file);
  expect(text).toMatch(from);
  write(project, file, text.replace(from, to));
};
const commit = (project: string, message: string) => {
  git(project, 'add', '--all');
  git(project, 'commit', '--quiet', '-m', message);
};

/** The command as an author runs it in their project, with its whole output. */
function update(project: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: project,
    encoding: 'utf8',
    env: environment(),
  });
  expect(stderr).not.toMatch(/ {4}at /);
  return { status, said: stdout + stderr };
}

/** This very tree as the template's first version, an untagged state, and a second version that changes all kinds of files. */
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'update-template-'));
  writeFileSync(
    join(home, 'gitconfig'),
    '[user]\nname = Asha\nemail = asha@example.com\n[init]\ndefaultBranch = main\n',
  );
  template = join(home, 'template');
  const files = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' }).split('\0').filter(Boolean);
  for (const file of files) {
    if (!existsSync(file) || /^(bench|test\/(?!functions)|functions\/app|frontend)\//.test(file)) continue;
    cpSync(file, join(template, file), { recursive: true });
  }
  // Samples of its own: this tree's may have become somebody's.
  write(template, 'extension.config.ts', 'export default {};\n');
  write(template, 'infra/own-resources.ts', 'export const addOwnResources = () => {};\n');
  write(template, 'functions/app/products.ts', 'export const options = { query: { page_no: 1, page_size: 20 } };\n');
  write(template, 'functions/app/nightly.ts', 'export {};\n');
  git(template, 'init', '--quiet');
  commit(template, 'The first version');
  git(template, 'tag', 'template-v0.9.0');
  edit(template, 'SECURITY.md', /$/, '\nOne more line.\n');
  commit(template, 'Between two versions');
  edit(template, 'functions/runtime/http/page-texts.ts', 'Send less at once.', 'Send less.');
  edit(template, 'functions/app/products.ts', 'page_size: 20', 'page_size: 50');
  write(template, 'functions/app/new-sample.ts', 'export {};\n');
  edit(template, 'extension.config.ts', /$/, '// The template says more.\n');
  edit(template, 'infra/own-resources.ts', /$/, '// The template says more.\n');
  edit(template, 'README.md', /^# .*/, '# Another title');
  edit(template, 'package.json', /"valibot": ".*"/, '"valibot": "9.9.9"');
  edit(template, 'package.json', '"version": "0.1.0"', '"version": "0.10.0"');
  edit(template, 'package-lock.json', /$/, '\n');
  edit(template, 'cdk.json', '"versionReporting": false', '"versionReporting": true');
  write(template, 'shared/new-rule.ts', 'export const rule = 1;\n');
  rmSync(join(template, 'docs/sam-local.md'));
  commit(template, 'The second version');
  git(template, 'tag', 'template-v0.10.0');
  tarball = join(home, 'template-0.10.0.tar.gz');
  git(template, 'archive', '--prefix=template-0.10.0/', '-o', tarball, 'template-v0.10.0');
  edit(template, 'SECURITY.md', /$/, '\nAfter the newest version.\n');
  commit(template, 'Not released yet');
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

let projects = 0;
const place = () => join(home, `project-${++projects}`);

/** A clone of the first version. */
function clone(): string {
  const project = place();
  git(home, 'clone', '--quiet', '--branch', 'template-v0.9.0', template, project);
  git(project, 'switch', '--quiet', '-c', 'main-line');
  return authored(project);
}

/** What «use this template» makes: the first version's files in one commit that nothing came before. */
function fromTemplate(): string {
  const project = place();
  mkdirSync(project);
  execFileSync('tar', ['-xf', '-', '-C', project], {
    input: execFileSync('git', ['archive', 'template-v0.9.0'], { cwd: template, env: environment(), maxBuffer: 1e9 }),
  });
  git(project, 'init', '--quiet');
  commit(project, 'Initial commit');
  return authored(project);
}

const ownConfiguration = 'export default { name: "Mine", scopes: ["company/products"] };\n';
function authored(project: string): string {
  write(project, 'extension.config.ts', ownConfiguration);
  edit(project, 'functions/app/products.ts', 'page_size: 20', 'page_size: 33');
  write(project, 'functions/app/stock.test.ts', 'export const mine = 1;\n');
  rmSync(join(project, 'functions/app/nightly.ts'));
  edit(project, 'infra/own-resources.ts', /$/, '// Mine.\n');
  write(project, 'frontend/index.html', '<p>Mine</p>\n');
  write(project, 'README.md', '# Mine\n');
  // Beside the very line that the template changes.
  edit(project, 'package.json', /"valibot": "(.*)"/, '"valibot": "$1",\n    "zebra-client": "1.2.3"');
  edit(project, 'package.json', '"name": "fynd-extension-serverless"', '"name": "mine"');
  edit(project, 'cdk.json', '"context": {', '"context": {\n    "stackName": "mine",');
  commit(project, 'My extension');
  return project;
}

function expectUpdated(project: string): void {
  expect(read(project, 'functions/runtime/http/page-texts.ts')).toContain('Send less.');
  expect(existsSync(join(project, 'shared/new-rule.ts'))).toBe(true);
  expect(existsSync(join(project, 'docs/sam-local.md'))).toBe(false);
  expectAuthored(project);
  const { name, version, dependencies } = JSON.parse(read(project, 'package.json')) as Record<string, object>;
  expect([name, version]).toEqual(['mine', '0.10.0']);
  expect(dependencies).toMatchObject({ valibot: '9.9.9', 'zebra-client': '1.2.3' });
  expect(JSON.parse(read(project, 'cdk.json'))).toMatchObject({
    versionReporting: true,
    context: { stackName: 'mine' },
  });
  expect(git(project, 'status', '--porcelain')).toBe('');
}

function expectAuthored(project: string): void {
  expect(read(project, 'extension.config.ts')).toBe(ownConfiguration);
  expect(read(project, 'functions/app/products.ts')).toContain('page_size: 33');
  expect(existsSync(join(project, 'functions/app/nightly.ts'))).toBe(false);
  expect(existsSync(join(project, 'functions/app/new-sample.ts'))).toBe(false);
  expect(read(project, 'functions/app/stock.test.ts')).toBe('export const mine = 1;\n');
  expect(read(project, 'infra/own-resources.ts')).toMatch(/\/\/ Mine\.\n$/);
  expect(read(project, 'frontend/index.html')).toBe('<p>Mine</p>\n');
  expect(read(project, 'README.md')).toBe('# Mine\n');
}

describe('npm run update-template', () => {
  test('brings a clone to the newest tag without a conflict, and offers what changed of the author’s files', () => {
    const project = clone();
    const { status, said } = update(project);
    expect([status, said]).toEqual([0, expect.stringContaining('The update to template-v0.10.0 changes ')]);
    expectUpdated(project);
    expect(read(project, 'SECURITY.md')).toMatch(/One more line\.\n$/);
    const [, offered = ''] = /which are yours and stay as they are:\n((?: {2}.*\n)*)/.exec(said) ?? [];
    expect(offered.split('\n').map((line) => line.trim())).toEqual(
      expect.arrayContaining([
        'extension.config.ts',
        'functions/app/products.ts',
        'functions/app/new-sample.ts',
        'README.md',
      ]),
    );
    const [, command = ''] = /See how:\n {2}git (diff .*)/.exec(said) ?? [];
    expect(git(project, ...command.split(' '))).toContain('query: { page_no: 1, page_size: 50 }');
    expect(said).toContain('Next: npm install');

    const [, undo = ''] = /Undo it with git (reset --keep \w+)/.exec(said) ?? [];
    const again = update(project);
    expect(again).toEqual({ status: 0, said: expect.stringContaining('is up to date: it holds template-v0.10.0') });
    git(project, ...undo.split(' '));
    expect(git(project, 'log', '-1', '--format=%s')).toBe('My extension');
  });

  test('finds where a project of «use this template» begins, and the next update knows it', () => {
    const project = fromTemplate();
    expect(update(project)).toEqual({ status: 1, said: expect.stringMatching(/^Say where the template is/) });
    const { status, said } = update(project, '--from', template);
    expect([status, said]).toEqual([0, expect.stringContaining('your history begins with template-v0.9.0')]);
    expectUpdated(project);

    git(project, 'remote', 'add', 'template', template);
    expect(update(project).said).toContain('is up to date');
    const next = update(project, '--to', 'main');
    expect(next).toEqual({ status: 0, said: expect.stringContaining('changes 1 file.') });
    expect(read(project, 'SECURITY.md')).toMatch(/After the newest version\.\n$/);
    expectAuthored(project);
  });

  test('takes the most similar version where the first commit holds changes already', () => {
    const project = fromTemplate();
    git(project, 'checkout', '--quiet', '--orphan', 'squashed');
    commit(project, 'All at once');
    const { status, said } = update(project, '--from', template);
    expect([status, said]).toEqual([
      0,
      expect.stringMatching(/most similar: template-v0\.9\.0, in which \d+ of \d+ files/),
    ]);
    expectUpdated(project);
  });

  test.each([
    ['a clone', clone],
    ['a project of «use this template»', fromTemplate],
  ])('updates %s from a tarball, and later from the repository', (_what, make) => {
    const project = make();
    const { status, said } = update(project, '--from', tarball);
    expect([status, said]).toEqual([0, expect.stringContaining("The update to the tarball's 0.10.0 changes ")]);
    expectUpdated(project);
    expect(update(project, '--from', tarball).said).toContain('is up to date');
    expect(update(project, '--from', template).said).toContain('is up to date');
    expect(update(project, '--from', template, '--to', 'main').said).toContain('changes 1 file.');
  });

  test('leaves a conflict as git merge does, where the author changed the template’s own files; it can be given up or ended', () => {
    const project = clone();
    edit(project, 'functions/runtime/http/page-texts.ts', 'Send less at once.', 'Send it in parts.');
    commit(project, 'A change of mine');
    const { status, said } = update(project);
    expect([status, said]).toEqual([
      1,
      expect.stringMatching(/in the same places:\n {2}functions\/runtime\/http\/page-texts\.ts\n[^]*Next: resolve/),
    ]);
    expect(read(project, 'functions/runtime/http/page-texts.ts')).toContain('<<<<<<<');
    expectAuthored(project);
    expect(update(project)).toEqual({ status: 1, said: expect.stringMatching(/^A merge is under way/) });
    expect(update(project, '--abort')).toEqual({ status: 0, said: expect.stringContaining('given up') });
    expect(git(project, 'status', '--porcelain')).toBe('');
    expect(read(project, 'functions/runtime/http/page-texts.ts')).toContain('Send it in parts.');
    expect(update(project, '--abort')).toEqual({ status: 1, said: 'No update is under way.\n' });

    expect(update(project).status).toBe(1);
    git(project, 'checkout', '--theirs', 'functions/runtime/http/page-texts.ts');
    git(project, 'add', 'functions/runtime/http/page-texts.ts');
    git(project, 'commit', '--quiet', '--no-edit');
    expectUpdated(project);
    expect(update(project).said).toContain('is up to date');
  });

  test('shows with --dry-run what it would do, and changes nothing', () => {
    const project = clone();
    const before = git(project, 'rev-parse', 'HEAD');
    const { status, said } = update(project, '--dry-run');
    expect([status, said]).toEqual([0, expect.stringMatching(/changes \d+ files[^]*Nothing was changed\.\n$/)]);
    expect([git(project, 'rev-parse', 'HEAD'), git(project, 'status', '--porcelain')]).toEqual([before, '']);
  });

  test('refuses with a sentence: changes that are not committed, no repository, nobody’s template', () => {
    const project = clone();
    const refused = (sentence: RegExp, ...args: string[]) =>
      expect(update(project, ...args)).toEqual({ status: 1, said: expect.stringMatching(sentence) });
    refused(/cannot be fetched/, '--from', join(home, 'nowhere'));
    refused(/nowhere\.tar\.gz does not exist/, '--from', join(home, 'nowhere.tar.gz'));
    refused(/has no tag or branch template-v7/, '--to', 'template-v7');
    refused(/^--base names no commit/, '--base', 'nothing');
    refused(/^There is no option --force\./, '--force');
    write(home, 'broken.tar.gz', 'no tar file');
    refused(/cannot be unpacked/, '--from', join(home, 'broken.tar.gz'));
    edit(project, 'functions/runtime/http/page-texts.ts', 'Send less', 'Send more');
    refused(/^There are changes that are not committed/);
    const outside = place();
    mkdirSync(outside);
    expect(update(outside)).toEqual({ status: 1, said: expect.stringMatching(/^The project is not a git repository/) });
    const stranger = place();
    mkdirSync(stranger);
    git(stranger, 'init', '--quiet');
    write(stranger, 'a.txt', 'a');
    commit(stranger, 'Something else');
    expect(update(stranger, '--from', template)).toEqual({
      status: 1,
      said: expect.stringMatching(/^Nothing tells which/),
    });
  });
});
