import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** `npm run check`: everything about the code that needs no running of it. Each check is named as what it claims. */
const sources = [
  'extension.config.ts',
  'oxlint.config.ts',
  'vitest.config.ts',
  'shared',
  'functions',
  'infra',
  'test',
  'bench',
];
const bin = (name: string) => join('node_modules', '.bin', name);
const checks: readonly (readonly [claim: string, check: () => boolean])[] = [
  ['Git tracks nothing that fdk wrote, the API secret least of all', fdkFilesAreUntracked],
  ['Formatting and import order are Biome’s', () => run(bin('biome'), 'check', '.')],
  ['The linter, layer rules included, finds nothing', () => run(bin('oxlint'), '--type-aware', ...sources)],
  ['The types agree', () => run(bin('tsc'))],
  ['Nothing is unused: files, exports, dependencies', () => run(bin('knip'))],
  ['The lock file serves macOS and Windows too, and names no registry', lockFileIsPortable],
];

let failed = 0;
for (const [claim, check] of checks) {
  const ok = check();
  if (!ok) failed += 1;
  console.log(`${ok ? '✓' : '✗'} ${claim}`);
}
process.exitCode = failed === 0 ? 0 : 1;

function run(command: string, ...args: readonly string[]): boolean {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.stdout.write(`${stdout}${stderr}`);
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
    console.log(`git cannot tell what it tracks: ${error?.message ?? stderr.trim()}`);
    return false;
  }
  const tracked = stdout.split('\0').filter(Boolean);
  for (const file of tracked) {
    console.log(
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
  if (missing.length > 0) console.log(`package-lock.json lacks ${missing.join(', ')}.`);
  const namesRegistry = /"resolved":/.test(lock);
  if (namesRegistry) console.log('package-lock.json names addresses: .npmrc should have kept them out.');
  return missing.length === 0 && !namesRegistry;
}
