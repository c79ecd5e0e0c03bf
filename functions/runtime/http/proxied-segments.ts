import { AppError } from '../../../shared/problems.ts';
import { isPathDecoded, type PathAsItCame } from './decoded-path.ts';

/**
 * The decoded segments below a prefix such as `/api/platform/`.
 * @throws {AppError} `invalid_request` where the path is encoded wrongly.
 */
export function proxiedSegments(request: PathAsItCame, prefix: string): string[] {
  const { rawPath } = request;
  const segments = rawPath.slice(rawPath.indexOf(prefix) + prefix.length).split('/');
  if (isPathDecoded(request)) return segments;
  try {
    return segments.map(decodeURIComponent);
  } catch {
    throw new AppError('invalid_request', `The path below ${prefix} has a malformed escape.`);
  }
}
