import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { prefersHtml } from '../../../shared/http/prefers-html.ts';
import type { MetricName } from '../../../shared/metrics.ts';
import { AppError, type ProblemCode } from '../../../shared/problems.ts';
import { Cookies } from '../../../shared/session/cookies.ts';
import { type Chain, createChain, type Requirement, type Run } from '../chain.ts';
import { logRequest } from '../log.ts';
import { count } from '../metric.ts';
import { secretsSettled } from '../secrets.ts';
import { isEdgeKey, notThroughEdge, takeEdgeKey } from './edge.ts';
import { errorPage } from './error-page.ts';
import type { HttpRequest, HttpResponse } from './http-messages.ts';
import { toResult } from './lambda-result.ts';
import { personalVary } from './security-headers.ts';

/** Lambda always hands a context; few need it. */
export type LambdaHandler = (
  event: APIGatewayProxyEventV2,
  context?: Context,
) => Promise<APIGatewayProxyStructuredResultV2>;

/** What a route requires of whoever calls it. */
export type HttpRequirement<Needed, Found extends object = object> = Requirement<
  HttpRequest,
  HttpResponse,
  Needed,
  Found
>;

/**
 * The one way in and out: `http().use(…).use(…).handler(…)`. Whatever in the chain responds or throws, the event becomes a
 * request, the response a result, every error a page or a problem (RFC 9457), and one line goes to the log.
 */
export function http(): Chain<HttpRequest, HttpResponse, HttpRequest, LambdaHandler> {
  return createChain(answering);
}

function answering(run: Run<HttpRequest, HttpResponse>): LambdaHandler {
  return async (event, context) => {
    const edgeKey = takeEdgeKey(event);
    const request = readEvent(event, context);
    let response: HttpResponse;
    let result: APIGatewayProxyStructuredResultV2;
    let error: unknown;
    try {
      if (!(await isEdgeKey(edgeKey))) {
        await secretsSettled();
        return notThroughEdge;
      }
      response = await run(request, context);
      result = await toResult(request, response);
      error = response.error;
    } catch (thrown) {
      error = thrown;
      response = errorResponse(request, thrown);
      result = await toResult(request, response);
    }
    await secretsSettled();
    const { tenant, receivedAtMs } = request;
    logRequest({ event, context, response, error, durationMs: performance.now() - receivedAtMs, tenant });
    return result;
  };
}

function readEvent(event: APIGatewayProxyEventV2, context: Context | undefined): HttpRequest {
  const headers: Record<string, string> = {};
  const cookies = [...(event.cookies ?? [])];
  for (const [name, value] of Object.entries(event.headers)) {
    if (value === undefined) continue;
    // Front doors differ: API Gateway takes the cookies out of the headers, others leave them there.
    if (name.toLowerCase() === 'cookie') cookies.push(value);
    else headers[name.toLowerCase()] = value;
  }
  return {
    method: event.requestContext.http.method,
    rawPath: event.rawPath,
    pathParameters: event.pathParameters ?? {},
    rawQuery: event.rawQueryString,
    query: new URLSearchParams(event.rawQueryString),
    headers,
    cookies: new Cookies(cookies),
    // Some front doors send an empty text where there is none.
    body: event.body ? Buffer.from(event.body, event.isBase64Encoded ? 'base64' : 'utf8') : undefined,
    requestId: event.requestContext.requestId,
    receivedAtMs: performance.now(),
    isNavigation: isNavigation(headers),
    invocation: { event, context },
  };
}

/**
 * Browsers say it themselves (https://www.w3.org/TR/fetch-metadata/); of others, whoever prefers HTML is a person. Node's
 * own fetch says `cors` whatever it is used for.
 */
function isNavigation(headers: Readonly<Record<string, string>>): boolean {
  const mode = headers['user-agent'] === 'node' ? undefined : headers['sec-fetch-mode'];
  return mode === undefined ? prefersHtml(headers['accept']) : mode === 'navigate';
}

/** `state_mismatch` → `RefusedStateMismatch`. */
function refusal(code: ProblemCode): MetricName {
  return `Refused_${code}`.replaceAll(/_(.)/g, (_, first: string) => first.toUpperCase()) as MetricName;
}

function errorResponse(request: HttpRequest, error: unknown): HttpResponse {
  const problem =
    error instanceof AppError && error.code !== 'internal'
      ? error
      : new AppError('internal', 'It was recorded and will be looked into.', { cause: error });
  count(refusal(problem.code));
  const vary = request.isPersonal ? { vary: personalVary } : {};
  const headers = { 'cache-control': 'no-store', ...vary, ...problem.headers };
  if (request.isNavigation) return errorPage(problem, request, headers);
  const isSignInNeeded = problem.status === 401 && request.retryPath !== undefined;
  return {
    status: problem.status,
    headers: {
      ...headers,
      'content-type': 'application/problem+json',
      ...(isSignInNeeded ? { 'x-reauthorize-url': request.retryPath } : {}),
    },
    body: JSON.stringify(problem.toProblem(request.requestId)),
  };
}
