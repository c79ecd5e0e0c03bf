/** Directives by lower-case name; `true` where one has no argument, or several that contradict each other. */
export type CacheControl = ReadonlyMap<string, string | true>;

/** Commas within quotes separate nothing. */
const members = /(?:[^",]|"(?:[^"\\]|\\.)*"?)+/g;
const directive = /^\s*([\w!#$%&'*+.^`|~-]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]*)))?/;

/**
 * Reads a `Cache-Control` field of a request or a response (RFC 9111 §5.2): names count in any case, an argument is a
 * token or a quoted string and keeps its case. Absence means no directives; what is malformed is passed over.
 */
export function parseCacheControl(field: string | undefined): CacheControl {
  const directives = new Map<string, string | true>();
  for (const [text] of (field ?? '').matchAll(members)) {
    const [, name, quoted, token] = directive.exec(text) ?? [];
    if (name === undefined) continue;
    const argument = quoted?.replaceAll(/\\(.)/g, '$1') ?? token ?? true;
    const key = name.toLowerCase();
    directives.set(key, (directives.get(key) ?? argument) === argument ? argument : true);
  }
  return directives;
}

/** Writes directives for readers that split at every comma: an argument that they would misread is left out. */
export function formatCacheControl(directives: CacheControl): string {
  return [...directives]
    .map(([name, argument]) => (argument !== true && /^[^\s",=]+$/.test(argument) ? `${name}=${argument}` : name))
    .join(', ');
}
