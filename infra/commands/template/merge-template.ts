import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesOf, git, list, looseCommit, tryGit } from './git.ts';
import { mergeJson } from './merge-json.ts';

/** Files that the author owns: no update touches them. */
export const authorsPaths = ['extension.config.ts', 'functions/app', 'infra/own-resources.ts', 'frontend'] as const;
/** The author's as soon as they have changed them. */
const papers = /^([A-Z]+\.md|LICENSE|fdk\.ext\.config\.json)$/;

export interface Merge {
  /** The tree that comes of it, with marks where `conflicts` says. */
  readonly tree: string;
  readonly conflicts: readonly string[];
  /** A commit whose change against its parent is the update. */
  readonly update: string;
  /** What the template changed of files that are the author's. */
  readonly offered: readonly string[];
  /** Fields of JSON files that both changed, where the template's value stands now. */
  readonly overruled: readonly string[];
  /** Whether the author's dependencies are others than the template's were. */
  readonly hasOwnDependencies: boolean;
}

type Files = ReturnType<typeof filesOf>;

/**
 * Merges a version of the template into what is committed, without touching any file. Both the version that the project
 * began with and the new one are taken as if the author's files in them were as they are now, so that nothing is merged there.
 */
export function mergeTemplate(base: string, theirs: string): Merge {
  const [was, ours, new_] = [filesOf(base), filesOf('HEAD'), filesOf(theirs)];
  const isAuthors = (path: string) => authorsPaths.some((own) => path === own || path.startsWith(`${own}/`));
  const blob = (files: Files, path: string) => files.get(path)?.blob;
  const all = [...new Set([...was.keys(), ...ours.keys(), ...new_.keys()])];
  const kept = all.filter(
    (path) =>
      isAuthors(path) ||
      // What they deleted stays deleted, and what they made of a paper stays.
      (was.has(path) && !ours.has(path)) ||
      (papers.test(path) && blob(was, path) !== blob(ours, path)),
  );
  const overruled: string[] = [];
  const merged = new Map<string, string>();
  for (const path of all) {
    const blobs = [was, ours, new_].map((files) => blob(files, path));
    if (!/^[\w.-]+\.json$/.test(path) || kept.includes(path) || blobs.includes(undefined)) continue;
    if (new Set(blobs).size < 3) continue;
    const result = mergeText(
      path,
      blobs.map((id) => git(['cat-file', 'blob', id ?? ''])),
    );
    if (result === undefined) continue;
    merged.set(path, result.blob);
    if (path !== 'package-lock.json') overruled.push(...result.overruled.map((field) => `${path}: ${field}`));
  }
  const root = looseCommit(
    adapted(base, kept, ours, new Map([...merged.keys()].map((path) => [path, blob(ours, path) ?? '']))),
    'base',
  );
  const mine = looseCommit('HEAD^{tree}', 'ours', [root]);
  const update = looseCommit(adapted(theirs, kept, ours, merged), 'theirs', [root]);
  const { status, stdout, stderr } = tryGit([
    'merge-tree',
    '--write-tree',
    '-z',
    '--name-only',
    '--no-messages',
    mine,
    update,
  ]);
  if (status > 1) throw new Error(stderr);
  const [tree = '', ...conflicts] = list(stdout);
  const dependencies = (files: Files) => {
    const id = blob(files, 'package.json');
    const { dependencies: own, devDependencies: dev } = JSON.parse(id ? git(['cat-file', 'blob', id]) : '{}') as Record<
      string,
      object
    >;
    return JSON.stringify([own, dev]);
  };
  return {
    tree,
    conflicts: [...new Set(conflicts)],
    update,
    offered: kept
      .filter((path) => ours.has(path) || isAuthors(path))
      .filter((path) => blob(was, path) !== blob(new_, path) && blob(new_, path) !== blob(ours, path)),
    overruled,
    hasOwnDependencies: dependencies(was) !== dependencies(ours),
  };
}

/** A version of the template in which some files are the author's, and others are given. */
function adapted(treeish: string, kept: readonly string[], ours: Files, given: ReadonlyMap<string, string>): string {
  const directory = mkdtempSync(join(tmpdir(), 'template-index-'));
  try {
    const env = { GIT_INDEX_FILE: join(directory, 'index') };
    git(['read-tree', `${treeish}^{tree}`], { env });
    const line = (mode: string, blob: string, path: string) => `${mode} ${blob}\t${path}\0`;
    const lines = kept.map((path) => {
      const own = ours.get(path);
      return own ? line(own.mode, own.blob, path) : line('0', '0'.repeat(40), path);
    });
    for (const [path, blob] of given) lines.push(line('100644', blob, path));
    git(['update-index', '-z', '--index-info'], { env, input: lines.join('') });
    return git(['write-tree'], { env });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Undefined where one of them is no JSON: then it is merged as text. */
function mergeText(path: string, texts: readonly string[]): { blob: string; overruled: string[] } | undefined {
  let parsed: Parameters<typeof mergeJson>;
  try {
    parsed = texts.map((text) => JSON.parse(text) as never) as unknown as Parameters<typeof mergeJson>;
  } catch {
    return undefined;
  }
  const { merged, overruled } = mergeJson(...parsed);
  const text = `${JSON.stringify(merged, undefined, 2)}\n`;
  return { blob: git(['hash-object', '-w', '--stdin'], { input: formatted(path, text) }), overruled };
}

/** As `npm run check` wants it, where Biome is there. */
function formatted(path: string, text: string): string {
  const biome = join('node_modules', '.bin', 'biome');
  const { status, stdout } = spawnSync(biome, ['format', `--stdin-file-path=${path}`], {
    encoding: 'utf8',
    input: text,
    maxBuffer: 1 << 28,
    shell: process.platform === 'win32',
  });
  return status === 0 && stdout !== '' ? stdout : text;
}

/** Leaves a merge with conflicts in the project's files, as `git merge` does: `git commit` ends it. */
export function leaveMerge(update: string, template: string, message: string): void {
  tryGit(['cherry-pick', '--no-commit', update]);
  const file = (name: string) => git(['rev-parse', '--git-path', name]);
  writeFileSync(file('MERGE_HEAD'), `${template}\n`);
  writeFileSync(file('MERGE_MODE'), 'no-ff');
  writeFileSync(file('MERGE_MSG'), `${message}\n`);
}
