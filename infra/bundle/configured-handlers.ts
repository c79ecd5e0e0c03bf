import type { Plugin } from 'esbuild';
import { type Extension, eventKeyOf, isForCompany } from '../../shared/config.ts';

const namespace = 'configured-handlers';
const routePrefix = '#route:';

/** A handler file of the author's, and the field of the configuration that names it. */
export interface ConfiguredHandler {
  readonly file: string;
  /** Begins a sentence about it. */
  readonly place: string;
  readonly key: string;
  /** Who must have made it: a name in `functions/runtime/made-handlers.ts`. */
  readonly maker: string;
}

/**
 * Makes the modules `#handlers`, for the worker, `#launched`, for the callback, and one around each route's file, of what
 * the configuration names. So the author's files are part of those bundles, and nobody lists them in code. Each refuses
 * to load with a handler that was not made where it belongs.
 */
export function configuredHandlers(extension: Extension): Plugin {
  return {
    name: namespace,
    setup(build) {
      build.onResolve({ filter: /^#(handlers$|launched$|route:)/ }, ({ path }) => ({ path, namespace }));
      build.onLoad({ filter: /.*/, namespace }, ({ path }) => ({
        contents: sourceOf(path, extension),
        loader: 'js',
        // Where the paths in the configuration begin.
        resolveDir: process.cwd(),
      }));
    },
  };
}

/** What esbuild begins with for an entry file: where a route names it, the module around it. */
export function entryPointOf(extension: Extension, entry: string): string {
  return routesOf(extension).some(({ file }) => file === entry) ? `${routePrefix}${entry}` : entry;
}

/** The author's handlers in the bundle of an entry file. */
export function handlersIn(extension: Extension, entry: string): ConfiguredHandler[] {
  const modules: Readonly<Record<string, string>> = {
    './functions/worker.ts': '#handlers',
    './functions/callback.ts': '#launched',
  };
  const path = modules[entry] ?? entryPointOf(extension, entry);
  return path === entry ? [] : Object.values(handlersOf(path, extension)).flat();
}

function sourceOf(path: string, extension: Extension): string {
  const lines = [`import { requireMade } from './functions/runtime/made-handlers.ts';`];
  const text = (value: string) => JSON.stringify(value);
  for (const [group, handlers] of Object.entries(handlersOf(path, extension))) {
    const entries = handlers.map(({ key, file, maker, place }) => {
      const name = `file${lines.length}`;
      lines.push(`import * as ${name} from ${text(file)};`);
      return [text(key), `requireMade(${text(maker)}, ${name}.handler, ${text(place)})`] as const;
    });
    lines.push(
      path === '#handlers'
        ? `export const ${group} = { ${entries.map((entry) => entry.join(': ')).join(', ')} };`
        : // A file is one handler, which must fit wherever it is named.
          `export const [${group}] = [${entries.map(([, required]) => required).join(', ')}];`,
    );
  }
  return lines.join('\n');
}

/** The module's exports, each with the handlers that it holds. */
function handlersOf(path: string, extension: Extension): Record<string, ConfiguredHandler[]> {
  const { launched, ...queued } = extension.hooks;
  const handler = (maker: string, field: string, key: string, file: string): ConfiguredHandler => ({
    maker,
    place: `extension.config.ts: ${field} names ${file}`,
    key,
    file,
  });
  if (path === '#launched') {
    return { launched: launched === undefined ? [] : [handler('launch', 'hooks.launched', 'launched', launched)] };
  }
  if (path === '#handlers') {
    return {
      events: extension.events.flatMap((event) => {
        const key = eventKeyOf(event);
        return event.handler === undefined ? [] : [handler('event', `events.${key}`, key, event.handler)];
      }),
      schedules: Object.entries(extension.schedules).map(([key, { handler: file }]) =>
        handler('schedule', `schedules.${key}.handler`, key, file),
      ),
      hooks: Object.entries(queued).flatMap(([key, file]) =>
        file === undefined ? [] : [handler('hook', `hooks.${key}`, key, file)],
      ),
    };
  }
  const routes = routesOf(extension).filter(({ file }) => path === `${routePrefix}${file}`);
  return { handler: [...new Map(routes.toReversed().map((route) => [route.maker, route])).values()] };
}

/** The author's routes, whoever calls them. A file that several name is loaded where each of them fits. */
function routesOf({ api, storefront, calls }: Extension): ConfiguredHandler[] {
  const of = (maker: string, field: string, key: string, file: string): ConfiguredHandler => ({
    maker,
    place: `extension.config.ts: ${field}.${JSON.stringify(key)} names ${file}`,
    key,
    file,
  });
  return [
    ...Object.entries(api).map(([key, file]) => of('api', 'api', key, file)),
    ...Object.entries(storefront).map(([key, file]) => of('storefront', 'storefront', key, file)),
    ...Object.entries(calls).map(([key, call]) =>
      of(isForCompany(call) ? 'companyCall' : 'call', 'calls', key, call.handler),
    ),
  ];
}
