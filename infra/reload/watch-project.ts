import { relative } from 'node:path';
import { watch } from 'chokidar';

/** Until nothing has changed for so long, an editor may still be writing, or a tool may be at its next file. */
const quietMilliseconds = 40;
/** A tool that never pauses is not waited for. */
const longestMilliseconds = 500;

export interface ProjectWatch {
  /** What has changed since it was last asked, from this process's directory; waits where nothing has. Empty at the end. */
  changes(): Promise<ReadonlySet<string>>;
  /** Whether something has changed that nobody has asked for yet. */
  readonly isPending: boolean;
  close(): Promise<void>;
}

/**
 * Watches the project's own files: not packages, what is built for the CDK, hidden files but `.env`, or tests' output. Editors that
 * save by renaming and folders that vanish and come back are chokidar's affair.
 * @param ignored more folders, such as the data directory.
 */
export async function watchProject(root: string, ignored: readonly string[]): Promise<ProjectWatch> {
  const isIgnored = (path: string) => {
    const file = relative(root, path).replaceAll('\\', '/');
    if (file === '.env') return false;
    return /(^|\/)(node_modules|cdk\.out|\.[^/]+)(\/|$)/.test(file) || ignored.includes(path);
  };
  const watcher = watch(root, { ignored: isIgnored, ignoreInitial: true, atomic: true });
  const changed = new Set<string>();
  let isClosed = false;
  let firstAt = 0;
  let isQuiet = true;
  let timer: NodeJS.Timeout | undefined;
  let wake = () => {};
  watcher.on('all', (_event, path) => {
    if (changed.size === 0) firstAt = performance.now();
    changed.add(relative('.', path).replaceAll('\\', '/'));
    clearTimeout(timer);
    const left = Math.max(0, firstAt + longestMilliseconds - performance.now());
    isQuiet = false;
    timer = setTimeout(
      () => {
        isQuiet = true;
        wake();
      },
      Math.min(quietMilliseconds, left),
    );
  });
  // A folder that may not be read is not watched; the rest is.
  watcher.on('error', () => undefined);
  await new Promise<void>((resolve) => watcher.once('ready', () => resolve()));
  return {
    get isPending() {
      return changed.size > 0;
    },
    async changes() {
      if (!isClosed && (changed.size === 0 || !isQuiet)) await new Promise<void>((resolve) => (wake = resolve));
      const taken = new Set(changed);
      changed.clear();
      return isClosed ? new Set() : taken;
    },
    async close() {
      isClosed = true;
      wake();
      clearTimeout(timer);
      await watcher.close();
    },
  };
}
