import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Certificate } from './certificate.ts';
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
 * @param certificate the port speaks TLS too, to whoever begins with that.
 * @throws {StartError} where something listens already.
 */
export async function takePort(named: NamedPort, certificate?: Certificate): Promise<TakenPort> {
  const serving = Promise.withResolvers<RequestListener>();
  let listener: RequestListener | undefined;
  const closers: (() => Promise<void>)[] = [];
  const close = async () => void (await Promise.all(closers.map((each) => each())));
  const answer: RequestListener = (request, response) => {
    if (listener) listener(request, response);
    else void serving.promise.then((serve) => serve(request, response));
  };
  const prepared = <Prepared extends Server>(server: Prepared): Prepared => {
    server.maxHeadersCount = 0;
    server.on('clientError', refuse);
    return server;
  };
  for (const host of loopback) {
    const plain = prepared(createServer({ maxHeaderSize: maximumRequestHeadBytes }, answer));
    const tls =
      certificate && prepared(createTlsServer({ ...certificate, maxHeaderSize: maximumRequestHeadBytes }, answer));
    const server = tls === undefined ? plain : eitherOf(plain, tls);
    try {
      if (!(await bind(server, named, host))) continue;
      closers.push(async () => {
        const closed = new Promise((resolve) => server.close(resolve));
        plain.closeAllConnections();
        await closed;
      });
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

/** The first byte of a connection that begins with TLS: a handshake record (RFC 8446 §5.1). HTTP begins with a letter. */
const tlsHandshake = 22;

/** Listens for both, and hands each connection to the server that speaks what it begins with. Ends them all when it is closed. */
function eitherOf(plain: Server, tls: Server): ReturnType<typeof createSocketServer> {
  const sockets = new Set<Socket>();
  const server = createSocketServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
    socket.once('data', (first: Buffer) => {
      socket.pause();
      socket.unshift(first);
      (first[0] === tlsHandshake ? tls : plain).emit('connection', socket);
      process.nextTick(() => socket.resume());
    });
  });
  const close = server.close.bind(server);
  server.close = (closed) => {
    for (const socket of sockets) socket.destroy();
    return close(closed);
  };
  return server;
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
