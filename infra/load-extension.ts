import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  ConfigurationError,
  type Extension,
  eventKeyOf,
  isLoopback,
  parseOrigin,
  type SettingValue,
  type Stage,
} from '../shared/config.ts';
import { variableOf } from '../shared/own-variables.ts';
import { parseExtension } from '../shared/parse-extension.ts';
import { loadError } from './load-error.ts';

/**
 * The author's configuration, judged and with every default filled in, as it counts for the stage that `EXTENSION_STAGE`
 * names. Paths count from the directory in which the command runs: the project's own.
 * @throws {ConfigurationError} with a sentence that names the file, the field or the variable.
 */
export async function loadExtension(environment: NodeJS.ProcessEnv = process.env): Promise<Extension> {
  const configFile = environment.EXTENSION_CONFIG || 'extension.config.ts';
  const input = await importDefault(configFile);
  const { FP_API_DOMAIN: domain, EXTENSION_STAGE: stageName } = environment;
  const extension =
    domain && !stageName ? onCluster(input, domain, configFile) : parseExtension(input, configFile, stageName);
  if (domain) requireSameCluster(extension, clusterOf(domain));
  const existingHandler = (field: string, handler: string) => existingFile(configFile, field, handler);
  const files = (group: string, named: Readonly<Record<string, string | undefined>>) =>
    Object.fromEntries(
      Object.entries(named).flatMap(([name, file]) =>
        file === undefined ? [] : [[name, existingHandler(`${group}.${name}`, file)] as const],
      ),
    );
  return {
    ...extension,
    api: files('api', extension.api),
    events: extension.events.map((event) =>
      event.handler === undefined
        ? event
        : { ...event, handler: existingHandler(`events.${eventKeyOf(event)}`, event.handler) },
    ),
    schedules: Object.fromEntries(
      Object.entries(extension.schedules).map(([name, schedule]) => [
        name,
        { ...schedule, handler: existingHandler(`schedules.${name}.handler`, schedule.handler) },
      ]),
    ),
    hooks: files('hooks', extension.hooks),
    settings: Object.fromEntries(
      Object.entries(extension.settings).map(([name, value]) => [name, settingOf(name, value, environment)]),
    ),
    secrets: Object.fromEntries(
      Object.entries(extension.secrets).map(([name, { for: handlers }]) => [
        name,
        { for: handlers.map((handler) => existingHandler(`secrets.${name}.for`, handler)) },
      ]),
    ),
    ...(extension.stage && {
      stage: { ...extension.stage, concurrency: concurrencyOf(extension.stage, existingHandler) },
    }),
    page: pageOf(extension, environment),
    resources: extension.resources && existingHandler('resources', extension.resources),
  };
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
    throw loadError(file, cause);
  }
  if (module.default === undefined) {
    throw new ConfigurationError(`${file} has no default export: it must say "export default defineExtension({ … })".`);
  }
  return module.default;
}

/** The configuration for the platform that the environment names. */
function onCluster(input: unknown, domain: string, configFile: string): Extension {
  const cluster = clusterOf(domain);
  const given = typeof input === 'object' && input !== null ? { ...input, cluster } : input;
  const extension = parseExtension(given, configFile);
  if (!isLoopback(new URL(cluster).hostname)) return extension;
  // A simulated platform on loopback shows the extension, too, and keeps the images of its products itself.
  const { adminOrigins, csp } = extension;
  return {
    ...extension,
    adminOrigins: [...new Set([cluster, ...adminOrigins])],
    csp: { ...csp, img: [...new Set([cluster, ...csp.img])] },
  };
}

function clusterOf(domain: string): string {
  const cluster = parseOrigin(domain);
  if (cluster !== undefined) return cluster;
  throw new ConfigurationError(
    'FP_API_DOMAIN must be the host or https origin of the platform, such as "api.fynd.com" (http only for loopback).',
  );
}

/** A stage says its cluster itself: one that a shell still names from something else would get its companies' tokens. */
function requireSameCluster({ stage, cluster }: Extension, named: string): void {
  if (stage === undefined || new URL(cluster).origin === named) return;
  throw new ConfigurationError(
    `The stage ${stage.name} is for ${new URL(cluster).origin}, FP_API_DOMAIN names ${named}: unset it, or change the cluster of the stage.`,
  );
}

function concurrencyOf(
  { name, concurrency }: Stage,
  existingHandler: (field: string, handler: string) => string,
): Stage['concurrency'] {
  const field = `stages.${name}.concurrency.reserved`;
  const reserved = Object.entries(concurrency.reserved).map(([file, count]) => [existingHandler(field, file), count]);
  return { ...concurrency, reserved: Object.fromEntries(reserved) };
}

/** What the environment says a setting is, else what the configuration says; in the type that it has there. */
function settingOf(name: string, configured: SettingValue, environment: NodeJS.ProcessEnv): SettingValue {
  const variable = variableOf(name);
  const text = environment[variable]?.trim();
  if (!text || typeof configured === 'string') return text || configured;
  if (typeof configured === 'number' && Number.isFinite(Number(text))) return Number(text);
  if (typeof configured === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  throw new ConfigurationError(
    `${variable} must be ${typeof configured === 'number' ? 'a number' : 'true or false'}, as settings.${name} in the configuration is.`,
  );
}

/** A front end that a server of its own serves, as the local runtime found out, need not be built. */
function pageOf({ page }: Extension, { FRONTEND_ELSEWHERE }: NodeJS.ProcessEnv): string | undefined {
  return page !== undefined && FRONTEND_ELSEWHERE && !existsSync(resolve(page)) ? undefined : page;
}

function existingFile(configFile: string, field: string, handler: string): string {
  if (!existsSync(resolve(handler))) {
    throw new ConfigurationError(`${configFile}: ${field} names ${handler}, a file that does not exist.`);
  }
  // One spelling, so that a file is one function however often and however it is named.
  return `./${relative('.', handler).replaceAll('\\', '/')}`;
}
