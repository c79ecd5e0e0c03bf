import type { Extension } from '../config.ts';
import { servicesCoveredBy } from './scopes.ts';

/**
 * Whether the configuration lets the front end make this call: any of a company's data in the services that the scopes
 * cover, narrowed by `proxy.only`, widened by `proxy.also`. `segments` as in `platformPath`.
 */
export function isRouteAllowed(
  extension: Pick<Extension, 'scopes' | 'proxy'>,
  method: string,
  segments: readonly string[],
): boolean {
  const matches = (pattern: string) => matchesRoute(pattern, method, segments);
  if (extension.proxy.also.some(matches)) return true;
  if (extension.proxy.only !== undefined && !extension.proxy.only.some(matches)) return false;
  const [service = '', version = '', tenant] = segments;
  const services = servicesCoveredBy(extension.scopes);
  return (services === 'all' || services.has(service)) && /^v\d+\.\d+$/.test(version) && tenant === 'company';
}

/** Whether a pattern of the configuration (`GET catalog/**`) names this call; a trailing slash makes no difference. */
export function matchesRoute(pattern: string, method: string, segments: readonly string[]): boolean {
  const [wantedMethod, path = ''] = pattern.split(' ');
  if (wantedMethod !== '*' && wantedMethod !== method) return false;
  const wanted = withoutTrailingSlash(path.split('/'));
  const given = withoutTrailingSlash(segments);
  const rest = wanted.at(-1) === '**';
  const fixed = rest ? wanted.slice(0, -1) : wanted;
  return (
    (rest ? given.length >= fixed.length : given.length === fixed.length) &&
    fixed.every((part, index) => part === '*' || part === given[index])
  );
}

function withoutTrailingSlash(segments: readonly string[]): readonly string[] {
  return segments.at(-1) === '' ? segments.slice(0, -1) : segments;
}
