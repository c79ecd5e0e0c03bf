import { paths } from '../../../shared/contract.ts';
import { AppError } from '../../../shared/problems.ts';
import type { HttpRequest } from './http-messages.ts';

const prefix = paths.platform.slice(0, paths.platform.indexOf('{'));

/**
 * The decoded segments below `/api/platform/`. An HTTP API decodes the path before the function is called, and decoding
 * twice would change it; other front doors leave it encoded. The path parameter, which all of them decode, tells which
 * one it was.
 * @throws {AppError} `invalid_request` where the path is encoded wrongly.
 */
export function proxiedSegments({
  rawPath,
  pathParameters,
}: Pick<HttpRequest, 'rawPath' | 'pathParameters'>): string[] {
  const given = rawPath.slice(rawPath.indexOf(prefix) + prefix.length);
  const parameter = pathParameters['path'];
  const isDecoded = parameter === undefined || withoutTrailingSlash(parameter) === withoutTrailingSlash(given);
  const segments = given.split('/');
  if (isDecoded) return segments;
  try {
    return segments.map(decodeURIComponent);
  } catch {
    throw new AppError('invalid_request', 'The path below /api/platform/ has a malformed escape.');
  }
}

function withoutTrailingSlash(path: string): string {
  return path.replace(/\/$/, '');
}
