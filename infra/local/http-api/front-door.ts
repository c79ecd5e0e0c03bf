import { randomBytes } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { isLoopbackHost } from '../host/access.ts';
import type { Log } from '../host/log-entry.ts';
import { readBody } from '../host/read-body.ts';
import type { InvocationReport, Outcome } from '../lambda/function-instance.ts';
import { maximumEventBytes, type OpenFunction } from '../lambda/open-function.ts';
import { buildEvent, type Gateway } from './build-event.ts';
import { matchRoute, type Route } from './match-route.ts';
import { adjustForOwnTls } from './own-tls.ts';
import type { PageReload } from './page-reload.ts';
import { type Answer, processResult } from './process-result.ts';
import { showErrors } from './show-errors.ts';

/** Quotas of an HTTP API (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html). */
const maximumBodyBytes = 10_485_760;
const maximumHeaderBytes = 10_240;

export interface FrontDoor extends Gateway {
  readonly routes: readonly Route[];
  functionOf(route: Route): OpenFunction;
  readonly log: Log;
  /** Whether a failure tells what went wrong, to a browser on this machine. */
  readonly showsErrors: boolean;
  /** Has open pages load again; undefined: they are left alone. */
  readonly pages?: PageReload | undefined;
}

/** Answers as an API Gateway HTTP API in front of these functions does, payload format 2.0. */
export function frontDoor(door: FrontDoor): RequestListener {
  const note = (text: string) => door.log({ kind: 'note', text });
  return (request, response) => {
    if (door.pages?.answer(request, response, isOwnHost(request.headers.host, door.baseUrl))) return;
    const startedAt = performance.now();
    const requestId = `${randomBytes(11).toString('base64url').replaceAll(/[-_]/g, 'x')}=`;
    let route: Route | undefined;
    let report: InvocationReport | undefined;
    response.on('close', () => {
      const cacheStatus = response.getHeader('cache-status');
      door.log({
        kind: 'request',
        method: request.method ?? '',
        path: pathOf(request).slice(0, 200),
        // Where the client went away before the answer: nginx's number for it, since HTTP has none.
        status: response.headersSent ? response.statusCode : 499,
        milliseconds: performance.now() - startedAt,
        functionName: route && door.functionOf(route).label,
        cacheStatus: typeof cacheStatus === 'string' ? cacheStatus : undefined,
        problemCode: report?.logged.map(({ code }) => code).find((code) => typeof code === 'string'),
        dynamoDbCalls: report?.dynamoDbCalls,
        coldMilliseconds: report?.coldMilliseconds,
      });
    });
    const handle = async (): Promise<Answer> => {
      if (!isOwnHost(request.headers.host, door.baseUrl)) return gatewayAnswer(403, 'Forbidden');
      if (headerBytes(request) > maximumHeaderBytes) return gatewayAnswer(431, 'Request Header Fields Too Large');
      const path = decodePath(pathOf(request));
      if (path === undefined) return gatewayAnswer(400, 'Bad Request');
      const match = matchRoute(door.routes, request.method ?? '', withoutStage(path, door.stage));
      if (!match) return gatewayAnswer(404, 'Not Found');
      route = match.route;
      const body = await readBody(request, maximumBodyBytes);
      if (body === undefined) return gatewayAnswer(413, 'Request Entity Too Large');
      const received = {
        requestId,
        method: request.method ?? '',
        path,
        rawQueryString: queryOf(request),
        protocol: `HTTP/${request.httpVersion}`,
        rawHeaders: request.rawHeaders,
        body,
        sourceIp: (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
        receivedAt: new Date(),
      };
      const event = buildEvent(received, match, door);
      const json = JSON.stringify(event);
      if (Buffer.byteLength(json) > maximumEventBytes) return gatewayAnswer(413, 'Request Entity Too Large');
      const called = door.functionOf(route);
      const outcome = await within(
        route.timeoutMilliseconds,
        called.invoke(json, event.headers['x-amzn-trace-id'] ?? ''),
      );
      report = outcome?.report;
      if (outcome === undefined) return gatewayAnswer(503, 'Service Unavailable');
      if (outcome.kind === 'error') return gatewayAnswer(500, 'Internal Server Error');
      const answer = processResult(outcome.json);
      if (!('malformed' in answer)) {
        const isShown = door.showsErrors && isFromHere(request);
        const shown = isShown ? showErrors(answer, report?.errors ?? []) : answer;
        return adjustForOwnTls(request, door.pages?.listenFrom(shown) ?? shown, note);
      }
      door.log({ kind: 'output', source: called.label, text: `Malformed result: ${answer.malformed}.` });
      return gatewayAnswer(500, 'Internal Server Error');
    };
    handle().then(
      (answer) => send(request, response, answer, requestId),
      // Only a client that went away in the middle of its body comes here.
      () => response.destroy(),
    );
  };
}

function gatewayAnswer(status: number, message: string): Answer {
  return { status, headers: [['content-type', 'application/json']], body: Buffer.from(JSON.stringify({ message })) };
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer, requestId: string): void {
  // A body that nobody reads would keep the connection from its next request.
  request.resume();
  response.statusCode = answer.status;
  for (const [name, value] of answer.headers) response.appendHeader(name, value);
  response.setHeader('apigw-requestid', requestId);
  if (answer.status !== 204 && answer.status !== 304) response.setHeader('content-length', answer.body.length);
  response.end(answer.body);
}

async function within(milliseconds: number, outcome: Promise<Outcome>): Promise<Outcome | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  return Promise.race([outcome, over]).finally(() => clearTimeout(timer));
}

/**
 * API Gateway refuses hosts that are not the API's. Here those of loopback and, for tunnels, the base URL's are: a page
 * whose own name was made to lead to this machine is kept out.
 */
function isOwnHost(host: string | undefined, baseUrl: string): boolean {
  if (isLoopbackHost(host)) return true;
  const { host: own, hostname, protocol } = new URL(baseUrl);
  const withDefaultPort = `${hostname}:${protocol === 'https:' ? 443 : 80}`;
  return [own, withDefaultPort].includes((host ?? '').toLowerCase());
}

/** A tunnel asks from this machine, too, for somebody elsewhere. */
function isFromHere({ headers }: IncomingMessage): boolean {
  return isLoopbackHost(headers.host) && headers['x-forwarded-for'] === undefined && headers.forwarded === undefined;
}

/** The quota counts the request line and the values of all headers. */
function headerBytes(request: IncomingMessage): number {
  const line = `${request.method} ${request.url} HTTP/${request.httpVersion}`.length;
  return request.rawHeaders.reduce((sum, text, index) => (index % 2 === 1 ? sum + text.length : sum), line);
}

/** The path as it was sent; a target may carry the origin too (RFC 9112 §3.2.2). */
function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').replace(/^https?:\/\/[^/?]*/i, '').split('?', 1)[0] || '/';
}

function queryOf(request: IncomingMessage): string {
  const url = request.url ?? '';
  const mark = url.indexOf('?');
  return mark === -1 ? '' : url.slice(mark + 1);
}

/** HTTP APIs decode the path before anything else; a decoded `?` ends it. Undefined where it cannot be decoded. */
function decodePath(path: string): string | undefined {
  try {
    return decodeURIComponent(path).split('?', 1)[0];
  } catch {
    return undefined;
  }
}

function withoutStage(path: string, stage: string): string {
  if (stage === '$default') return path;
  const prefix = `/${stage}`;
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : '';
}
