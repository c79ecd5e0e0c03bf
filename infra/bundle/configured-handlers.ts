import type { Message, Plugin } from 'esbuild';
import { ConfigurationError, type Extension, eventKeyOf } from '../../shared/config.ts';

const namespace = 'configured-handlers';

/** A handler file of the author's, and the field of the configuration that names it. */
interface ConfiguredHandler {
  readonly field: string;
  readonly key: string;
  readonly file: string;
}

/**
 * Makes the modules `#handlers`, for the worker, and `#launched`, for the callback, of what the configuration names. So
 * the author's files are part of those bundles, and nobody lists them in code.
 */
export function configuredHandlers(extension: Extension): Plugin {
  return {
    name: namespace,
    setup(build) {
      build.onResolve({ filter: /^#(handlers|launched)$/ }, ({ path }) => ({ path, namespace }));
      build.onLoad({ filter: /.*/, namespace }, ({ path }) => ({
        contents: sourceOf(path, extension),
        loader: 'js',
        // Where the paths in the configuration begin.
        resolveDir: process.cwd(),
      }));
    },
  };
}

/** @throws {ConfigurationError} where esbuild found that a handler file exports no handler. */
export function refuseMissingExports(extension: Extension, errors: readonly Message[]): void {
  const sentences = errors.flatMap(({ text, location }) => {
    const [prefix, path] = location?.file.split(':') ?? [];
    if (prefix !== namespace || !text.startsWith('No matching export')) return [];
    const handler = Object.values(handlersOf(path ?? '', extension)).flat()[(location?.line ?? 0) - 1];
    return handler === undefined
      ? []
      : [`extension.config.ts: ${handler.field} names ${handler.file}, which exports no "handler".`];
  });
  if (sentences.length > 0) throw new ConfigurationError([...new Set(sentences)].join('\n'));
}

/** One import per line, first of all: an error's line tells which handler it is about. */
function sourceOf(path: string, extension: Extension): string {
  const groups = handlersOf(path, extension);
  let imported = 0;
  const imports: string[] = [];
  const exports = Object.entries(groups).map(([group, handlers]) => {
    const entries = handlers.map(({ key, file }) => {
      const name = `handler${++imported}`;
      imports.push(`import { handler as ${name} } from ${JSON.stringify(file)};`);
      return { key, name };
    });
    return path === '#launched'
      ? `export const ${group} = ${entries[0]?.name ?? 'undefined'};`
      : `export const ${group} = { ${entries.map(({ key, name }) => `${JSON.stringify(key)}: ${name}`).join(', ')} };`;
  });
  return [...imports, ...exports, ''].join('\n');
}

/** The module's exports, each with the handlers that it holds. */
function handlersOf(path: string, extension: Extension): Record<string, ConfiguredHandler[]> {
  const { launched, ...queued } = extension.hooks;
  if (path === '#launched') {
    return { launched: launched === undefined ? [] : [{ field: 'hooks.launched', key: 'launched', file: launched }] };
  }
  return {
    events: extension.events.flatMap((event) => {
      const key = eventKeyOf(event);
      return event.handler === undefined ? [] : [{ field: `events.${key}`, key, file: event.handler }];
    }),
    schedules: Object.entries(extension.schedules).map(([key, { handler }]) => ({
      field: `schedules.${key}.handler`,
      key,
      file: handler,
    })),
    hooks: Object.entries(queued).flatMap(([key, file]) =>
      file === undefined ? [] : [{ field: `hooks.${key}`, key, file }],
    ),
  };
}
