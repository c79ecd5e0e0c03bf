import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { ConfigurationError } from '../../shared/config.ts';
import { ownFolders } from '../../shared/contract.ts';

/** Paths in the front end, such as `assets/index-Ctd-GNbW.js`, and what is there. */
export type FrontEnd = ReadonlyMap<string, Buffer>;

/** Lambda takes 250 MB of code, and loads it when an instance starts. */
const maxTotalBytes = 50_000_000;

/**
 * The files of the folder that `page` names. Dotfiles, source maps and tests are left out.
 * @throws {ConfigurationError} with a sentence about a folder that is not there, has no page, or cannot be served.
 */
export function readFrontEnd(page: string): FrontEnd {
  const refuse = (sentence: string) => new ConfigurationError(`extension.config.ts: page names ${page}, ${sentence}`);
  const root = resolve(page);
  const found = statSync(root, { throwIfNoEntry: false });
  if (found === undefined) {
    throw refuse('a folder that does not exist. Build the front end first, or name the folder that its build writes.');
  }
  if (!found.isDirectory()) throw refuse('which is no folder.');
  const names = readdirSync(root);
  if (names.length === 0) throw refuse('a folder with nothing in it. Build the front end first.');
  const source = ['package.json', 'node_modules'].find((name) => names.includes(name));
  if (source !== undefined) {
    throw refuse(
      `which has ${source} in it: these are sources. Name the folder that the build writes, such as ${page}/dist.`,
    );
  }
  if (!statSync(join(root, 'index.html'), { throwIfNoEntry: false })?.isFile()) {
    throw refuse('a folder without index.html, which is the page.');
  }
  const files = new Map<string, Buffer>();
  let totalBytes = 0;
  for (const path of listFiles(root, refuse)) {
    const first = path.split('/', 1)[0] ?? '';
    if (ownFolders.has(first) || first.startsWith('_')) {
      throw refuse(`whose ${path} could not be reached: paths below /${first} are the extension's own.`);
    }
    totalBytes += statSync(join(root, path)).size;
    if (totalBytes > maxTotalBytes) {
      throw refuse(
        `which holds more than ${maxTotalBytes / 1_000_000} MB: so much fits into the function that serves it.`,
      );
    }
    files.set(path, readFileSync(join(root, path)));
  }
  return files;
}

/** Paths of what is served, in an order that does not depend on the machine. */
function listFiles(root: string, refuse: (sentence: string) => ConfigurationError): string[] {
  const realRoot = realpathSync(root);
  const paths: string[] = [];
  const visit = (folder: string, ancestors: readonly string[]) => {
    for (const name of readdirSync(join(root, folder))) {
      if (/^\.|\.map$|\.test\.[cm]?[jt]sx?$/.test(name)) continue;
      const path = folder === '' ? name : `${folder}/${name}`;
      const full = join(root, path);
      const real = lstatSync(full).isSymbolicLink() ? targetOf(full) : undefined;
      if (real === null) throw refuse(`whose ${path} is a link that leads nowhere.`);
      if (real !== undefined && !`${real}${sep}`.startsWith(`${realRoot}${sep}`)) {
        throw refuse(`whose ${path} is a link out of it. Put the file itself there.`);
      }
      const entry = statSync(full);
      if (entry.isFile()) paths.push(path);
      else if (!entry.isDirectory()) throw refuse(`whose ${path} is neither a file nor a folder.`);
      else if (ancestors.includes(realpathSync(full)))
        throw refuse(`whose ${path} is a link to a folder that it is in.`);
      else visit(path, [...ancestors, realpathSync(full)]);
    }
  };
  visit('', [realRoot]);
  return paths.sort();
}

/** Null where a link leads nowhere, or round and round. */
function targetOf(link: string): string | null {
  try {
    return realpathSync(link);
  } catch {
    return null;
  }
}
