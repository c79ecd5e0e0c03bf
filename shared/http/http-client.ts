import * as http from 'node:http';
import * as https from 'node:https';
import { AppError } from '../problems.ts';

/** One HTTP request to a fixed origin. `target` (path and query) and `body` are sent to the byte. */
export interface HttpClientRequest {
  readonly origin: string;
  readonly method: string;
  readonly target: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  /** Where no response to this has a longer body: more is `platform_error`. */
  readonly maxResponseBytes?: number;
}

/** The response as it came: no redirect followed, no encoding undone. */
export interface HttpClientResponse {
  readonly status: number;
  /** Lower-case names; repeats joined by commas; `set-cookie` left out. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export type HttpClient = (request: HttpClientRequest, deadline: Deadline) => Promise<HttpClientResponse>;

/** A moment on this process's own clock by which all of a request's work must be done. */
export interface Deadline {
  /** Milliseconds left, at least 0. */
  remainingMs(): number;
}

export function deadlineIn(milliseconds: number): Deadline {
  const endsAt = performance.now() + milliseconds;
  return { remainingMs: () => Math.max(0, endsAt - performance.now()) };
}

/** How long a person waits, in all, for what a request asks of the platform. */
export const platformBudgetMs = 25_000;

/** More than this cannot travel on to a browser even compressed, so that reading it would only cost memory. */
const maxBytesToHandOn = 64 * 1024 * 1024;

/**
 * A connection that idled longer may have been closed by the other side while this process was frozen. A request sent
 * into it would be lost, and one that is not idempotent could not be repeated: so it gets a new connection.
 */
const maxIdleMs = 4_000;

/**
 * `fetch` would rewrite the path and the query (WHATWG URL), refuse a GET with a body and undo encodings, so this is
 * `node:http` with kept-alive connections. One is used again only where it is certain whose the next bytes are: not after
 * a response that has no body, nor after one that came before its request was sent.
 *
 * The function returned throws AppError `platform_timeout` when the deadline passes, `platform_error` when the platform
 * hangs up or answers what is no HTTP, or more than `maxResponseBytes`, `response_too_large` beyond 64 MiB.
 */
export function createHttpClient(): HttpClient {
  const agents = new Map<string, http.Agent>();
  let lastUsedAt = 0;

  return async ({ origin, method, target, headers, body, maxResponseBytes }, deadline) => {
    const url = new URL(origin);
    const secure = url.protocol === 'https:';
    const { Agent, request: send } = secure ? https : http;
    if (performance.now() - lastUsedAt > maxIdleMs) {
      // Those that nobody uses: a request that takes longer than this is still at its own.
      for (const { freeSockets } of agents.values()) {
        for (const socket of Object.values(freeSockets).flat()) socket?.destroy();
      }
    }
    lastUsedAt = performance.now();
    const agent = agents.get(url.protocol) ?? new Agent({ keepAlive: true });
    agents.set(url.protocol, agent);
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<HttpClientResponse>((resolve, reject) => {
        const request = send({
          agent,
          hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
          port: url.port || (secure ? 443 : 80),
          method,
          path: target,
          headers: { ...headers, ...(body === undefined ? {} : { 'content-length': String(body.byteLength) }) },
        });
        request.on('error', reject);
        // Without a listener, Node would close the connection and say nothing.
        request.on('upgrade', (_answer, socket) => {
          socket.destroy();
          reject(new AppError('platform_error', 'The platform answered in another protocol.'));
        });
        request.on('response', (response) => {
          const status = response.statusCode ?? 0;
          if (status < 200 || status > 599) {
            request.destroy();
            reject(new AppError('platform_error', 'The platform answered with a status that there is not.'));
            return;
          }
          // Whatever follows these is no body (RFC 9112 §6.3). Some servers send one all the same, maybe late: the next
          // request on that connection, another person's, would be answered by it.
          if (method === 'HEAD' || status === 204 || status === 304) {
            resolve({ status, headers: joinHeaders(response.headers), body: Buffer.alloc(0) });
            request.destroy();
            return;
          }
          const chunks: Buffer[] = [];
          let bytes = 0;
          response.on('error', reject);
          response.on('data', (chunk: Buffer) => {
            bytes += chunk.byteLength;
            if (bytes > (maxResponseBytes ?? maxBytesToHandOn)) {
              reject(
                maxResponseBytes === undefined
                  ? new AppError('response_too_large', 'The platform answered with more than can be handed on.')
                  : new AppError('platform_error', 'The platform answered with more than such an answer has.'),
              );
              request.destroy();
            } else chunks.push(chunk);
          });
          response.on('end', () => {
            resolve({ status, headers: joinHeaders(response.headers), body: Buffer.concat(chunks) });
            // What is left of a request that was answered early might be taken for the next one.
            if (!request.writableFinished) request.destroy();
          });
        });
        timer = setTimeout(() => {
          reject(new AppError('platform_timeout', 'The platform did not answer in time.'));
          request.destroy();
        }, Math.ceil(deadline.remainingMs()));
        request.end(body);
      });
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw new AppError('platform_error', 'The connection to the platform failed.', { cause: error });
    } finally {
      clearTimeout(timer);
      lastUsedAt = performance.now();
    }
  };
}

function joinHeaders(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && name !== 'set-cookie') joined[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return joined;
}
