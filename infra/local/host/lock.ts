import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Held by this process alone until it is released or the process ends in whatever way. */
export interface Lock {
  release(): void;
}

/**
 * Takes what has this name, or gives undefined where another live process holds it. The lock is a socket that the
 * system closes with its process, so that a dead one blocks nobody (a process id could be somebody else's by now).
 */
export async function takeLock(name: string): Promise<Lock | undefined> {
  const address = addressOf(name);
  const server = (await listen(address)) ?? (await clearStale(address));
  server?.unref();
  return server && { release: () => void server.close() };
}

/** Whether a live process holds it. */
export async function isLocked(name: string): Promise<boolean> {
  const socket = connect(addressOf(name));
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Socket paths must be short, and file systems that are shared with containers or over a network may refuse them. */
function addressOf(name: string): string {
  const file = `local-extension-${createHash('sha256').update(name).digest('hex').slice(0, 24)}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${file}` : join(tmpdir(), `${file}.sock`);
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
