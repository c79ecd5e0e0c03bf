import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import dynalite from 'dynalite';
import { closeServer, listenInternally } from '../host/listen.ts';
import { readBody } from '../host/read-body.ts';
import type { StandIn } from '../secrets/secrets-manager.ts';

/** Told of each request before it is carried out. Tables are physical names. */
export type OnDynamoDbRequest = (operation: string, tables: readonly string[], input: unknown) => void;

const maximumRequestBytes = 16_777_216;

/** DynamoDB on this machine, kept in the directory, for this run's functions only. */
export async function startDynamoDb(directory: string, onRequest: OnDynamoDbRequest): Promise<StandIn> {
  const server = dynalite({ path: directory, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  const [carryOut] = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  // dynalite throws when a client ends in the middle of its request, as a killed function does: it gets whole ones only.
  const answerWhole = async (request: IncomingMessage, response: ServerResponse) => {
    const body = (await readBody(request, maximumRequestBytes)) ?? Buffer.alloc(0);
    observe(request, body, onRequest);
    const { headers, method, url } = request;
    const whole = Object.assign(Readable.from(body.length > 0 ? [body] : []), { headers, method, url });
    carryOut?.(whole as unknown as IncomingMessage, response);
  };
  server.on('request', (request, response) => {
    answerWhole(request, response).catch(() => response.destroy());
  });
  return { endpoint: await listenInternally(server), close: () => closeServer(server) };
}

function observe(request: IncomingMessage, body: Buffer, onRequest: OnDynamoDbRequest): void {
  const operation = String(request.headers['x-amz-target'] ?? '').split('.')[1];
  if (operation === undefined) return;
  const input = JSON.parse(String(body) || '{}') as { TableName?: string; RequestItems?: Record<string, unknown> };
  onRequest(
    operation,
    input.TableName === undefined ? Object.keys(input.RequestItems ?? {}) : [input.TableName],
    input,
  );
}
