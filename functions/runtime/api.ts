import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import type { PlatformUser } from '../../shared/fynd/token-response.ts';
import { platformBudgetMs } from '../../shared/http/http-client.ts';
import { parseJson } from '../../shared/http/json.ts';
import { callAsUser, type PlatformResponse } from '../../shared/platform/call-as-user.ts';
import {
  createPlatformClient,
  type PlatformClient,
  PlatformResponseError,
} from '../../shared/platform/platform-client.ts';
import { AppError } from '../../shared/problems.ts';
import { personIn } from '../../shared/session/describe-session.ts';
import { type Chained, createChain, type Run } from './chain.ts';
import {
  type AuthorResult,
  headersWithoutCredentials,
  parseAuthorResult,
  toAuthorResult,
  withoutCredentials,
} from './http/author-messages.ts';
import { deadline } from './http/deadline.ts';
import { type HttpRequirement, http, type LambdaHandler } from './http/http.ts';
import type { HttpRequest } from './http/http-messages.ts';
import { live } from './http/live.ts';
import { platformResponse } from './http/platform-response.ts';
import { sameOrigin } from './http/same-origin.ts';
import { signedIn } from './http/signed-in.ts';
import { httpClient } from './http-client.ts';
import { made } from './made-handlers.ts';
import { extension, now } from './settings.ts';
import { userCache } from './tables.ts';

/** What a route of the extension's author is given. The session proves company, user and scopes, and nothing else is proven. */
export interface ApiContext {
  /** The Platform API as this person, through this person's cache. */
  readonly platform: PlatformClient;
  /** The company's id. */
  readonly company: string;
  /**
   * The id in the route's `{application_id}`. Anybody may write one there: the platform judges whose sales channel it is in
   * each call that names it, your own tables do not.
   */
  readonly claimedApplication: string | undefined;
  readonly user: PlatformUser;
  /** The configured scopes that this person holds. */
  readonly scopes: readonly string[];
  readonly request: Pick<HttpRequest, 'method' | 'pathParameters' | 'query' | 'headers' | 'body'> & {
    /** The body; an integer that no number holds is its text. @throws {AppError} `invalid_request` where it is no JSON. */
    json(): unknown;
  };
  /** Lambda's own event, without cookies and `Authorization`, and context: as middlewares left them. */
  readonly lambda: { readonly event: APIGatewayProxyEventV2; readonly context: Context };
}

/** Anybody's middleware (https://middy.js.org), over Lambda's event and result. */
export interface AuthorMiddleware {
  before?(chained: Chained<APIGatewayProxyEventV2, AuthorResult>): unknown;
  after?(chained: Chained<APIGatewayProxyEventV2, AuthorResult>): unknown;
  onError?(chained: Chained<APIGatewayProxyEventV2, AuthorResult>): unknown;
}

/** A route of the author's: what Lambda calls, open for more middlewares. */
export interface ApiHandler extends LambdaHandler {
  /** They run after all that `api` requires, which none of them can skip, around the author's own code. */
  use(middlewares: AuthorMiddleware | readonly AuthorMiddleware[]): ApiHandler;
}

interface AuthorChain {
  use(middlewares: AuthorMiddleware | readonly AuthorMiddleware[]): unknown;
  handler(
    handle: (event: APIGatewayProxyEventV2, context: Context) => Promise<AuthorResult>,
  ): Run<APIGatewayProxyEventV2, unknown>;
}

/**
 * Makes a Lambda handler of a route that needs a signed-in person. What `handle` resolves to becomes JSON
 * (undefined: 204); a `Response` is sent as it is. An AppError, or the platform's own error, becomes the response.
 * Middlewares of middy's may follow: `api(…).use(…)`.
 */
export function api(handle: (context: ApiContext) => Promise<unknown>): ApiHandler {
  const authors = createChain((run: Run<APIGatewayProxyEventV2, unknown>) => run) as AuthorChain;
  const route = http()
    .use(deadline(platformBudgetMs))
    .use(sameOrigin())
    .use(signedIn())
    .use(live())
    .use(platformErrors())
    .handler(async (request) => {
      const { session, reference, method, pathParameters, query, body, invocation } = request;
      const headers = headersWithoutCredentials(request.headers);
      const answers: PlatformResponse[] = [];
      const dependencies = { extension: extension(), userCache: userCache(), httpClient: httpClient(), now };
      const platform = createPlatformClient(async (call) => {
        const answer = await callAsUser(dependencies, session, call, request.deadline);
        answers.push(answer);
        return answer;
      });
      const run = authors.handler(async (event, context) =>
        toAuthorResult(
          await handle({
            platform,
            ...personIn(session),
            claimedApplication: reference.applicationId,
            request: {
              // A handler that knows GET answers HEAD, and does nothing else.
              method: method === 'HEAD' ? 'GET' : method,
              pathParameters,
              query,
              headers,
              body,
              json: () => jsonOf(body),
            },
            lambda: { event, context },
          }),
          answers,
        ),
      );
      const result = await run(withoutCredentials(invocation.event), invocation.context);
      return {
        ...parseAuthorResult(result),
        warning: answers.find((answer) => answer.warning !== undefined)?.warning,
      };
    });
  const handler: ApiHandler = Object.assign((...call: Parameters<LambdaHandler>) => route(...call), {
    use: (middlewares: AuthorMiddleware | readonly AuthorMiddleware[]) => {
      authors.use(middlewares);
      return handler;
    },
  });
  return made('api', handler);
}

/** What the platform refused goes on to the page as it is. */
function platformErrors(): HttpRequirement<HttpRequest> {
  return {
    onError(chained) {
      if (!(chained.error instanceof PlatformResponseError)) return;
      const { error } = chained;
      chained.response = { ...platformResponse(chained.event, error.response), error };
    },
  };
}

function jsonOf(body: Buffer | undefined): unknown {
  try {
    return parseJson(body?.toString('utf8') ?? '');
  } catch {
    throw new AppError('invalid_request', 'The body must be JSON.');
  }
}
