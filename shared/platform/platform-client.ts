import { platformPath } from '../fynd/platform-path.ts';
import type { PlatformCall } from '../fynd/platform-request.ts';
import type { HttpClientResponse } from '../http/http-client.ts';
import { decodeBody, maxApiJsonBytes, parseJson } from '../http/json.ts';
import { AppError } from '../problems.ts';
import type { Tenant } from '../tenant.ts';
import type {
  AnswerOf,
  AnyQuery,
  CallArguments,
  CheckedPath,
  Documented,
  PathLike,
  PathValue,
} from './platform-routes.ts';

/** A call of the Platform API by one method. */
type CallBy<Method extends string> = <Body = Documented, const Path extends PathLike<Method> = PathLike<Method>>(
  path: CheckedPath<Method, Path>,
  ...options: CallArguments<Method, Path>
) => Promise<AnswerOf<Method, Path, Body>>;

/**
 * The Platform API. Paths are relative to `/service/platform/`, unescaped: `catalog/v2.0/company/{company_id}/products/`.
 * `{company_id}` becomes the company that the work is for, any other placeholder what `params` holds for it. In `query`, a list
 * is sent as a repeated parameter and undefined is left out; `body` is sent as JSON.
 *
 * Each method resolves to the parsed JSON body (undefined where there is none) and throws PlatformResponseError for any status
 * from 300 on: redirects are not followed. In a route of the author's, one that is not caught reaches the browser as the platform gave it, with a
 * 401 as `session_expired`. A placeholder without a value is an AppError, `invalid_request`.
 *
 * The types of queries, bodies and answers come with `npm run platform-types`; without, or for any other text, an answer is
 * unknown or what the caller names. Nothing checks at run time that the platform keeps to them.
 */
export interface PlatformClient {
  get: CallBy<'GET'>;
  post: CallBy<'POST'>;
  put: CallBy<'PUT'>;
  patch: CallBy<'PATCH'>;
  delete: CallBy<'DELETE'>;
}

/** A call of a service whose routes are not known. */
type AnyCall = <Body = unknown>(path: string, options?: CallOptions) => Promise<Body>;

/** Another API of the platform, by the same methods: its paths are any text, its answers what the caller says. */
export type ServiceClient = Readonly<Record<keyof PlatformClient, AnyCall>>;

type Send = (call: PlatformCall) => Promise<HttpClientResponse>;

interface CallOptions {
  readonly params?: Readonly<Record<string, PathValue | undefined>>;
  readonly query?: AnyQuery;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** The platform answered with a status from 300 on. */
export class PlatformResponseError extends Error {
  override readonly name = 'PlatformResponseError';
  readonly response: HttpClientResponse;
  /** What was asked, without any value: `GET catalog/v2.0/company/*\/products/*`. */
  readonly request: string;

  constructor(response: HttpClientResponse, request: string) {
    super(`The platform answered ${response.status} to ${request}.`);
    this.response = response;
    this.request = request;
  }
}

/** Behind service and version, words and values take turns; whatever does not look like a word counts as a value. */
function withoutValues(path: string): string {
  const isKept = (segment: string, index: number) =>
    index === 1 ? /^v\d+(\.\d+)?$/.test(segment) : index % 2 === 0 && /^[a-z][a-z_-]*$/.test(segment);
  return path
    .split('/')
    .map((segment, index) => (segment === '' || isKept(segment, index) ? segment : '*'))
    .join('/');
}

/**
 * @param company the proven one, for `{company_id}`.
 * @param send makes the call, with whose token it may be.
 */
export function createPlatformClient(company: string, send: Send): PlatformClient {
  return createServiceClient({ company_id: company }, send) as PlatformClient;
}

/**
 * @param own fills placeholders, whatever `params` says.
 * @param kind whose API it is: an organization's paths are relative to `/service/partner/`.
 */
export function createServiceClient(
  own: Readonly<Record<string, string>>,
  send: Send,
  kind: Tenant['kind'] = 'company',
): ServiceClient {
  async function call(method: string, path: string, options: CallOptions = {}): Promise<unknown> {
    const hasBody = options.body !== undefined;
    const values = { ...options.params, ...own };
    const response = await send({
      method,
      path: platformPath(
        path.split('/').map((segment) => filledIn(segment, values)),
        kind,
      ),
      rawQuery: queryString(options.query ?? {}),
      headers: {
        accept: 'application/json',
        ...(hasBody ? { 'content-type': 'application/json' } : {}),
        ...options.headers,
      },
      body: hasBody ? Buffer.from(JSON.stringify(options.body)) : undefined,
    });
    if (response.status >= 300) throw new PlatformResponseError(response, `${method} ${withoutValues(path)}`);
    return parseBody(response);
  }
  const by = (method: string) => (path: string, options?: CallOptions) => call(method, path, options) as Promise<never>;
  // The response's type is a claim about the platform, the caller's or its own client's: nothing here can check it.
  return {
    get: by('GET'),
    post: by('POST'),
    put: by('PUT'),
    patch: by('PATCH'),
    delete: by('DELETE'),
  };
}

/** What fills a placeholder stays one segment: `platformPath` refuses what a server might read as more, or as none. */
function filledIn(segment: string, values: Readonly<Record<string, PathValue | undefined>>): string {
  return segment.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = Object.hasOwn(values, name) ? String(values[name] ?? '') : '';
    if (value === '') throw new AppError('invalid_request', `The path to call has no value for {${name}}.`);
    return value;
  });
}

function queryString(query: AnyQuery): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of [value].flat()) if (each !== undefined) parameters.append(name, String(each));
  }
  return parameters.toString();
}

function parseBody(response: HttpClientResponse): unknown {
  if (response.body.byteLength === 0) return undefined;
  const json = decodeBody(response, { maxBytes: maxApiJsonBytes }).toString('utf8');
  try {
    return parseJson(json);
  } catch {
    throw new AppError('platform_error', 'The platform answered with something that is not JSON.');
  }
}
