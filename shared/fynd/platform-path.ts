import { hasControlCharacter } from '../http/control-characters.ts';
import { AppError } from '../problems.ts';
import type { Tenant } from '../tenant.ts';

/** Where the APIs are, for companies and for organizations (partners), and where pages reach them here. */
export const apis = {
  company: { service: '/service/platform/', proxy: '/api/platform/' },
  organization: { service: '/service/partner/', proxy: '/api/partner/' },
} as const satisfies Record<Tenant['kind'], object>;

/**
 * A path below `/service/platform/`, or `/service/partner/`, as decoded segments; the last one is empty where the path ends
 * with a slash.
 */
export interface PlatformPath {
  /** Whose API it is. */
  readonly kind: Tenant['kind'];
  readonly segments: readonly string[];
  /** As the platform receives it, each segment encoded once. */
  readonly target: string;
  /** Whose data it names, with an id as it stands there; undefined where the path names nobody. */
  readonly tenant: Tenant | undefined;
}

/** Also with parameters (RFC 3986 §3.3), which some servers take off before they resolve the path: `..;x`. */
const dotSegment = /^\.\.?(;|$)/;

/** U+FFFD stands for bytes that were no UTF-8: their value is lost. */
const unsafeCharacters = /[\\/?\ufffd]/;

/**
 * Reads the path of a call of the Platform API, or of the partners' API, out of its decoded segments. Whatever a server might resolve (empty and dot
 * segments, backslashes, control characters, slashes inside a segment) is refused, so that the path that is judged here
 * is the path that is called.
 * @throws {AppError} `invalid_request`.
 */
export function platformPath(segments: readonly string[], kind: Tenant['kind'] = 'company'): PlatformPath {
  const { service, proxy } = apis[kind];
  const isLast = (index: number) => index === segments.length - 1;
  for (const [index, segment] of segments.entries()) {
    if (dotSegment.test(segment) || (segment === '' && (!isLast(index) || index === 0))) {
      throw new AppError('invalid_request', `The path below ${proxy} has an empty or a dot segment.`);
    }
    if (unsafeCharacters.test(segment) || hasControlCharacter(segment) || !segment.isWellFormed()) {
      throw new AppError('invalid_request', `The path below ${proxy} has a character that is not allowed there.`);
    }
  }
  const [, , named, id] = segments;
  return {
    kind,
    segments,
    target: `${service}${segments.map(encodeURIComponent).join('/')}`,
    tenant: named === kind && id !== undefined ? { kind, id } : undefined,
  };
}

/**
 * Path and query as the platform receives them. The query passes as it was sent; bytes that no HTTP request line may
 * hold are escaped.
 */
export function withQuery(target: string, rawQuery: string): string {
  if (rawQuery === '') return target;
  return `${target}?${rawQuery.replaceAll(/[^\x21-\x7e]+/g, (text) => encodeURIComponent(text.toWellFormed()))}`;
}
