import { close, open, url } from 'node:inspector';
import { StartError } from '../host/start-error.ts';

/**
 * Listens for a debugger, on this machine alone; functions are its worker threads.
 * @throws {StartError} where the port cannot be listened on.
 */
export function openInspector(port: number): () => void {
  open(port, '127.0.0.1');
  if (url() === undefined) {
    throw new StartError(`Port ${port} (--inspect) is in use: name another one, as in --inspect=${port + 1}.`);
  }
  return () => close();
}
