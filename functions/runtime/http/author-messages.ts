import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import * as v from 'valibot';
import { AppError } from '../../../shared/problems.ts';
import type { HttpResponse } from './http-messages.ts';
import { textOf } from './lambda-result.ts';

/** What an author's middlewares see of the response: Lambda's form of it, without cookies of ours. */
export type AuthorResult = APIGatewayProxyStructuredResultV2;

const credentials = /^(cookie|authorization|proxy-authorization)$/i;

/** What an author's code may see of a request's headers, and so may log. */
export function headersWithoutCredentials<Value>(headers: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !credentials.test(name)));
}

/** Lambda's event without what proves who calls: somebody else's middleware may log all of it. */
export function withoutCredentials(event: APIGatewayProxyEventV2): APIGatewayProxyEventV2 {
  return without(credentials, event);
}

/** Lambda's event without cookies, where `Authorization` is the author's to judge. */
export function withoutCookies(event: APIGatewayProxyEventV2): APIGatewayProxyEventV2 {
  return without(/^cookie$/i, event);
}

function without(names: RegExp, event: APIGatewayProxyEventV2): APIGatewayProxyEventV2 {
  const rest: Record<string, unknown> = { ...event };
  delete rest['cookies'];
  // Not in this payload format, but some front doors send them.
  for (const member of ['headers', 'multiValueHeaders']) {
    const headers = rest[member];
    if (typeof headers !== 'object' || headers === null) continue;
    rest[member] = Object.fromEntries(Object.entries(headers).filter(([name]) => !names.test(name)));
  }
  return rest as unknown as APIGatewayProxyEventV2;
}

/**
 * What an author's handler resolved to: a `Response` as it is, nothing as 204, all else as JSON. `headers` are those that
 * it did not set.
 */
export async function toAuthorResult(
  result: unknown,
  headers: Readonly<Record<string, string>>,
): Promise<AuthorResult> {
  if (result instanceof Response) {
    const bytes = Buffer.from(await result.arrayBuffer());
    const own = await headersOf(result, bytes);
    const vary = [headers['vary'], own['vary']].filter(Boolean).join(', ');
    const sent = { ...headers, ...own, ...(vary === '' ? {} : { vary }) };
    const text = textOf(bytes, sent);
    return {
      statusCode: result.status,
      headers: sent,
      cookies: result.headers.getSetCookie(),
      ...(text === undefined ? { body: bytes.toString('base64'), isBase64Encoded: true } : { body: text }),
    };
  }
  if (result === undefined) return { statusCode: 204, headers };
  return { statusCode: 200, headers: { ...headers, 'content-type': 'application/json' }, body: jsonOf(result) };
}

function jsonOf(result: unknown): string {
  let cause: unknown;
  try {
    const text = JSON.stringify(result) as string | undefined;
    if (text !== undefined) return text;
  } catch (error) {
    cause = error;
  }
  throw new AppError('internal', 'What the handler returned cannot be written as JSON.', { cause });
}

const lambdaResult = v.looseObject({
  statusCode: v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599)),
  headers: v.optional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])), {}),
  cookies: v.optional(v.array(v.string()), []),
  body: v.optional(v.string()),
  isBase64Encoded: v.optional(v.boolean(), false),
});

/**
 * What the author's middlewares made of the response; without a status it is JSON, as Lambda takes it. `defaults` are
 * headers that stand where it sets none.
 */
export function parseAuthorResult(result: unknown, defaults: Readonly<Record<string, string>>): HttpResponse {
  if (typeof result !== 'object' || result === null || !('statusCode' in result)) {
    const headers = { ...defaults, 'content-type': 'application/json' };
    return { status: 200, headers, body: JSON.stringify(result ?? null) };
  }
  const { statusCode, headers, cookies, body, isBase64Encoded } = v.parse(lambdaResult, result);
  const sent = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)] as const);
  return {
    status: statusCode,
    headers: { ...defaults, ...Object.fromEntries(sent.filter(([name]) => name !== 'set-cookie')) },
    setCookies: [...cookies, ...sent.flatMap(([name, value]) => (name === 'set-cookie' ? [value] : []))],
    ...(body === undefined ? {} : { body: isBase64Encoded ? Buffer.from(body, 'base64') : body }),
  };
}

/** About the connection, or about bytes that are counted again. */
const notHandedOn = new Set(['set-cookie', 'content-length', 'connection', 'keep-alive', 'transfer-encoding']);

/** A response's headers as they fit its bytes: `fetch` undoes an encoding and leaves the header that names it. */
async function headersOf(response: Response, bytes: Buffer): Promise<Record<string, string>> {
  const headers = Object.fromEntries([...response.headers].filter(([name]) => !notHandedOn.has(name)));
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && !(await isEncoded(bytes, encoding))) delete headers['content-encoding'];
  return headers;
}

const options = { maxOutputLength: 64 * 1024 * 1024 };
const decoders: Readonly<Record<string, (bytes: Buffer) => Promise<Buffer>>> = {
  gzip: (bytes) => promisify(gunzip)(bytes, options),
  'x-gzip': (bytes) => promisify(gunzip)(bytes, options),
  deflate: (bytes) => promisify(inflate)(bytes, options),
  br: (bytes) => promisify(brotliDecompress)(bytes, options),
  zstd: (bytes) => promisify(zstdDecompress)(bytes, options),
};

/** Whether bytes are in the encoding that was applied last; true of one that cannot be tried. */
async function isEncoded(bytes: Buffer, encoding: string): Promise<boolean> {
  const decode = decoders[encoding.split(',').at(-1)?.trim().toLowerCase() ?? ''];
  if (decode === undefined) return true;
  try {
    // Some texts are, by chance, an empty Brotli stream and something behind it.
    return (await decode(bytes)).byteLength > 0;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
  }
}
