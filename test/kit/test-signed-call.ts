import { createHmac } from 'node:crypto';
import { handler as autoInstall } from '../../functions/auto-install.ts';
import type { AuthorHandler } from '../../functions/runtime/http/author-handler.ts';
import { signatureDate, signV2 } from '../../shared/fynd/signature.ts';
import { gatewayEvent } from '../functions/fixture/event.ts';
import type { World } from '../functions/fixture/world.ts';
import { baseUrl } from '../shared/fixture/extension.ts';
import { offlineToken } from '../shared/fixture/sign-in.ts';
import { giveOwnValues, type OwnValues } from './own-values.ts';
import { ownWorld } from './own-world.ts';
import { answering, type PlatformAnswers, type PlatformCallMade } from './platform-answers.ts';
import { jsonOf, type RouteRequest, type RouteResponse, textOf } from './test-route.ts';

/** What is sent, to a company that installed the extension. Everything has a default. */
interface SignedRequest
  extends OwnValues,
    Pick<RouteRequest, 'pathParameters' | 'query' | 'headers' | 'body' | 'company' | 'platform'> {
  /** True: the company has not installed the extension. */
  readonly uninstalled?: boolean;
}

/** What the caller got, and what happened on the way. */
export interface SignedResponse extends Omit<RouteResponse, 'log'> {
  /** What the handler asked the storefront API for, in order. */
  readonly storefrontCalls: readonly PlatformCallMade[];
  /** The lines that the request wrote to the log, its own as the last. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
}

export interface StorefrontRequest extends SignedRequest {
  /** Default `GET`. */
  readonly method?: string;
  /** The sales channel. Default: one called `Shop`. */
  readonly application?: { readonly id?: string; readonly name?: string };
  /** Who is signed in at the storefront, e.g. `{ _id: 's1' }`. Default: nobody. */
  readonly shopper?: Readonly<Record<string, unknown>>;
  /** What the storefront API answers, in the form of `platform`. */
  readonly storefront?: PlatformAnswers;
}

export interface CallRequest extends SignedRequest {
  /** As it is written under `calls` in the configuration: it says what the call is signed with. */
  readonly route: string;
}

// The secret that the kit's world has.
const apiSecret = 'CANARY-api-secret';
const channel = '65a000000000000000000001';

/**
 * Calls a handler made by `storefront(…)` as the platform forwards a shopper's call, signed.
 * @throws {UnansweredCall} where the handler asks for what neither `platform` nor `storefront` answers.
 */
export async function testStorefront(handler: AuthorHandler, request: StorefrontRequest = {}): Promise<SignedResponse> {
  const { method = 'GET', storefront = {} } = request;
  return await send(handler, request, { routeKey: `${method} /ext/under-test`, verify: 'storefront' }, storefront, {
    ...applicationData(request),
    ...(request.shopper && { 'x-user-data': JSON.stringify(request.shopper) }),
  });
}

/**
 * Calls a handler made by `call(…)` or `companyCall(…)` as another server does, with the proof that its route asks for.
 * The company's id that is signed stands in `body`, where the configuration says so.
 * @throws {UnansweredCall} where the handler asks the platform for what `platform` does not answer.
 */
export async function testCall(handler: AuthorHandler, request: CallRequest): Promise<SignedResponse> {
  const { calls } = (await ownWorld()).extension;
  const configured = calls[request.route];
  if (configured === undefined) {
    const routes = Object.keys(calls).join(', ') || 'none';
    throw new Error(`The configuration has no call «${request.route}». It has: ${routes}.`);
  }
  const { verify } = configured;
  const headers = verify === 'storefront' ? applicationData(request) : {};
  return await send(handler, request, { routeKey: request.route, verify }, {}, headers);
}

function applicationData({ company = '1', application }: SignedRequest & Pick<StorefrontRequest, 'application'>) {
  const { id = channel, name = 'Shop' } = application ?? {};
  return { 'x-application-data': JSON.stringify({ _id: id, name, token: 'CANARY-app', company_id: company }) };
}

async function send(
  handler: AuthorHandler,
  request: SignedRequest,
  { routeKey, verify }: { readonly routeKey: string; readonly verify: 'checksum' | 'storefront' | 'none' },
  storefront: PlatformAnswers,
  proven: Readonly<Record<string, string>>,
): Promise<SignedResponse> {
  const world = await ownWorld();
  await giveOwnValues(request);
  const { pathParameters = {}, query = {}, company = '1' } = request;
  if (request.uninstalled) await world.tables.putInstallation(company, { status: { S: 'uninstalled' } });
  else await install(world, company);
  const platform = answering(request.platform ?? {});
  const visitor = answering(storefront);
  world.platform.answer = (received) =>
    received.url.startsWith('/service/application/') ? visitor.answer(received) : platform.answer(received);
  const [method = '', pattern = ''] = routeKey.split(' ');
  const path = pattern.replaceAll(/\{(\w+)\+?\}/g, (_, name: string) => pathParameters[name] ?? name);
  const text = textOf(request.body);
  const search = new URLSearchParams(query).toString();
  const headers = { ...(text === undefined ? {} : { 'content-type': 'application/json' }), ...proven };
  const target = path.split('/').map(encodeURIComponent).join('/') + (search === '' ? '' : `?${search}`);
  const proof =
    verify === 'none'
      ? {}
      : verify === 'checksum'
        ? {
            checksum: createHmac('sha256', apiSecret)
              .update(text ?? pathParameters['gid'] ?? query['gid'] ?? '')
              .digest('hex'),
          }
        : signature(method, target, proven, text);
  const event = gatewayEvent({
    method,
    path,
    query: search,
    headers: { ...headers, ...proof, ...request.headers },
    pathParameters,
    ...(text === undefined ? {} : { body: text }),
  });
  const answer = await world.send(handler, {
    ...event,
    routeKey,
    requestContext: { ...event.requestContext, routeKey },
  });
  platform.requireAnswered();
  visitor.requireAnswered();
  const { lines } = answer.log as { lines?: readonly string[] };
  return {
    status: answer.status,
    headers: answer.headers,
    text: answer.text,
    json: jsonOf(answer.headers['content-type'], answer.text),
    calls: platform.calls,
    storefrontCalls: visitor.calls,
    log: lines === undefined ? [answer.log] : lines.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

/** @param proven the platform's own headers; it signs no others of the caller's. */
function signature(method: string, target: string, proven: Readonly<Record<string, string>>, text: string | undefined) {
  const date = signatureDate(new Date());
  const signed = { host: new URL(baseUrl).host, 'x-fp-date': date, ...proven };
  const body = text === undefined ? undefined : Buffer.from(text);
  return { 'x-fp-date': date, 'x-fp-signature': signV2({ method, target, headers: signed, body }, date, apiSecret) };
}

/** As the platform installs an extension without a person, with a grant of all configured scopes. */
async function install(world: World, company: string): Promise<void> {
  world.platform.answer = () => ({
    headers: { 'content-type': 'application/json' },
    body: { ...offlineToken, scope: [...world.extension.scopes] },
  });
  const body = JSON.stringify({ company_id: company, code: 'CANARY-code' });
  const { status } = await world.send(autoInstall, gatewayEvent({ method: 'POST', path: '/fp/auto_install', body }));
  if (status !== 200) throw new Error(`The company ${company} could not be installed: ${status}.`);
}
