import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { type Chained, createChain, type Run } from '../chain.ts';
import { type Maker, made } from '../made-handlers.ts';
import { type AuthorResult, parseAuthorResult } from './author-messages.ts';
import type { LambdaHandler } from './http.ts';
import type { HttpRequest, HttpResponse } from './http-messages.ts';
import { jsonOf } from './json-body.ts';

/** Lambda's own event, without what the author's code must not see, and context: as middlewares left them. */
export interface LambdaCall {
  readonly event: APIGatewayProxyEventV2;
  readonly context: Context;
}

/** What a handler of the author's sees of a request. */
export type AuthorRequest = Pick<HttpRequest, 'method' | 'pathParameters' | 'query' | 'headers' | 'body'> & {
  /** The body; an integer that no number holds is its text. @throws {AppError} `invalid_request` where it is no JSON. */
  json(): unknown;
};

/** Anybody's middleware (https://middy.js.org), over Lambda's event and result. */
export interface AuthorMiddleware {
  before?(chained: Chained<APIGatewayProxyEventV2, AuthorResult>): unknown;
  after?(chained: Chained<APIGatewayProxyEventV2, AuthorResult>): unknown;
  onError?(chained: Chained<APIGatewayProxyEventV2, AuthorResult>): unknown;
}

/** A route of the author's: what Lambda calls, open for more middlewares. */
export interface AuthorHandler extends LambdaHandler {
  /** They run after all that the maker requires, which none of them can skip, around the author's own code. */
  use(middlewares: AuthorMiddleware | readonly AuthorMiddleware[]): AuthorHandler;
}

/** Refuses, with a sentence, a handler that never returns anything: one that forgot it looks the same. */
export type Returning<Result> = [Result] extends [never]
  ? unknown
  : [Result] extends [void]
    ? 'A route returns what it answers. Where that is nothing: return new Response(null, { status: 204 })'
    : unknown;

interface AuthorChain {
  use(middlewares: AuthorMiddleware | readonly AuthorMiddleware[]): unknown;
  handler(handle: (event: APIGatewayProxyEventV2, context: Context) => Promise<AuthorResult>): Run<unknown, unknown>;
}

/** Runs the author's middlewares around their code; `defaults` are headers that stand where it sets none. */
export type RunAuthors = (
  event: APIGatewayProxyEventV2,
  invocation: HttpRequest['invocation'],
  handle: (lambda: LambdaCall) => Promise<AuthorResult>,
  defaults: Readonly<Record<string, string>>,
) => Promise<HttpResponse>;

/** A handler that `maker` made of a route, within which `run` runs the author's code. */
export function authorHandler(maker: Maker, routeOf: (run: RunAuthors) => LambdaHandler): AuthorHandler {
  const authors = createChain((run: Run<APIGatewayProxyEventV2, unknown>) => run) as AuthorChain;
  const route = routeOf(async (event, { context }, handle, defaults) => {
    const run = authors.handler((seen, with_) => handle({ event: seen, context: with_ }));
    return parseAuthorResult(await run(event, context), defaults);
  });
  const handler: AuthorHandler = Object.assign((...call: Parameters<LambdaHandler>) => route(...call), {
    use: (middlewares: AuthorMiddleware | readonly AuthorMiddleware[]) => {
      authors.use(middlewares);
      return handler;
    },
  });
  return made(maker, handler);
}

/** The request that a handler is given, with the headers that it may see. */
export function authorRequest(request: HttpRequest, headers: HttpRequest['headers']): AuthorRequest {
  const { method, pathParameters, query, body } = request;
  return {
    // A handler that knows GET answers HEAD, and does nothing else.
    method: method === 'HEAD' ? 'GET' : method,
    pathParameters,
    query,
    headers,
    body,
    json: () => jsonOf(body),
  };
}
