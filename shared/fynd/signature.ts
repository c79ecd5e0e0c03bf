import { createHmac, hash } from 'node:crypto';
import { parse } from 'node:querystring';

/**
 * Fynd's request signature. Version 1 is an integrity checksum under a public constant, not authentication. Every call
 * to the platform carries it. Agrees with `@gofynd/fp-signature` 1.0.2.
 */
const publicConstant = '1234567';

interface SignedRequest {
  readonly method: string;
  /** Path and query exactly as they will be sent. */
  readonly target: string;
  /** Lower-case names. Version 1 signs only `host` and `x-fp-*`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string | undefined;
}

/** The date of a signature, `20240115T103000Z` (UTC). */
export function signatureDate(now: Date): string {
  return `${now.toISOString().replaceAll(/[-:]/g, '').slice(0, 15)}Z`;
}

/** The value of `x-fp-signature` for a request that carries `date` as its `x-fp-date` (in a header or in the query). */
export function signV1(request: SignedRequest, date: string): string {
  const names = Object.keys(request.headers).filter((name) => name.includes('host') || name.includes('x-fp-'));
  return sign(request, date, publicConstant, names);
}

/**
 * Version 2: what the platform's servers send to an extension, under the extension's own secret. Signs exactly the
 * given headers. Agrees with `@gofynd/fp-signature` 2.0.1.
 */
export function signV2(request: SignedRequest, date: string, secret: string): string {
  return sign(request, date, secret, Object.keys(request.headers));
}

function sign(
  { method, target, headers, body = '' }: SignedRequest,
  date: string,
  secret: string,
  names: readonly string[],
): string {
  const queryAt = target.indexOf('?');
  const path = queryAt < 0 ? target : target.slice(0, queryAt);
  const signed = Object.entries(headers)
    .filter(([name]) => names.includes(name) && name !== 'x-fp-signature')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const canonical = [
    method.toUpperCase(),
    canonicalPath(path),
    queryAt < 0 ? '' : canonicalQuery(target.slice(queryAt + 1)),
    signed.map(([name, value]) => `${name}:${value.trim().replaceAll(/\s+/g, ' ')}`).join('\n'),
    '',
    signed.map(([name]) => name).join(';'),
    sha256(body),
  ].join('\n');
  return `v1.1:${createHmac('sha256', secret)
    .update(`${date}\n${sha256(canonical)}`)
    .digest('hex')}`;
}

function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.replaceAll(/\/{2,}/g, '/').split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '.') segments.push(encodeURIComponent(decode(segment)));
  }
  return segments.join('/');
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function canonicalQuery(query: string): string {
  return Object.entries(parse(query))
    .filter(([key]) => key !== '' && key !== 'x-fp-signature')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, value]) =>
      [value ?? '']
        .flat()
        .sort()
        .map((each) => `${key}=${each}`),
    )
    .join('&');
}

const sha256 = (data: Uint8Array | string): string => hash('sha256', data, 'hex');
