import { existsSync, mkdirSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isLocked, takeLock } from './lock.ts';
import { StartError } from './start-error.ts';

/** A folder for what persists, held by this process alone until it is closed or ends in whatever way. */
export interface DataDirectory {
  readonly path: string;
  close(): void;
}

/**
 * Takes the folder, or gives undefined where another live process holds it.
 * @throws {StartError} where it is none, cannot be made or cannot be written.
 */
export async function openDataDirectory(path: string): Promise<DataDirectory | undefined> {
  try {
    makeFolder(resolve(path));
    const probe = join(path, `write-${process.pid}`);
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const problem = isFolder(path) ? 'cannot be written' : 'is not a folder and cannot be made one';
    throw new StartError(`${path} ${problem} (${code}): set LOCAL_DATA_DIR to a folder that can.`, { cause: error });
  }
  const lock = await takeLock(lockName(path));
  if (lock === undefined) return undefined;
  // Whoever left these did not get to remove them: nobody else uses this folder.
  for (const name of readdirSync(path)) {
    if (name.startsWith(assemblyPrefix)) rmSync(join(path, name), { recursive: true, force: true });
  }
  return { path, close: () => lock.release() };
}

/** Whether a live process holds the folder. */
export async function isDirectoryInUse(path: string): Promise<boolean> {
  return isLocked(lockName(path));
}

const assemblyPrefix = 'cdk.out-';

/** Where this run's cloud assembly goes, the first one or a later one. */
export function assemblyDirectory({ path }: DataDirectory, count = 0): string {
  return join(path, `${assemblyPrefix}${process.pid}${count === 0 ? '' : `-${count}`}`);
}

function lockName(path: string): string {
  return `data ${realpathSync(path)}`;
}

/** Folder by folder: for some paths, such as those in /proc, Node's recursive mkdir never ends. */
function makeFolder(path: string): void {
  if (isFolder(path)) return;
  if (!existsSync(dirname(path))) makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have been faster.
    if (!isFolder(path)) throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
