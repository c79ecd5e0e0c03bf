import type { AuthorHandler } from '../../functions/runtime/http/author-handler.ts';
import { extensionFor } from '../../shared/config.ts';
import type { PlatformUser } from '../../shared/fynd/token-response.ts';
import { sealSession, sessionCookieName } from '../../shared/session/sessions.ts';
import { companyTenant, organizationTenant } from '../../shared/tenant.ts';
import { gatewayEvent } from '../functions/fixture/event.ts';
import { testSession } from '../shared/fixture/extension.ts';
import { giveOwnValues, type OwnValues } from './own-values.ts';
import { ownWorld } from './own-world.ts';
import { answering, type PlatformAnswers, type PlatformCallMade } from './platform-answers.ts';

/** Who asks for what. Everything has a default: the owner of company 1, who holds all configured scopes, sends a GET. */
export interface RouteRequest extends OwnValues {
  /** Default `GET`. */
  readonly method?: string;
  /** What stands in the braces of the route, e.g. `{ item_id: '7' }`. */
  readonly pathParameters?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, text as it is. */
  readonly body?: unknown;
  /** The company's id. Default `1`. */
  readonly company?: string;
  /** The organization's id, for a handler made by `partnerApi(…)`: then no company asks. */
  readonly organization?: string;
  readonly user?: Partial<PlatformUser>;
  /** Those that the person holds. Default: all that the configuration asks for. */
  readonly scopes?: readonly string[];
  /** True: nobody is signed in. */
  readonly signedOut?: boolean;
  /** What the platform answers to what the handler asks it. */
  readonly platform?: PlatformAnswers;
}

/** What the browser got, and what happened on the way. */
export interface RouteResponse {
  readonly status: number;
  /** By lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The parsed body; undefined where it is no JSON. */
  readonly json: unknown;
  /** What the handler asked the platform for, in order. */
  readonly calls: readonly PlatformCallMade[];
  /** The line that the request wrote to the log. */
  readonly log: Readonly<Record<string, unknown>>;
}

let generation = 0;

/**
 * Calls a handler made by `api(…)` or `partnerApi(…)` as a signed-in person's browser does: through everything that it requires, with real
 * tables and a platform that answers as it is told. Each call begins with an empty cache.
 * @throws {UnansweredCall} where the handler asks the platform for what `platform` does not answer.
 */
export async function testRoute(handler: AuthorHandler, request: RouteRequest = {}): Promise<RouteResponse> {
  const world = await ownWorld();
  await giveOwnValues(request);
  const { company = '1', organization, query = {} } = request;
  const tenant = organization === undefined ? companyTenant(company) : organizationTenant(organization);
  const { scopes: configured } = extensionFor(world.extension, tenant);
  const { calls, answer, requireAnswered } = answering(request.platform ?? {});
  world.platform.answer = answer;
  generation += 1;
  await world.tables.putInstallation(tenant, { generation: { N: String(generation) } });
  const now = Date.now();
  const session = testSession({
    tenant,
    generation,
    user: { ...testSession().user, ...request.user },
    scopes: request.scopes ?? configured,
    signedInAtMs: now - 1_000,
    expiresAt: Math.floor(now / 1000) + 3_600,
  });
  const sealed = await sealSession(world.sessionKeys, configured, session);
  const json = textOf(request.body);
  const { status, headers, text, log } = await world.send(
    handler,
    gatewayEvent({
      method: request.method ?? 'GET',
      path: '/api/under-test',
      query: new URLSearchParams(query).toString(),
      headers: {
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        'sec-fetch-site': 'same-origin',
        [`x-${tenant.kind}-id`]: tenant.id,
        ...request.headers,
      },
      ...(request.pathParameters && { pathParameters: request.pathParameters }),
      ...(request.signedOut ? {} : { cookie: `${sessionCookieName(tenant)}=${sealed}` }),
      ...(json === undefined ? {} : { body: json }),
    }),
  );
  requireAnswered();
  return { status, headers, text, json: jsonOf(headers['content-type'], text), calls, log };
}

/** A body as it is sent: text as it is, all else as JSON. */
export function textOf(body: unknown): string | undefined {
  return body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
}

export function jsonOf(contentType: string | undefined, text: string): unknown {
  return /json/.test(contentType ?? '') && text !== '' ? JSON.parse(text) : undefined;
}
