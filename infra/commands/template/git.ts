import { spawnSync } from 'node:child_process';
import { StartError } from '../../local/host/start-error.ts';

interface Call {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Who makes the commits that are never on a branch. */
const nobody = { name: 'template', email: 'template@localhost' };
const asNobody: Readonly<Record<string, string>> = {
  GIT_AUTHOR_NAME: nobody.name,
  GIT_AUTHOR_EMAIL: nobody.email,
  GIT_COMMITTER_NAME: nobody.name,
  GIT_COMMITTER_EMAIL: nobody.email,
};

/** Runs git in the project's directory. */
export function tryGit(
  args: readonly string[],
  { input, env }: Call = {},
): { status: number; stdout: string; stderr: string } {
  const { status, stdout, stderr, error } = spawnSync('git', ['-c', 'core.quotePath=false', ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    input,
    env: { ...process.env, LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0', ...env },
  });
  if (error) throw new StartError(`git cannot be run (${(error as NodeJS.ErrnoException).code}): install it first.`);
  return { status: status ?? 1, stdout, stderr };
}

/** What git answers, without the line's end. @throws {StartError} with git's own words. */
export function git(args: readonly string[], call?: Call): string {
  const { status, stdout, stderr } = tryGit(args, call);
  if (status === 0) return stdout.trimEnd();
  const words = stderr
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('hint:'))
    .slice(-4)
    .join('\n');
  throw new StartError(`git ${args.find((word) => /^[a-z]/.test(word))} failed. ${words}`);
}

/** Lines, or names that end with a zero byte. */
export function list(text: string): string[] {
  return text.split(text.includes('\0') ? '\0' : '\n').filter(Boolean);
}

/** A commit that is on no branch. */
export function looseCommit(tree: string, message: string, parents: readonly string[] = []): string {
  return git(['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent]), '-m', message], { env: asNobody });
}

/** Paths with mode and blob. */
export function filesOf(tree: string, paths: readonly string[] = []): Map<string, { mode: string; blob: string }> {
  const lines = list(git(['ls-tree', '-r', '-z', '--full-tree', tree, '--', ...paths]));
  return new Map(
    lines.map((line) => {
      const [, mode = '', blob = '', path = ''] = /^(\d+) \w+ (\w+)\t([^]*)$/.exec(line) ?? [];
      return [path, { mode, blob }];
    }),
  );
}
