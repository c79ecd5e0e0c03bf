import { createHash, createHmac } from 'node:crypto';
import { parse } from 'node:querystring';

/** What a signature covers: the raw path and query as sent, headers by lower-case name, and the body's bytes. */
export type SignableRequest = {
  method: string;
  path: string;
  headers: Readonly<Record<string, string>>;
  body?: Buffer | string | undefined;
};

/** The public constant of v1: an integrity checksum, not authentication. */
const publicSecret = '1234567';
const neverSigned = new Set(['authorization', 'connection', 'x-amzn-trace-id', 'user-agent', 'expect', 'range']);
const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest('hex');
const byCodeUnit = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** v1 signs the headers whose names contain `x-fp-` or `host`. */
const signedByV1 = (name: string): boolean =>
  !neverSigned.has(name) && (name.includes('x-fp-') || name.includes('host'));

function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path
    .split('/')
    .map((part) => encodeURIComponent(decodeURIComponent(part)))
    .join('/')
    .replace(/\/{2,}/g, '/')
    .split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '.') segments.push(segment);
  }
  const joined = segments.join('/');
  return joined.startsWith('/') ? joined : `/${joined}`;
}

function canonicalQuery(query: string): string {
  const pairs = Object.entries(parse(query)).filter(([key]) => key !== '' && key.toLowerCase() !== 'x-fp-signature');
  return pairs
    .sort(([a], [b]) => byCodeUnit(a, b))
    .flatMap(([key, value]) =>
      [value ?? '']
        .flat()
        .sort(byCodeUnit)
        .map((one) => `${key}=${one}`),
    )
    .join('&');
}

/** The text whose hash is signed. Throws URIError for a path that cannot be percent-decoded. */
function canonicalRequest(request: SignableRequest, signs: (headerName: string) => boolean): string {
  const cut = request.path.indexOf('?');
  const headers = Object.entries(request.headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim().replace(/\s+/g, ' ')] as const)
    .filter(([name]) => name !== 'x-fp-signature' && signs(name))
    .sort(([a], [b]) => byCodeUnit(a, b));
  return [
    request.method,
    canonicalPath(cut < 0 ? request.path : request.path.slice(0, cut)),
    cut < 0 ? '' : canonicalQuery(request.path.slice(cut + 1)),
    `${headers.map(([name, value]) => `${name}:${value}`).join('\n')}\n`,
    headers.map(([name]) => name).join(';'),
    sha256(request.body ?? ''),
  ].join('\n');
}

/** `v1.1:…` over the request at `date` (`20240115T103000Z`). */
export function signRequest(
  request: SignableRequest,
  by: { date: string; secret?: string; signs?: (headerName: string) => boolean },
): string {
  const canonical = canonicalRequest(request, by.signs ?? signedByV1);
  const digest = createHmac('sha256', by.secret ?? publicSecret).update(`${by.date}\n${sha256(canonical)}`);
  return `v1.1:${digest.digest('hex')}`;
}

/** `20240115T103000Z`, as `x-fp-date` wants it. */
export const signatureDate = (at: Date): string => at.toISOString().replace(/[:-]|\.\d{3}/g, '');

/** What the v1 signature of a received request is worth, whether it came in the headers or in the query. */
export function judgeV1Signature(request: SignableRequest): 'valid' | 'invalid' | 'absent' {
  const query = new URLSearchParams(
    request.path.includes('?') ? request.path.slice(request.path.indexOf('?') + 1) : '',
  );
  const inHeader = request.headers['x-fp-signature'];
  const signature = inHeader ?? query.get('x-fp-signature');
  if (signature === null || signature === undefined) return 'absent';
  const date = inHeader === undefined ? query.get('x-fp-date') : request.headers['x-fp-date'];
  if (!date || !/^\d{8}T\d{6}Z$/.test(date)) return 'invalid';
  try {
    return signRequest(request, { date }) === signature ? 'valid' : 'invalid';
  } catch {
    return 'invalid';
  }
}
