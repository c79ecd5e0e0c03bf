import { ConfigurationError, type Extension } from '../shared/config.ts';
import { handlersIn } from './bundle/configured-handlers.ts';
import { entriesOf } from './functions.ts';

/**
 * Which function may read which of the author's secrets: their names by its entry file. A handler of events, schedules or
 * durable hooks means the worker, so that all handlers in it hold what one of them was named for.
 * @throws {ConfigurationError} where `for` names a file that is no handler.
 */
export function secretHolders(extension: Extension): ReadonlyMap<string, ReadonlySet<string>> {
  const entries = entriesOf(extension).map((entry) => {
    const files = handlersIn(extension, entry).map(({ file }) => file);
    return { entry, files: new Set(files) };
  });
  const holders = new Map<string, Set<string>>();
  for (const [name, { for: handlers }] of Object.entries(extension.secrets)) {
    for (const handler of handlers) {
      const found = entries.filter(({ files }) => files.has(handler));
      if (found.length === 0) {
        throw new ConfigurationError(
          `extension.config.ts: secrets.${name}.for names ${handler}, which is no handler: name a file that a route, an event, a schedule or a hook names.`,
        );
      }
      for (const { entry } of found) holders.set(entry, (holders.get(entry) ?? new Set()).add(name));
    }
  }
  return holders;
}
