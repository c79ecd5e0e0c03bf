import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Lock, takeLock } from './lock.ts';
import { StartError } from './start-error.ts';

/** A port and what the person at the terminal calls it (`EXTENSION_PORT`). */
export interface NamedPort {
  readonly port: number;
  readonly name: string;
}

/** Browsers resolve `localhost` to either; a machine may have only one of them. */
const loopback = ['127.0.0.1', '::1'];
const maximumRequestHeadBytes = 16_777_216;

/** @throws {StartError} where something listens already. */
async function assertPortFree({ port, name }: NamedPort): Promise<void> {
  for (const host of loopback) {
    const server = createSocketServer();
    if (!(await bind(server, { port, name }, host))) continue;
    server.close();
    await once(server, 'close');
  }
}

/**
 * Keeps the port for a process that this command starts: of two commands that want it the second one learns so at once.
 * @throws {StartError} where something listens already, or another command of this project is about to.
 */
export async function claimPort({ port, name }: NamedPort): Promise<Lock> {
  const claim = await takeLock(`port ${port}`);
  if (claim === undefined) throw portInUse({ port, name });
  try {
    await assertPortFree({ port, name });
    return claim;
  } catch (error) {
    claim.release();
    throw error;
  }
}

/** A port that nothing listens on, outside the range that systems hand out by themselves. */
export async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(20_000, 32_000);
    const taken = await assertPortFree({ port, name: '' }).catch((error: unknown) => error);
    if (taken === undefined) return port;
  }
  throw new StartError('No free port was found.');
}

/** A port that is listened on. Until it is served, requests wait. */
export interface TakenPort extends NamedPort {
  serve(listener: RequestListener): void;
  /** Ends every connection, also those in the middle of an answer. */
  close(): Promise<void>;
}

/**
 * Listens on both loopback addresses, where the machine has them, before anything slow happens: whoever looks whether
 * somebody is there sees it, and the port is nobody else's.
 * @throws {StartError} where something listens already.
 */
export async function takePort(named: NamedPort): Promise<TakenPort> {
  const serving = Promise.withResolvers<RequestListener>();
  let listener: RequestListener | undefined;
  const servers: Server[] = [];
  const close = async () => void (await Promise.all(servers.map(closeServer)));
  for (const host of loopback) {
    const server = createServer({ maxHeaderSize: maximumRequestHeadBytes }, (request, response) => {
      if (listener) listener(request, response);
      else void serving.promise.then((serve) => serve(request, response));
    });
    server.maxHeadersCount = 0;
    server.on('clientError', refuse);
    try {
      if (await bind(server, named, host)) servers.push(server);
    } catch (error) {
      await close();
      throw error;
    }
  }
  return {
    ...named,
    serve(serve) {
      listener = serve;
      serving.resolve(serve);
    },
    close,
  };
}

/** A server for the functions of this run only: a port of the system's choice. */
export async function listenInternally(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

async function bind(
  server: ReturnType<typeof createSocketServer>,
  { port, name }: NamedPort,
  host: string,
): Promise<boolean> {
  try {
    server.listen({ port, host, exclusive: true });
    await once(server, 'listening');
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return false;
    if (code === 'EADDRINUSE') throw portInUse({ port, name }, error);
    if (code === 'EACCES') {
      throw new StartError(`Port ${port} (${name}) may not be used by you: set ${name} to a port from 1024 up.`, {
        cause: error,
      });
    }
    throw error;
  }
}

function portInUse({ port, name }: NamedPort, cause?: unknown): StartError {
  return new StartError(
    `Port ${port} (${name}) is in use: end the program that listens there, or set ${name} to another port.`,
    { cause },
  );
}

/** What is no HTTP, or has a head beyond all measure, still gets an answer. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [status, message] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'Request Header Fields Too Large']
      : ['400 Bad Request', 'Bad Request'];
  const body = JSON.stringify({ message });
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
}
