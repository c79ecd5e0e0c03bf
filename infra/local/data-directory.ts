import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartError } from './start-error.ts';

/** A folder for what persists, held by this process alone until it is closed or ends in whatever way. */
export interface DataDirectory {
  readonly path: string;
  close(): void;
}

/**
 * Takes the folder, or gives undefined where another live process holds it. The lock is a socket that the system
 * closes with its process, so that a dead one blocks nobody (a process id could be somebody else's by now).
 * @throws {StartError} where the folder cannot be made.
 */
export async function openDataDirectory(path: string): Promise<DataDirectory | undefined> {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(`${path} (LOCAL_DATA_DIR) cannot be used as a folder (${code}).`, { cause: error });
  }
  const address = lockAddress(realpathSync(path));
  const lock = (await listen(address)) ?? (await clearStale(address));
  if (lock === undefined) return undefined;
  lock.unref();
  // Whoever left these did not get to remove them: nobody else uses this folder.
  for (const name of readdirSync(path)) {
    if (name.startsWith(assemblyPrefix)) rmSync(join(path, name), { recursive: true, force: true });
  }
  return { path, close: () => void lock.close() };
}

/** Whether a live process holds the folder. */
export async function isDirectoryInUse(path: string): Promise<boolean> {
  const socket = connect(lockAddress(realpathSync(path)));
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

const assemblyPrefix = 'cdk.out-';

/** Where this run's cloud assembly goes. */
export function assemblyDirectory({ path }: DataDirectory): string {
  return join(path, `${assemblyPrefix}${process.pid}`);
}

/** Socket paths must be short, and file systems that are shared with containers or over a network may refuse them. */
function lockAddress(path: string): string {
  const name = `extension-data-${createHash('sha256').update(path).digest('hex').slice(0, 24)}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

async function listen(address: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  try {
    server.listen(address);
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}

async function clearStale(address: string): Promise<Server | undefined> {
  const socket = connect(address);
  try {
    await once(socket, 'connect');
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') return undefined;
    rmSync(address, { force: true });
    return await listen(address);
  } finally {
    socket.destroy();
  }
}
