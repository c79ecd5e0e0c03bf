import { createHash } from 'node:crypto';
import { grants } from '../fynd/scopes.ts';

/**
 * Granted scopes in few bytes: one bit for each of the sorted configured ones, behind a digest of that list. 200
 * scopes take 43 characters, so that a session fits into a cookie whatever their number.
 */
export function packScopes(configured: readonly string[], granted: readonly string[]): string {
  const { sorted, digest } = listOf(configured);
  const bits = Buffer.alloc(Math.ceil(sorted.length / 8));
  for (const [index, scope] of sorted.entries()) {
    if (grants(granted, scope)) bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7));
  }
  return `${digest}${bits.toString('base64url')}`;
}

/** The configured scopes that were granted; undefined where the list was packed under another configuration. */
export function unpackScopes(configured: readonly string[], packed: string): string[] | undefined {
  const { sorted, digest } = listOf(configured);
  if (packed.slice(0, digestCharacters) !== digest) return undefined;
  const bits = Buffer.from(packed.slice(digestCharacters), 'base64url');
  return sorted.filter((_, index) => ((bits[index >> 3] ?? 0) & (1 << (index & 7))) !== 0);
}

const digestCharacters = 8;

interface ScopeList {
  readonly sorted: readonly string[];
  readonly digest: string;
}

/** By the configuration's own list, which lives as long as the process: each request needs it twice. */
const lists = new WeakMap<readonly string[], ScopeList>();

function listOf(configured: readonly string[]): ScopeList {
  const held = lists.get(configured);
  if (held !== undefined) return held;
  const sorted = configured.toSorted();
  const digest = createHash('sha256').update(sorted.join(' ')).digest('base64url').slice(0, digestCharacters);
  lists.set(configured, { sorted, digest });
  return { sorted, digest };
}
