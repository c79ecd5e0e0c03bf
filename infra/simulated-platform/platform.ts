import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { authorizeRoute, isConsentForm, signedAuthorizePath } from './authorize.ts';
import { controlRoute } from './control.ts';
import { deliver, disturb, isHandled } from './deliver.ts';
import type { Delivery } from './deliveries.ts';
import { endLine, isWorthALine, startLine } from './describe-request.ts';
import { extensionDetailsRoute } from './extension-details.ts';
import { judgeV1Signature } from './fp-signature.ts';
import { type Answer, type HttpClient, json, page, type RequestRecord, receive } from './http.ts';
import { isActivityPoll } from './panel/activity.ts';
import { messagePage } from './panel/layout.ts';
import { notFound, panelRoute, toolsRoute } from './panel/panel.ts';
import { platformApiRoute } from './platform-api.ts';
import { platformNow } from './settings.ts';
import { createState, type Extension, type State } from './state.ts';
import { useStateFile } from './state-file.ts';
import { applicationApiRoute } from './storefront/application-api.ts';
import { storefrontRoute } from './storefront/storefront.ts';
import { refuseStranger } from './strangers.ts';
import { eventDetailsRoute } from './subscriber-api.ts';
import { tokenRoute } from './token-endpoint.ts';

/** A platform that serves. */
export type RunningPlatform = { origin: string; close(): Promise<void> };

/** Which extension is registered, and where to listen (port 0 or none: a free one). */
export type PlatformOptions = {
  port?: number;
  host?: '127.0.0.1';
  extension: Extension;
  /** Where grants, tokens and subscribers outlive this process; none: they don't. */
  stateFile?: string | undefined;
  /** Gets one line per request. */
  log?: (line: string) => void;
  /** Gets every record when its request arrives; what becomes of the request is noted in it later. */
  onRequest?: (record: RequestRecord) => void;
  /** Gets every delivery that succeeded or was given up. */
  onDelivered?: (delivery: Delivery) => void;
};

const publicRoutes = [
  tokenRoute,
  extensionDetailsRoute,
  authorizeRoute,
  eventDetailsRoute,
  platformApiRoute,
  applicationApiRoute,
  storefrontRoute,
  panelRoute,
];

/** Consent forms are posted with the signature that the address had when it was shown. */
function judgeSignature(state: State, request: Omit<HttpClient, 'record'>): RequestRecord['signature'] {
  return isConsentForm({ ...request, path: withoutRegion(state, request.path) })
    ? judgeV1Signature({ method: 'GET', path: signedAuthorizePath(request), headers: request.headers })
    : judgeV1Signature({ method: request.method, path: request.url, headers: request.headers, body: request.body });
}

/** The bearer token, or the refresh token in a form. */
function credentialOf({ headers, body }: Omit<HttpClient, 'record'>): string {
  const [, bearer] = /^bearer ([^ ]+)$/i.exec(headers['authorization'] ?? '') ?? [];
  if (bearer !== undefined || !headers['content-type']?.startsWith('application/x-www-form-urlencoded'))
    return bearer ?? '';
  return new URLSearchParams(body.toString('utf8')).get('refresh_token') ?? '';
}

function startRecord(state: State, request: Omit<HttpClient, 'record'>): RequestRecord {
  const grant = state.grants.grantOf(credentialOf(request));
  return {
    at: new Date().toISOString(),
    method: request.method,
    url: request.url,
    headers: request.headers,
    body_base64: request.body.toString('base64'),
    status: null,
    signature: judgeSignature(state, request),
    ...(grant && { grant: { id: grant.id, mode: grant.mode, ended: grant.ended } }),
  };
}

/** The path that a cluster of one region would serve; what names no region of ours stays as it is. */
function withoutRegion({ settings, extension }: State, path: string): string {
  const [, region, rest] = /^\/region\/([^/]+)(\/service\/.*)$/.exec(path) ?? [];
  if (region === undefined || rest === undefined) return path;
  return region === extension.region || settings.regions.includes(region) ? rest : path;
}

async function answerPublic(state: State, httpClient: HttpClient): Promise<Answer> {
  for (const route of publicRoutes) {
    const answer = await route(state)(httpClient);
    if (answer) return answer;
  }
  return notFound(httpClient, `${httpClient.path} leads nowhere here.`);
}

/** What is said where the simulated platform itself is wrong. */
const failed = (accept = ''): Answer =>
  accept.includes('text/html')
    ? page(500, messagePage('The simulated platform failed', 'The terminal in which it runs says why.'))
    : json(500, { message: 'The simulated platform failed' });

async function serve(
  state: State,
  save: () => void,
  request: IncomingMessage,
  response: ServerResponse,
  { log = () => {}, onRequest }: PlatformOptions,
): Promise<void> {
  const received = await receive(request);
  if (state.settings.clockSkewSeconds !== 0) response.setHeader('date', platformNow(state.settings).toUTCString());
  const httpClient: HttpClient = {
    ...received,
    path: withoutRegion(state, received.path),
    record: startRecord(state, received),
  };
  const stranger = refuseStranger(received, state.origin);
  if (stranger) return deliver(response, httpClient, stranger);
  const control = (await controlRoute(state)(httpClient)) ?? (await toolsRoute(state)(httpClient));
  if (control) {
    save();
    return deliver(response, httpClient, control);
  }
  if (isActivityPoll(httpClient)) return deliver(response, httpClient, await answerPublic(state, httpClient));
  state.recording.add(httpClient.record);
  // By which Fynd finds a call in its own logs.
  if (httpClient.path.startsWith('/service/')) response.setHeader('x-fynd-trace-id', randomBytes(16).toString('hex'));
  const startedAt = performance.now();
  const line = isWorthALine(httpClient) ? startLine(state, httpClient) : undefined;
  onRequest?.(httpClient.record);
  await state.interceptions.pass(httpClient, 'request');
  const fault = state.interceptions.takeFault(httpClient);
  if (fault) httpClient.record.fault = fault;
  const real = fault === undefined || isHandled(fault) ? await answerPublic(state, httpClient) : undefined;
  save();
  await state.interceptions.pass(httpClient, 'answer');
  const answer = fault === undefined && real ? real : disturb(fault ?? {}, real);
  await deliver(response, httpClient, answer, fault);
  if (line) endLine(state, line, httpClient, answer, startedAt);
  const { method, record } = httpClient;
  log([record.status || '---', method, httpClient.path, record.user && `as ${record.user}`].filter(Boolean).join(' '));
}

/**
 * Starts the simulated Fynd Platform. Rejects when the port is taken.
 * @throws {StateFileError}
 */
export async function startPlatform(options: PlatformOptions): Promise<RunningPlatform> {
  const state = createState(options.extension, options.onDelivered);
  const log = options.log ?? (() => {});
  const save = options.stateFile === undefined ? () => {} : useStateFile(state, options.stateFile, log);
  const server = createServer((request, response) => {
    serve(state, save, request, response, options).catch((error: unknown) => {
      if (request.errored) return;
      log(`500 ${request.method} ${error instanceof Error ? error.stack : 'unknown'}`);
      const answer = failed(request.headers.accept);
      if (!response.headersSent) response.writeHead(answer.status, answer.headers);
      response.end(answer.body);
    });
  });
  server.keepAliveTimeout = 65_000;
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1', listening.resolve);
  await listening.promise;
  state.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin: state.origin,
    async close() {
      state.interceptions.reset();
      state.deliveries.reset();
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}
