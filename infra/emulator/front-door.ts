import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { Agent, request } from 'node:https';
import type { Emulator } from './emulator.ts';

/** Leads an address of this machine to an HTTP API in the emulator. */
export interface FrontDoor {
  readonly listener: RequestListener;
  close(): void;
}

/**
 * Hands each request on as it is, but for its Host: the emulator tells APIs apart by it. So a browser reaches the API over
 * plain HTTP at `localhost`, which it trusts, and under one address whatever the API is called.
 * @param apiId asked for each request; undefined: there is no API yet.
 */
export function openFrontDoor(
  { port, certificateFile }: Pick<Emulator, 'port' | 'certificateFile'>,
  apiId: () => string | undefined,
): FrontDoor {
  const agent = new Agent({ ca: readFileSync(certificateFile), servername: 'localhost', keepAlive: true });
  const listener: RequestListener = (incoming, response) => {
    const id = apiId();
    const refuse = (): void => {
      if (response.headersSent) return void response.destroy();
      response.writeHead(502, { 'content-type': 'application/json' }).end('{"message":"Bad Gateway"}');
    };
    if (id === undefined) return refuse();
    const outgoing = request({
      agent,
      host: '127.0.0.1',
      port,
      method: incoming.method,
      path: incoming.url,
      headers: ['Host', `${id}.execute-api.localhost:${port}`, ...ofTheMessage(incoming.rawHeaders)],
    });
    outgoing.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, ofTheMessage(answer.rawHeaders));
      answer.pipe(response).on('error', () => answer.destroy());
      answer.on('error', refuse);
    });
    outgoing.on('error', refuse);
    response.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  };
  return { listener, close: () => agent.destroy() };
}

/** Those that are about one connection stay there (RFC 9110 §7.6.1). */
function ofTheMessage(rawHeaders: readonly string[]): string[] {
  return rawHeaders.flatMap((name, index) =>
    index % 2 === 0 && !/^(?:host|connection|keep-alive)$/i.test(name) ? [name, rawHeaders[index + 1] ?? ''] : [],
  );
}
