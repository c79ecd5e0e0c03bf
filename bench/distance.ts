import { createServer, type IncomingMessage, request as send } from 'node:http';
import type { Socket } from 'node:net';
import { listenInternally } from '../infra/local/host/listen.ts';

/**
 * Puts a distance before a service of this machine: what is sent through the origin that this returns takes `delayMs` for
 * a new connection and `delayMs` for each request. A connection that was opened in good time costs a request nothing.
 */
export async function startDistance(
  origin: string,
  delayMs: number,
  onRequest: (request: IncomingMessage) => void = () => undefined,
): Promise<string> {
  const { host, hostname, port } = new URL(origin);
  const openFromMs = new WeakMap<Socket, number>();
  const server = createServer((asked, answer) => {
    onRequest(asked);
    const { method, url: path } = asked;
    const passOn = () => {
      // Services of this machine refuse who asks for another host.
      const headers = { ...asked.headers, host };
      // No connection is kept on this side: one that the service just closed would be a fault of ours.
      const passedOn = send({ agent: false, hostname, port, method, path, headers }, (response) => {
        // What the service says about its connection is not about the one in front.
        const { connection: _c, 'keep-alive': _k, ...own } = response.headers;
        response.pipe(answer.writeHead(response.statusCode ?? 502, own));
      });
      passedOn.on('error', () => answer.destroy());
      asked.pipe(passedOn);
    };
    const nowMs = performance.now();
    const arrivesAtMs = Math.max(nowMs, openFromMs.get(asked.socket) ?? 0) + delayMs;
    setTimeout(passOn, Math.ceil(arrivesAtMs - nowMs));
  });
  server.keepAliveTimeout = 65_000;
  server.on('connection', (socket) => openFromMs.set(socket, performance.now() + delayMs));
  return await listenInternally(server);
}
