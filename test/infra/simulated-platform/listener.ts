import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterAll, beforeEach } from 'vitest';
import { extension } from './simulated.ts';

/** A call that an extension received. */
export type Heard = { url: string; headers: Record<string, unknown>; body: string };

/** An extension's server for the tests of one file: it remembers what it hears and answers what it is told. */
export const listener = {
  heard: [] as Heard[],
  /** The status of the next answers, in turn; then 200. 0 never answers. */
  statuses: [] as number[],
};

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    listener.heard.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() });
    const status = listener.statuses.shift() ?? 200;
    if (status > 0) response.writeHead(status).end('{"success":true}');
  });
});

server.listen(0, '127.0.0.1');
await once(server, 'listening');
// Before any hook runs: the platform is started knowing this address.
extension.baseUrl = `http://127.0.0.1:${(server.address() as { port: number }).port}`;

beforeEach(() => {
  listener.heard = [];
  listener.statuses = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
