import { isUtf8 } from 'node:buffer';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { traceId } from '../lambda/trace-id.ts';
import type { RouteMatch } from './match-route.ts';

export interface ReceivedRequest {
  readonly requestId: string;
  readonly method: string;
  /** Decoded, with the stage where it has a name. */
  readonly path: string;
  readonly rawQueryString: string;
  readonly protocol: string;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly sourceIp: string;
  readonly receivedAt: Date;
}

export interface Gateway {
  readonly accountId: string;
  readonly apiId: string;
  readonly stage: string;
  /** Origin as browsers see it: its scheme and port are what the gateway says the request came by. */
  readonly baseUrl: string;
}

const hopByHop = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * The event that an HTTP API hands to a function, payload format 2.0
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).
 */
export function buildEvent(request: ReceivedRequest, match: RouteMatch, gateway: Gateway): APIGatewayProxyEventV2 {
  const headers = joinHeaders(request, gateway);
  const cookies = valuesOf(request.rawHeaders, 'cookie')
    .flatMap((value) => value.split(';'))
    .map((cookie) => cookie.replaceAll(outerSpace, ''))
    .filter(Boolean);
  const queryStringParameters = joinParameters(request.rawQueryString);
  const domainName = (headers['host'] ?? '').replace(/:\d+$/, '');
  return {
    version: '2.0',
    routeKey: match.route.key,
    rawPath: request.path,
    rawQueryString: request.rawQueryString,
    ...(cookies.length > 0 && { cookies }),
    headers,
    ...(queryStringParameters && { queryStringParameters }),
    requestContext: {
      accountId: gateway.accountId,
      apiId: gateway.apiId,
      domainName,
      domainPrefix: domainName.split('.')[0] ?? '',
      http: {
        method: request.method,
        path: request.path,
        protocol: request.protocol,
        sourceIp: request.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: request.requestId,
      routeKey: match.route.key,
      stage: gateway.stage,
      time: commonLogTime(request.receivedAt),
      timeEpoch: request.receivedAt.getTime(),
    },
    ...(Object.keys(match.pathParameters).length > 0 && { pathParameters: match.pathParameters }),
    ...encodeBody(request.body, headers),
  };
}

/** Optional whitespace (RFC 9110 §5.6.3): JavaScript's own `trim` takes more, which is part of a name or a value. */
const outerSpace = /^[ \t]+|[ \t]+$/g;

function joinHeaders(request: ReceivedRequest, gateway: Gateway): Record<string, string> {
  const joined = new Map<string, string>();
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = (request.rawHeaders[index] ?? '').toLowerCase();
    if (name === 'cookie' || hopByHop.has(name)) continue;
    const value = request.rawHeaders[index + 1] ?? '';
    joined.set(name, joined.has(name) ? `${joined.get(name)},${value}` : value);
  }
  const { protocol, port } = new URL(gateway.baseUrl);
  const forwardedFor = joined.get('x-forwarded-for');
  joined.set('content-length', String(request.body.length));
  joined.set('x-forwarded-for', forwardedFor ? `${forwardedFor}, ${request.sourceIp}` : request.sourceIp);
  joined.set('x-forwarded-proto', protocol.slice(0, -1));
  joined.set('x-forwarded-port', port || (protocol === 'https:' ? '443' : '80'));
  if (!joined.has('x-amzn-trace-id')) joined.set('x-amzn-trace-id', traceId(request.receivedAt));
  return Object.fromEntries([...joined].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_value, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}

/** Decoded, repeats joined by commas: ambiguous, as on AWS. */
function joinParameters(rawQueryString: string): Record<string, string> | undefined {
  const joined = new Map<string, string>();
  for (const pair of rawQueryString.split('&').filter(Boolean)) {
    const equals = pair.indexOf('=');
    const name = decode(equals === -1 ? pair : pair.slice(0, equals));
    const value = equals === -1 ? '' : decode(pair.slice(equals + 1));
    joined.set(name, joined.has(name) ? `${joined.get(name)},${value}` : value);
  }
  return joined.size === 0 ? undefined : Object.fromEntries(joined);
}

function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}

const textTypes = /^\s*(text\/|application\/(json|javascript|xml)\s*(;|$))/i;

/** Text for text types and JSON, base64 for the rest; bytes that are no UTF-8 would not survive as text. */
function encodeBody(body: Buffer, headers: Record<string, string>): { body?: string; isBase64Encoded: boolean } {
  if (body.length === 0) return { isBase64Encoded: false };
  const isText =
    textTypes.test(headers['content-type'] ?? 'text/plain') &&
    /^\s*(identity)?\s*$/i.test(headers['content-encoding'] ?? '') &&
    isUtf8(body);
  return { body: body.toString(isText ? 'utf8' : 'base64'), isBase64Encoded: !isText };
}

/** `10/Jul/2026:19:19:05 +0000` */
function commonLogTime(at: Date): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(at.toUTCString()) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}
