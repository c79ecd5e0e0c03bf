import type { Extension } from '../config.ts';
import { servicesWithoutPeople } from '../contract.ts';
import type { PlatformPath } from './platform-path.ts';
import { servicesCoveredBy } from './scopes.ts';

/**
 * Whether a person may make the call at all, by a page or by a route of the author's, whatever the scopes cover: not of
 * the services `webhook` and `partners`, however a server might read their names. `segments` as in `platformPath`.
 */
export function isForPeople([service = '']: readonly string[]): boolean {
  const [name = ''] = /[\w-]+/.exec(decodedFully(service).toLowerCase()) ?? [];
  return !servicesWithoutPeople.has(name);
}

/**
 * Whether the configuration lets the front end make this call: any of a company's data in the services that the scopes
 * cover, narrowed by `proxy.only`, widened by `proxy.also`; nothing that is not for people.
 */
export function isRouteAllowed(
  extension: Pick<Extension, 'scopes' | 'proxy'>,
  method: string,
  { kind, segments }: Pick<PlatformPath, 'kind' | 'segments'>,
): boolean {
  if (!isForPeople(segments)) return false;
  const matches = (pattern: string) => matchesRoute(pattern, method, segments);
  if (extension.proxy.also.some(matches)) return true;
  if (extension.proxy.only !== undefined && !extension.proxy.only.some(matches)) return false;
  const [service = '', version = '', tenant] = segments;
  const services = servicesCoveredBy(extension.scopes);
  return (services === 'all' || services.has(service)) && /^v\d+\.\d+$/.test(version) && tenant === kind;
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

/** What is left when nothing more can be decoded. */
function decodedFully(text: string): string {
  try {
    const decoded = decodeURIComponent(text);
    return decoded === text ? text : decodedFully(decoded);
  } catch {
    return text;
  }
}

function withoutTrailingSlash(segments: readonly string[]): readonly string[] {
  return segments.at(-1) === '' ? segments.slice(0, -1) : segments;
}
