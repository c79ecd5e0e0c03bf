import { platformPath } from '../fynd/platform-path.ts';
import type { PlatformCall } from '../fynd/platform-request.ts';
import type { HttpClientResponse } from '../http/http-client.ts';
import { decodeBody, maxApiJsonBytes, parseJson } from '../http/json.ts';
import { AppError } from '../problems.ts';
import type { Tenant } from '../tenant.ts';

export interface PlatformCallOptions {
  /** A list is sent as a repeated parameter; undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | readonly (string | number)[] | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface PlatformWriteOptions extends PlatformCallOptions {
  /** Sent as JSON. */
  readonly body?: unknown;
}

/**
 * The Platform API. Paths are relative to `/service/platform/`, unescaped, and name the company that the work is for:
 * `catalog/v2.0/company/1/products/`.
 *
 * Each method resolves to the parsed JSON body (undefined where there is none) and throws PlatformResponseError for any status
 * from 300 on: redirects are not followed. In a route of the author's, one that is not caught reaches the browser as the platform gave it, with a
 * 401 as `session_expired`.
 */
export interface PlatformClient {
  get<Body = unknown>(path: string, options?: PlatformCallOptions): Promise<Body>;
  post<Body = unknown>(path: string, options?: PlatformWriteOptions): Promise<Body>;
  put<Body = unknown>(path: string, options?: PlatformWriteOptions): Promise<Body>;
  patch<Body = unknown>(path: string, options?: PlatformWriteOptions): Promise<Body>;
  delete<Body = unknown>(path: string, options?: PlatformWriteOptions): Promise<Body>;
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
 * @param send makes the call, with whose token it may be.
 * @param kind whose API it is: an organization's paths are relative to `/service/partner/`.
 */
export function createPlatformClient(
  send: (call: PlatformCall) => Promise<HttpClientResponse>,
  kind: Tenant['kind'] = 'company',
): PlatformClient {
  async function call(method: string, path: string, options: PlatformWriteOptions = {}) {
    const hasBody = options.body !== undefined;
    const response = await send({
      method,
      path: platformPath(path.split('/'), kind),
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
  // The response's type is the caller's claim about the platform: nothing here can check it.
  return {
    get: (path, options) => call('GET', path, options) as Promise<never>,
    post: (path, options) => call('POST', path, options) as Promise<never>,
    put: (path, options) => call('PUT', path, options) as Promise<never>,
    patch: (path, options) => call('PATCH', path, options) as Promise<never>,
    delete: (path, options) => call('DELETE', path, options) as Promise<never>,
  };
}

function queryString(query: NonNullable<PlatformCallOptions['query']>): string {
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
