import { apis } from '../../../shared/fynd/platform-path.ts';
import { AppError } from '../../../shared/problems.ts';
import type { HttpRequest } from './http-messages.ts';

/**
 * The decoded segments below a prefix such as `/api/platform/`. An HTTP API decodes the path before the function is called, and decoding
 * twice would change it; other front doors leave it encoded. The path parameter, which all of them decode, tells which
 * one it was.
 * @throws {AppError} `invalid_request` where the path is encoded wrongly.
 */
export function proxiedSegments(
  { rawPath, pathParameters }: Pick<HttpRequest, 'rawPath' | 'pathParameters'>,
  prefix: string = apis.company.proxy,
): string[] {
  const given = rawPath.slice(rawPath.indexOf(prefix) + prefix.length);
  const parameter = pathParameters['path'];
  const isDecoded = parameter === undefined || withoutTrailingSlash(parameter) === withoutTrailingSlash(given);
  const segments = given.split('/');
  if (isDecoded) return segments;
  try {
    return segments.map(decodeURIComponent);
  } catch {
    throw new AppError('invalid_request', `The path below ${prefix} has a malformed escape.`);
  }
}

function withoutTrailingSlash(path: string): string {
  return path.replace(/\/$/, '');
}
