import type { PlatformUser } from '../../shared/fynd/token-response.ts';
import { createHttpClient, deadlineIn } from '../../shared/http/http-client.ts';
import { callAsUser, type PlatformResponse } from '../../shared/platform/call-as-user.ts';
import {
  createPlatformClient,
  type PlatformClient,
  PlatformResponseError,
} from '../../shared/platform/platform-client.ts';
import { AppError } from '../../shared/problems.ts';
import { type LiveSession, requireLive } from '../../shared/session/live-session.ts';
import { ownerOf } from '../../shared/store/user-cache.ts';
import { companyOf } from '../../shared/tenant.ts';
import { http, type LambdaHandler } from './http/http.ts';
import type { HttpRequest, HttpResponse } from './http/http-messages.ts';
import { platformResponse } from './http/platform-response.ts';
import { requireSameOrigin } from './http/same-origin.ts';
import { placeOf, signedIn } from './http/signed-in.ts';
import { made } from './made-handlers.ts';
import { baseUrl, extension, now, once } from './settings.ts';
import { userCache } from './tables.ts';

/** What a route of the extension's author is given: everything in it is proven by the session. */
export interface ApiContext {
  /** The Platform API as this person, through this person's cache. */
  readonly platform: PlatformClient;
  /** The company's id. */
  readonly company: string;
  /** The sales channel's id, where the route's path has `{application_id}`. */
  readonly application: string | undefined;
  readonly user: PlatformUser;
  /** The configured scopes that this person holds. */
  readonly scopes: readonly string[];
  readonly request: Pick<HttpRequest, 'method' | 'pathParameters' | 'query' | 'headers' | 'body'> & {
    /** @throws {AppError} `invalid_request` where the body is no JSON. */
    json(): unknown;
  };
}

const budgetMs = 25_000;
const httpClient = once(createHttpClient);

/**
 * Makes a Lambda handler of a route that needs a signed-in person. What `handle` answers becomes JSON (undefined:
 * 204); a `Response` is sent as it is. An AppError, or a refusal of the platform, becomes the answer.
 */
export function api(handle: (context: ApiContext) => Promise<unknown>): LambdaHandler {
  const handler = http(async (request) => {
    const deadline = deadlineIn(budgetMs);
    requireSameOrigin(request, baseUrl());
    const place = placeOf(request);
    return await signedIn(request, place, async (opened) => {
      const session: LiveSession = requireLive(opened, await userCache().view(ownerOf(opened)));
      const answers: PlatformResponse[] = [];
      const dependencies = { extension: extension(), userCache: userCache(), httpClient: httpClient(), now };
      const platform = createPlatformClient(async (call) => {
        const answer = await callAsUser(dependencies, session, call, deadline);
        answers.push(answer);
        return answer;
      });
      try {
        const result = await handle({
          platform,
          company: companyOf(session.tenant),
          application: place.applicationId,
          user: session.user,
          scopes: session.scopes,
          request: {
            ...request,
            // A handler that knows GET answers HEAD, and does nothing else.
            method: request.method === 'HEAD' ? 'GET' : request.method,
            json: () => parseJson(request.body),
          },
        });
        return await toResponse(result, answers);
      } catch (error) {
        if (error instanceof PlatformResponseError) return platformResponse(request, error.answer);
        throw error;
      }
    });
  });
  return made('api', handler);
}

async function toResponse(result: unknown, answers: readonly PlatformResponse[]): Promise<HttpResponse> {
  const cacheStatus = answers.map(({ headers }) => headers['cache-status']).filter((each) => each !== undefined);
  const headers = {
    'cache-control': 'private, no-cache',
    vary: 'Cookie',
    ...(cacheStatus.length === 0 ? {} : { 'cache-status': cacheStatus.join(', ') }),
  };
  const warning = answers.find((answer) => answer.warning !== undefined)?.warning;
  if (result instanceof Response) {
    const body = Buffer.from(await result.arrayBuffer());
    return { status: result.status, headers: { ...headers, ...Object.fromEntries(result.headers) }, body, warning };
  }
  if (result === undefined) return { status: 204, headers, warning };
  return {
    status: 200,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(result),
    warning,
  };
}

function parseJson(body: Buffer | undefined): unknown {
  try {
    return JSON.parse(body?.toString('utf8') ?? '');
  } catch {
    throw new AppError('invalid_request', 'The body must be JSON.');
  }
}
