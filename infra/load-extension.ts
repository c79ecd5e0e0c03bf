import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigurationError, type Extension, parseExtension, parseOrigin } from '../shared/config.ts';

/**
 * The author's configuration, judged and with every default filled in. Paths count from the directory in which the
 * command runs: the project's own.
 * @throws {ConfigurationError} with a sentence that names the file, the field or the variable.
 */
export async function loadExtension(environment: NodeJS.ProcessEnv = process.env): Promise<Extension> {
  const input = await importDefault(environment.EXTENSION_CONFIG || 'extension.config.ts');
  const extension = parseExtension(environment.FP_API_DOMAIN ? onCluster(input, environment.FP_API_DOMAIN) : input);
  return { ...extension, api: Object.fromEntries(Object.entries(extension.api).map(existingHandler)) };
}

async function importDefault(file: string): Promise<unknown> {
  const path = resolve(file);
  if (!existsSync(path)) {
    throw new ConfigurationError(`${file} does not exist. EXTENSION_CONFIG names the configuration file.`);
  }
  let module: { default?: unknown };
  try {
    module = await import(pathToFileURL(path).href);
  } catch (cause) {
    const reason =
      cause instanceof Error ? `${cause.name}: ${cause.message.trim().split('\n')[0]}` : 'it threw no error';
    throw new ConfigurationError(`${file} cannot be loaded (${reason}).`, { cause });
  }
  if (module.default === undefined) {
    throw new ConfigurationError(`${file} has no default export: it must say "export default defineExtension({ … })".`);
  }
  return module.default;
}

function onCluster(input: unknown, domain: string): unknown {
  const cluster = parseOrigin(domain);
  if (cluster === undefined) {
    throw new ConfigurationError(
      'FP_API_DOMAIN must be the host or https origin of the platform, such as "api.fynd.com" (http only for loopback).',
    );
  }
  if (typeof input !== 'object' || input === null) return input;
  // A simulated platform on loopback is its own panel; the configured panels are those of the real one.
  return cluster.startsWith('http:') ? { ...input, cluster, adminOrigins: undefined } : { ...input, cluster };
}

function existingHandler([route, handler]: [string, string]): [string, string] {
  if (!existsSync(resolve(handler))) {
    throw new ConfigurationError(`extension.config.ts: api.${route} names ${handler}, a file that does not exist.`);
  }
  // One spelling, so that a file is one function however often and however it is named.
  return [route, `./${relative('.', handler).replaceAll('\\', '/')}`];
}
