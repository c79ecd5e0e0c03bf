import type { IncomingMessage } from 'node:http';
import type { Grant } from './grants.ts';
import type { Fault } from './interceptions.ts';

/** One line of the recording that `GET /__control/requests` shows. `status` is null while the answer is not given. */
export type RequestRecord = {
  at: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  body_base64: string;
  status: number | null;
  signature: 'valid' | 'invalid' | 'absent';
  /** Whose access or refresh token came with it, as it was then. */
  grant?: Pick<Grant, 'id' | 'mode' | 'ended'>;
  /** What was done to it or to its answer. */
  fault?: Fault;
  user?: string;
  company?: string;
  organization?: string;
};

/** A received request with its whole body. Routes note on `record` whom they recognised. */
export type HttpClient = {
  method: string;
  /** As it stood in the request line. */
  url: string;
  path: string;
  query: URLSearchParams;
  headers: Record<string, string>;
  rawHeaders: string[];
  body: Buffer;
  record: RequestRecord;
};

/** What a route answers. `follow`: more of the body as it comes about, until the given function is called. */
export type Answer = {
  status: number;
  headers: Record<string, string>;
  body: Buffer | string;
  follow?: (write: (text: string) => void) => () => void;
};

/** A part of the platform: answers what is addressed to it, undefined for everything else. */
export type Route = (httpClient: HttpClient) => Answer | undefined | Promise<Answer | undefined>;

/** A JSON answer. */
export const json = (status: number, value: unknown, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  body: JSON.stringify(value),
});

/** An HTML page that only the panel itself may frame. */
export const page = (status: number, body: string, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy':
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src http: https:; base-uri 'none'; frame-ancestors 'self'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    ...headers,
  },
  body,
});

/** A 302 that nobody stores and that tells nobody where it came from. */
export const redirect = (location: string, headers: Record<string, string> = {}): Answer => ({
  status: 302,
  headers: { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', ...headers },
  body: '',
});

/** Reads a request to its end. */
export async function receive(request: IncomingMessage): Promise<Omit<HttpClient, 'record'>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = request.url ?? '/';
  const cut = url.indexOf('?');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return {
    method: request.method ?? 'GET',
    url,
    path: cut < 0 ? url : url.slice(0, cut),
    query: new URLSearchParams(cut < 0 ? '' : url.slice(cut + 1)),
    headers,
    rawHeaders: request.rawHeaders,
    body: Buffer.concat(chunks),
  };
}

/** The JSON object in a body; undefined when it is none. */
export function jsonObject(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Shows what arrived, byte for byte; of the authorization only the scheme. */
export function echo({ method, url, headers, rawHeaders, body }: HttpClient): Answer {
  const scheme = headers['authorization']?.split(' ')[0];
  return json(200, {
    method,
    url,
    headers: { ...headers, authorization: scheme },
    raw_header_names: rawHeaders.filter((_, index) => index % 2 === 0),
    body_base64: body.toString('base64'),
  });
}
