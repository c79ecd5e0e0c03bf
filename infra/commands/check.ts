import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../local/host/start-error.ts';
import { runCommand } from './run-command.ts';

const usage = `npm run check [-- --changed] [--fix]
npm run fix [-- --changed]

Checks everything about the code that needs no running of it. Each check is named as what it claims. Status 1 where one of
them does not hold.

  --changed  looks only at what changed since the last commit
  --fix      repairs first what can be repaired
  --json     prints a list of claims, and what the tools say on stderr`;

const options = {
  changed: { type: 'boolean', default: false },
  fix: { type: 'boolean', default: false },
} as const;

const sources = [
  'extension.config.ts',
  'oxlint.config.ts',
  'vitest.config.ts',
  'shared',
  'functions',
  'frontend',
  'infra',
  'test',
  'bench',
  // Authors may have no front end.
].filter((source) => existsSync(source));
const bin = (name: string) => join('node_modules', '.bin', name);
// What it found the last time: a second look at little that changed takes a third.
const incremental = ['--incremental', '--tsBuildInfoFile', join('node_modules', '.cache', 'check.tsbuildinfo')];
/** What the tools say, and each claim as soon as it is judged. With `--json`, standard output is for that alone. */
let say = (text: string): void => console.log(text);

await runCommand({ usage, options }, async ({ values }) => {
  if (values.json) say = (text) => console.error(text);
  const changed = values.changed ? changedFiles() : undefined;
  if (changed?.length === 0) return { data: [], text: 'Nothing has changed since the last commit.' };
  const code = changed?.filter((file) => sources.some((source) => file === source || file.startsWith(`${source}/`)));
  const biome = ['check', '--no-errors-on-unmatched', ...(changed ?? ['.'])];
  const oxlint = ['--type-aware', ...(code?.filter((file) => /\.[cm]?[jt]sx?$/.test(file)) ?? sources)];
  const hasCode = oxlint.length > 1;
  const checks: readonly (readonly [claim: string, check: () => boolean])[] = [
    ['Git tracks nothing that fdk wrote, the API secret least of all', fdkFilesAreUntracked],
    ['Formatting and import order are Biome’s', () => run(bin('biome'), ...biome)],
    ['The linter, layer rules included, finds nothing', () => !hasCode || run(bin('oxlint'), ...oxlint)],
    ['The types agree', () => run(bin('tsc'), ...(changed ? incremental : []))],
    ['The types agree in the browser, too', () => run(bin('tsc'), '-p', 'tsconfig.browser.json')],
    ...(changed ? [] : ([['Nothing is unused: files, exports, dependencies', () => run(bin('knip'))]] as const)),
    ['The lock file serves macOS and Windows too, and names no registry', lockFileIsPortable],
  ];
  if (values.fix) repair(biome, hasCode ? oxlint : undefined);
  const judged = checks.map(([claim, check]) => {
    const holds = check();
    say(`${holds ? '✓' : '✗'} ${claim}`);
    return { claim, holds };
  });
  if (judged.some(({ holds }) => !holds)) process.exitCode = 1;
  return { data: judged, text: undefined };
});

/** Silently: what could not be repaired, the checks say. Formatting last, for what the linter wrote. */
function repair(biome: readonly string[], oxlint: readonly string[] | undefined): void {
  const mend = (command: string, ...args: readonly string[]) =>
    spawnSync(bin(command), args, { shell: process.platform === 'win32' });
  if (oxlint !== undefined) mend('oxlint', '--fix', ...oxlint);
  mend('biome', ...biome, '--write');
}

/** What git calls changed, added or untracked against the last commit. @throws {StartError} where git cannot tell. */
function changedFiles(): string[] {
  const files = [
    ['diff', '--name-only', '-z', '--relative', '--diff-filter=d', 'HEAD'],
    ['ls-files', '-z', '--others', '--exclude-standard'],
  ].flatMap((command) => {
    const { status, stdout, stderr, error } = spawnSync('git', command, { encoding: 'utf8' });
    if (status === 0) return stdout.split('\0').filter(Boolean);
    throw new StartError(`git cannot tell what changed: ${error?.message ?? stderr.trim()}`);
  });
  return [...new Set(files)];
}

function run(command: string, ...args: readonly string[]): boolean {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) say(`${stdout}${stderr}`.trimEnd());
  return status === 0;
}

/** By their names alone: what they hold is not shown. Where there is no repository, nothing is tracked. */
function fdkFilesAreUntracked(): boolean {
  const patterns = [':(glob)**/extension.context.json', ':(glob)**/.fdk/**'];
  const { status, stdout, stderr, error } = spawnSync('git', ['ls-files', '-z', '--', ...patterns], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  if (status !== 0) {
    if (/not a git repository/.test(stderr ?? '')) return true;
    say(`git cannot tell what it tracks: ${error?.message ?? stderr.trim()}`);
    return false;
  }
  const tracked = stdout.split('\0').filter(Boolean);
  for (const file of tracked) {
    say(
      `${file} is tracked by git and may hold the API secret: \`git rm --cached\` it, and if it was ever pushed, make a new secret in the partner panel.`,
    );
  }
  return tracked.length === 0;
}

/** npm notes only the binaries of the machine that made the lock where a package's newest version lacks the others. */
function lockFileIsPortable(): boolean {
  const lock = readFileSync('package-lock.json', 'utf8');
  const packages = Object.keys((JSON.parse(lock) as { packages: object }).packages);
  const tools = ['@biomejs', '@oxlint', '@oxlint-tsgolint', '@oxc-parser', '@esbuild', '@rolldown', '@typescript'];
  const missing = tools.flatMap((tool) =>
    ['darwin', 'win32']
      .filter((platform) => !packages.some((name) => name.includes(`${tool}/`) && name.includes(platform)))
      .map((platform) => `${tool} for ${platform}`),
  );
  if (missing.length > 0) say(`package-lock.json lacks ${missing.join(', ')}.`);
  const namesRegistry = /"resolved":/.test(lock);
  if (namesRegistry) say('package-lock.json names addresses: .npmrc should have kept them out.');
  return missing.length === 0 && !namesRegistry;
}
