import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as v from 'valibot';
import { isLoopback, parseOrigin } from '../../../shared/config.ts';
import type { NamedPort } from './listen.ts';
import { StartError } from './start-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What `npm start` takes from the environment. */
export interface StartSettings {
  readonly platformPort: NamedPort;
  readonly extensionPort: NamedPort;
  readonly isTls: boolean;
  readonly dataDir: string | undefined;
  readonly configFile: string | undefined;
}

/** @throws {StartError} naming the variable. */
export function startSettings(environment: Environment): StartSettings {
  const platformPort = portOf(environment, 'PORT', 3000);
  const extensionPort = portOf(environment, 'EXTENSION_PORT', 3001);
  if (platformPort.port === extensionPort.port) {
    throw new StartError(`PORT and EXTENSION_PORT are both ${platformPort.port}: they must be different ports.`);
  }
  return { platformPort, extensionPort, ...commonSettings(environment) };
}

/** What `npm run emulator` takes from the environment. */
export interface EmulatorSettings extends StartSettings {
  readonly emulatorPort: NamedPort;
  /** Where FP_API_DOMAIN names one; undefined: the simulated platform. */
  readonly platform: Pick<DevSettings, 'apiKey' | 'apiSecret' | 'baseUrl' | 'cluster'> | undefined;
}

/** @throws {StartError} as the other two. */
export function emulatorSettings(environment: Environment, contextFile = 'extension.context.json'): EmulatorSettings {
  const settings = startSettings(environment);
  const emulatorPort = portOf(environment, 'EMULATOR_PORT', 4566);
  for (const { port, name } of [settings.platformPort, settings.extensionPort]) {
    if (port === emulatorPort.port)
      throw new StartError(`${name} and EMULATOR_PORT are both ${port}: they must be different ports.`);
  }
  if (!environment['FP_API_DOMAIN']?.trim()) return { ...settings, emulatorPort, platform: undefined };
  const cluster = originOf(environment, 'FP_API_DOMAIN', 'https://api.fynd.com');
  // What is on this machine too needs no tunnel.
  const ownUrl = `${settings.isTls ? 'https' : 'http'}://localhost:${settings.extensionPort.port}`;
  const baseUrl =
    isLoopback(new URL(cluster).hostname) && !environment['EXTENSION_BASE_URL']?.trim()
      ? ownUrl
      : originOf(environment, 'EXTENSION_BASE_URL', 'https://extension.example.com');
  return { ...settings, emulatorPort, platform: { ...readCredentials(environment, contextFile), baseUrl, cluster } };
}

/** What `npm run dev` takes from the environment: the names are those that `fdk extension preview` sets. */
export interface DevSettings {
  readonly apiKey: string;
  readonly apiSecret: string;
  readonly baseUrl: string;
  readonly cluster: string;
  readonly ports: readonly [NamedPort, ...NamedPort[]];
  /** The file of fdk-cli, below this project, whose program listens on the front end's port. */
  readonly frontendElsewhere: string | undefined;
  readonly isTls: boolean;
  readonly dataDir: string | undefined;
  readonly configFile: string | undefined;
}

/**
 * @param rolesFile fdk-cli's own file, which says whether it will wait for the front end's port.
 * @param contextFile where fdk-cli notes the key and the secret; read only where the environment lacks one of them.
 * @throws {StartError} naming the variable or the file that is missing or malformed, never a secret's value.
 */
export function devSettings(
  environment: Environment,
  rolesFile = 'fdk.ext.config.json',
  contextFile = 'extension.context.json',
): DevSettings {
  const credentials = readCredentials(environment, contextFile);
  const baseUrl = originOf(environment, 'EXTENSION_BASE_URL', 'https://extension.example.com');
  const cluster = originOf(environment, 'FP_API_DOMAIN', 'https://api.fynd.com');
  const backend = portOf(environment, 'BACKEND_PORT');
  const ports: [NamedPort, ...NamedPort[]] = [backend];
  const isFrontend = readRoles(rolesFile).includes('frontend');
  const frontendElsewhere = isFrontend ? findFrontend(dirname(rolesFile), basename(rolesFile)) : undefined;
  if (isFrontend && frontendElsewhere === undefined) {
    const frontend = portOf(environment, 'FRONTEND_PORT');
    if (frontend.port !== backend.port) ports.push(frontend);
  }
  return { ...credentials, baseUrl, cluster, ports, frontendElsewhere, ...commonSettings(environment) };
}

function commonSettings(environment: Environment): Pick<StartSettings, 'isTls' | 'dataDir' | 'configFile'> {
  const tls = environment['HTTPS']?.trim() ?? '';
  if (!/^(0|1|true|false|)$/i.test(tls)) throw new StartError('HTTPS must be 1, to speak TLS too, or 0.');
  return {
    isTls: /^(1|true)$/i.test(tls),
    dataDir: environment['LOCAL_DATA_DIR'] || undefined,
    configFile: environment['EXTENSION_CONFIG'] || undefined,
  };
}

function required(environment: Environment, name: string): string {
  const value = environment[name]?.trim();
  if (value) return value;
  throw new StartError(`${name} is not set. \`fdk extension preview\` sets it; a .env file may hold it too.`);
}

function readCredentials(environment: Environment, contextFile: string): Pick<DevSettings, 'apiKey' | 'apiSecret'> {
  const isComplete = environment['EXTENSION_API_KEY']?.trim() && environment['EXTENSION_API_SECRET']?.trim();
  const context = isComplete ? {} : readContext(contextFile);
  const credential = (name: keyof v.InferOutput<typeof contextSchema>): string => {
    const own = environment[name]?.trim();
    const value = own || required(context, name);
    if (/^[\x21-\x7e]+$/.test(value)) return value;
    const place = own ? name : `${name} in ${contextFile}`;
    throw new StartError(`${place} holds characters that no key or secret of the platform has.`);
  };
  return { apiKey: credential('EXTENSION_API_KEY'), apiSecret: credential('EXTENSION_API_SECRET') };
}

function originOf(environment: Environment, name: string, example: string): string {
  const origin = parseOrigin(required(environment, name));
  if (origin !== undefined) return origin;
  throw new StartError(`${name} must be an https origin without a path, such as ${example} (http only for loopback).`);
}

function portOf(environment: Environment, name: string, otherwise?: number): NamedPort {
  const text = otherwise === undefined ? required(environment, name) : environment[name]?.trim() || String(otherwise);
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return { port, name };
  throw new StartError(`${name} must be a port number from 1 to 65535.`);
}

const contextSchema = v.pipe(
  v.unknown(),
  v.check((context) => !Array.isArray(context)),
  v.object({ EXTENSION_API_KEY: v.optional(v.string()), EXTENSION_API_SECRET: v.optional(v.string()) }),
);

/** Empty where there is no file. What a parser says of a malformed one quotes it, and so is not handed on. */
function readContext(file: string): v.InferOutput<typeof contextSchema> {
  if (!existsSync(file)) return {};
  try {
    return v.parse(contextSchema, JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new StartError(`${file} must be JSON whose "EXTENSION_API_KEY" and "EXTENSION_API_SECRET" are text.`);
  }
}

/**
 * A file of this name in a folder below that claims the front end, as an official front end in `frontend/` brings it:
 * fdk-cli runs what each of them names. Packages and hidden folders are nobody's front end.
 */
function findFrontend(folder: string, name: string): string | undefined {
  const folders = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !/^(\..*|node_modules|cdk\.out)$/.test(entry.name))
    .map((entry) => join(folder, entry.name));
  return (
    folders.map((below) => join(below, name)).find((file) => readRoles(file).includes('frontend')) ??
    folders.reduce<string | undefined>((found, below) => found ?? findFrontend(below, name), undefined)
  );
}

/** None where there is no file. */
function readRoles(file: string): readonly unknown[] {
  if (!existsSync(file)) return [];
  try {
    const { roles } = JSON.parse(readFileSync(file, 'utf8')) as { readonly roles?: unknown };
    if (Array.isArray(roles) && roles.every((role) => typeof role === 'string')) return roles;
  } catch {
    // What is no JSON, no object or cannot be read gets the same sentence.
  }
  throw new StartError(`${file} must be JSON whose "roles" is a list such as ["backend", "frontend"].`);
}
