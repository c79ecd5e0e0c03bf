import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { StartError } from '../../local/host/start-error.ts';
import { git, list, looseCommit, tryGit } from './git.ts';

/** A version of the template, as a commit in this repository. */
export interface TemplateVersion {
  readonly commit: string;
  /** Tag, or what else a person calls it. */
  readonly name: string;
  /** Address that later updates may use; undefined for a file. */
  readonly source: string | undefined;
  /** Whether what came before is known, too. */
  readonly hasHistory: boolean;
}

/** Tags of versions: the author's own `v1.0.0` is none of them. */
export const tagPattern = 'template-v*';
const references = 'refs/template';

/** Where updates come from when nobody says it: the remote `template`, the source of the last update, the remote `origin`. */
export function usualSource(): string {
  const remote = (name: string) => tryGit(['remote', 'get-url', name]).stdout.trim() || undefined;
  const recorded = git([
    'log',
    '-1',
    '--grep',
    '^Template-Source: ',
    '--format=%(trailers:key=Template-Source,valueonly)',
  ]).trim();
  const source = remote('template') ?? (recorded || remote('origin'));
  if (source) return source;
  throw new StartError(
    'Say where the template is: npm run update-template -- --from https://… (or a .tar.gz), or git remote add template https://….',
  );
}

/**
 * Brings the wanted version of the template into this repository, under references of its own. `wanted` is a tag or a
 * branch; undefined: the newest tag, or where there is none, what the remote shows first.
 * @throws {StartError} with a sentence.
 */
export async function findTemplate(source: string, wanted: string | undefined): Promise<TemplateVersion> {
  if (source.startsWith('-')) throw new StartError('--from must be the address of a repository or a tarball.');
  return /\.(tgz|tar\.gz|tar)$/.test(source) ? await readTarball(source) : fetchVersion(source, wanted);
}

function fetchVersion(source: string, wanted: string | undefined): TemplateVersion {
  const fetch = (...refspecs: string[]) =>
    tryGit(['fetch', '--no-tags', '--force', '--prune', '--quiet', '--', source, ...refspecs]);
  const { status, stderr } = fetch(
    `+refs/tags/${tagPattern}:${references}/tags/${tagPattern}`,
    `+HEAD:${references}/head`,
  );
  const shown = withoutPassword(source);
  if (status !== 0) {
    const reason = stderr.trim().split('\n').at(-1)?.replaceAll(source, shown) ?? '';
    throw new StartError(`The template at ${shown} cannot be fetched: ${reason}`);
  }
  const newest = list(git(['for-each-ref', '--sort=-v:refname', '--format=%(refname)', `${references}/tags`])).find(
    (name) => /-v\d+(\.\d+)*$/.test(name),
  );
  let reference = newest ?? `${references}/head`;
  if (wanted !== undefined) {
    reference = `${references}/tags/${wanted}`;
    if (tryGit(['rev-parse', '--verify', '--quiet', reference]).status !== 0) {
      reference = `${references}/wanted`;
      if (wanted.startsWith('-') || fetch(`+${wanted}:${reference}`).status !== 0) {
        throw new StartError(`The template at ${shown} has no tag or branch ${wanted}.`);
      }
    }
  }
  const commit = git(['rev-parse', `${reference}^{commit}`]);
  const name = wanted ?? newest?.split('/').at(-1) ?? `its newest state, ${commit.slice(0, 9)},`;
  return { commit, name, source: shown, hasHistory: true };
}

async function readTarball(source: string): Promise<TemplateVersion> {
  const directory = mkdtempSync(join(tmpdir(), 'template-'));
  try {
    const file = /^https?:/.test(source) ? await download(source, join(directory, 'template.tar')) : resolve(source);
    if (!existsSync(file) || !statSync(file).isFile()) throw new StartError(`${source} does not exist.`);
    const content = mkdtempSync(join(directory, 'content-'));
    if (spawnSync('tar', ['-xf', file, '-C', content], { stdio: 'ignore' }).status !== 0) {
      throw new StartError(
        `${withoutPassword(source)} cannot be unpacked: it must be a tar file, such as GitHub's "Source code (tar.gz)".`,
      );
    }
    // What git and GitHub pack has one folder around all.
    const [only, ...others] = readdirSync(content);
    const root = only !== undefined && others.length === 0 ? join(content, only) : content;
    const description = join(root, 'package.json');
    if (!existsSync(description) || !existsSync(join(root, 'infra', 'app.ts'))) {
      throw new StartError(
        `${withoutPassword(source)} does not hold the template: it has no package.json and infra/app.ts.`,
      );
    }
    const { version } = JSON.parse(readFileSync(description, 'utf8')) as { version?: unknown };
    const env = { GIT_INDEX_FILE: join(directory, 'index'), GIT_WORK_TREE: root };
    git(['-c', 'core.autocrlf=false', 'add', '--all', '--force', '--', '.', ':!node_modules'], {
      env: { ...env, GIT_DIR: git(['rev-parse', '--absolute-git-dir']) },
    });
    const name = `the tarball's ${String(version)}`;
    return {
      commit: looseCommit(git(['write-tree'], { env }), `Template: ${name}`),
      name,
      source: undefined,
      hasHistory: false,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function download(url: string, file: string): Promise<string> {
  const response = await fetch(url).catch(() => undefined);
  if (!response?.ok)
    throw new StartError(`${withoutPassword(url)} cannot be downloaded (${response?.status ?? 'no answer'}).`);
  writeFileSync(file, Buffer.from(await response.arrayBuffer()));
  return file;
}

function withoutPassword(address: string): string {
  return address.replace(/^(\w+:\/\/)[^/@]*@/, '$1');
}
