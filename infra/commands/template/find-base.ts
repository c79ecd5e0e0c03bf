import { StartError } from '../../local/host/start-error.ts';
import type { TemplateVersion } from './find-template.ts';
import { filesOf, git, list, tryGit } from './git.ts';

/** What the project was made from, or last brought up to date with. */
export interface Base {
  /** A commit or a tree. */
  readonly treeish: string;
  /** How it was found, for a sentence; undefined where git itself knows. */
  readonly found: string | undefined;
}

/**
 * The version of the template that both sides began with. Git knows it where the histories join. Else the last update
 * noted it; else it is the state that both histories hold, as «use this template» makes it; else the most similar one.
 * @throws {StartError} where nothing is similar.
 */
export function findBase(template: TemplateVersion, named: string | undefined): Base {
  if (named !== undefined) {
    const { status, stdout } = tryGit(['rev-parse', '--verify', '--quiet', '--end-of-options', `${named}^{tree}`]);
    const inTemplate = tryGit(['rev-parse', '--verify', '--quiet', `refs/template/tags/${named}^{tree}`]);
    const tree = inTemplate.status === 0 ? inTemplate.stdout : stdout;
    if (status !== 0 && inTemplate.status !== 0) throw new StartError(`--base names no commit and no tag: ${named}.`);
    return { treeish: tree.trim(), found: undefined };
  }
  const common = tryGit(['merge-base', 'HEAD', template.commit]).stdout.trim();
  const noted = git([
    'log',
    '-1',
    '--grep',
    '^Template-Tree: ',
    '--format=%(trailers:key=Template-Tree,valueonly)',
  ]).trim();
  const isNoted = noted !== '' && tryGit(['cat-file', '-e', `${noted}^{tree}`]).status === 0;
  if (common !== '' && !(isNoted && !statesOf(common).some(({ tree }) => tree === noted))) {
    return { treeish: common, found: undefined };
  }
  if (isNoted) return { treeish: noted, found: 'as the last update noted' };
  const states = statesOf(template.hasHistory ? template.commit : 'HEAD');
  const others = template.hasHistory ? new Set(statesOf('HEAD').map(({ tree }) => tree)) : new Set<string>();
  const same = states.find(({ tree }) => others.has(tree));
  if (same !== undefined) return { treeish: same.commit, found: `your history begins with ${nameOf(same.commit)}` };
  return mostSimilar(states, template.hasHistory ? 'HEAD' : template.commit);
}

interface State {
  readonly commit: string;
  readonly tree: string;
}

/** Newest first. */
function statesOf(commit: string): State[] {
  return list(git(['log', '--format=%H %T', commit])).map((line) => {
    const [hash = '', tree = ''] = line.split(' ');
    return { commit: hash, tree };
  });
}

function mostSimilar(states: readonly State[], to: string): Base {
  const tree = git(['rev-parse', `${to}^{tree}`]);
  const files = filesOf(tree).size;
  const pairs = states.map((state) => `${state.tree} ${tree}\n`).join('');
  const counts = new Map(states.map((state) => [state.tree, 0]));
  let pair = '';
  // A line with each pair, then one for each file that differs.
  for (const line of list(git(['diff-tree', '-r', '--no-renames', '--stdin'], { input: pairs }))) {
    if (line.startsWith(':')) counts.set(pair, (counts.get(pair) ?? 0) + 1);
    else pair = line.split(' ')[0] ?? '';
  }
  const differing = Math.min(...counts.values());
  // Of equal ones the oldest.
  const { commit } = states.findLast((state) => counts.get(state.tree) === differing) ?? {};
  if (commit === undefined || differing > files / 2) {
    throw new StartError(
      'Nothing tells which version of the template this project was made from: name its tag or commit with --base.',
    );
  }
  return { treeish: commit, found: `most similar: ${nameOf(commit)}, in which ${differing} of ${files} files differ` };
}

function nameOf(commit: string): string {
  const tag = list(git(['for-each-ref', '--points-at', commit, '--format=%(refname)', 'refs/template/tags'])).at(0);
  return tag?.split('/').at(-1) ?? commit.slice(0, 9);
}
