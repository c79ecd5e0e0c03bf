// npm run update-template: brings a newer version of the template into an author's project.
import { existsSync, realpathSync } from 'node:fs';
import { StartError } from '../local/host/start-error.ts';
import { runCommand } from './run-command.ts';
import { findBase } from './template/find-base.ts';
import { findTemplate, type TemplateVersion, tagPattern, usualSource } from './template/find-template.ts';
import { git, tryGit } from './template/git.ts';
import { authorsPaths, leaveMerge, type Merge, mergeTemplate } from './template/merge-template.ts';

const usage = `npm run update-template [-- --from ADDRESS|TARBALL] [--to TAG|BRANCH] [--base TAG|COMMIT] [--dry-run]
npm run update-template -- --abort

Merges a newer version of the template into your project, in one commit. It does not touch your files:
${authorsPaths.join(', ')}; nor README.md and the like where you changed them. What the template
changed there is offered as a command that shows it.

  --from   a repository or a .tar.gz. Default: the remote "template", the source of the last update, the remote "origin"
  --to     default: the newest tag ${tagPattern}
  --base   the version that the project was made from, where nothing tells it
  --abort  gives up an update that waits for you to resolve conflicts
  --json   prints JSON`;

const options = {
  from: { type: 'string' },
  to: { type: 'string' },
  base: { type: 'string' },
  abort: { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
} as const;

const done = (result: 'given up' | 'up to date' | 'would be updated' | 'updated', text: string) => ({
  data: { result, says: text },
  text,
});

await runCommand({ usage, options }, async ({ values }) => {
  requireRepository();
  const isUnderWay = existsSync(git(['rev-parse', '--git-path', 'MERGE_HEAD']));
  if (values.abort) {
    if (!isUnderWay) throw new StartError('No update is under way.');
    git(['merge', '--abort']);
    return done('given up', 'The update was given up. Everything is as it was before.');
  }
  if (isUnderWay) {
    throw new StartError(
      'A merge is under way: end it with git commit, or give it up with npm run update-template -- --abort.',
    );
  }
  if (git(['status', '--porcelain', '--untracked-files=no']) !== '') {
    throw new StartError('There are changes that are not committed: commit them (or git stash), then run this again.');
  }
  if (!values['dry-run'] && tryGit(['var', 'GIT_COMMITTER_IDENT']).status !== 0) {
    throw new StartError('git does not know who you are: set user.name and user.email with git config first.');
  }
  const template = await findTemplate(values.from ?? usualSource(), values.to);
  const where = template.source === undefined ? '' : ` of ${template.source}`;
  if (tryGit(['merge-base', '--is-ancestor', template.commit, 'HEAD']).status === 0) {
    return done('up to date', `The project is up to date: it holds ${template.name}${where}.`);
  }
  const base = findBase(template, values.base);
  const found = base.found === undefined ? '' : `The update begins at: ${base.found}.\n`;
  const treeOf = (treeish: string) => git(['rev-parse', `${treeish}^{tree}`]);
  if (treeOf(base.treeish) === treeOf(template.commit)) {
    return done('up to date', `${found}The project is up to date: it holds ${template.name}${where}.`);
  }
  const merge = mergeTemplate(base.treeish, template.commit);
  const description = `${found}${describe(merge, base.treeish, template)}`;
  if (values['dry-run']) return done('would be updated', `${description}\nNothing was changed.`);

  const head = git(['rev-parse', 'HEAD']);
  const message = messageOf(template);
  if (merge.conflicts.length > 0) {
    leaveMerge(merge.update, template.commit, message);
    throw new StartError(`${description}

Next: resolve the conflicts (git status shows them), git add them, then git commit.
Give it up with npm run update-template -- --abort.`);
  }
  const commit = git(['commit-tree', merge.tree, '-p', head, '-p', template.commit, '-m', message]);
  git(['merge', '--ff-only', '--quiet', commit]);
  return done(
    'updated',
    `${description}

Next: ${merge.hasOwnDependencies ? 'npm install (you have dependencies of your own), ' : ''}npm run check, npm test, npm start.
Undo it with git reset --keep ${head.slice(0, 9)}.`,
  );
});

function requireRepository(): void {
  const top = tryGit(['rev-parse', '--show-toplevel']);
  if (top.status !== 0 || realpathSync(top.stdout.trim()) !== realpathSync('.')) {
    throw new StartError(
      'The project is not a git repository of its own: git init, git add --all and git commit first, then run this again.',
    );
  }
  if (tryGit(['rev-parse', '--verify', '--quiet', 'HEAD']).status !== 0) {
    throw new StartError('Nothing is committed yet: git add --all and git commit first, then run this again.');
  }
  const [, major = 0, minor = 0] = /(\d+)\.(\d+)/.exec(git(['--version'])) ?? [];
  if (Number(major) * 100 + Number(minor) < 238) throw new StartError('This needs git 2.38 or newer.');
}

/** The next update reads where this one ended. */
function messageOf({ name, commit, source }: TemplateVersion): string {
  const trailers = [`Template-Tree: ${git(['rev-parse', `${commit}^{tree}`])}`];
  if (source !== undefined && /^(https?|ssh|git):|^[\w.-]+@/.test(source)) trailers.push(`Template-Source: ${source}`);
  return `Update the template to ${name}\n\n${trailers.join('\n')}`;
}

function describe({ tree, conflicts, offered, overruled }: Merge, base: string, template: TemplateVersion): string {
  const changed = git(['diff', '--name-only', 'HEAD', tree]).split('\n').filter(Boolean).length;
  const block = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
  const folders = [...new Set(offered.map((path) => authorsPaths.find((own) => path.startsWith(own)) ?? path))];
  return [
    `The update to ${template.name} changes ${changed} ${changed === 1 ? 'file' : 'files'}.`,
    ...block('You and the template changed these in the same places:', conflicts),
    ...block('Both changed these, and the template’s value stands now:', overruled),
    ...block('The template changed these, which are yours and stay as they are:', offered),
    ...(offered.length === 0
      ? []
      : ['See how:', `  git diff ${base.slice(0, 12)} ${template.commit.slice(0, 12)} -- ${folders.join(' ')}`]),
  ].join('\n');
}
