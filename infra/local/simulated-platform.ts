import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { readDataFile, writeDataFile } from './host/data-file.ts';
import type { Log } from './host/log-entry.ts';
import { StartError } from './host/start-error.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

export interface SimulatedPlatform {
  readonly url: string;
  /** Settles when it ends without having been closed. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
}

const credentialsSchema = v.object({ apiKey: v.string(), apiSecret: v.string() });

export type Credentials = Readonly<v.InferOutput<typeof credentialsSchema>>;

/** The extension's key and secret on the simulated platform: made once, readable by their owner only. */
export function platformCredentials(directory: string): Credentials {
  const file = join(directory, 'simulated-platform.json');
  const without = 'Without it the extension is another one to the simulated platform: install it again there.';
  const stored = readDataFile(file, credentialsSchema, without);
  if (stored) return stored;
  const credentials = { apiKey: randomBytes(12).toString('hex'), apiSecret: randomBytes(24).toString('base64url') };
  writeDataFile(file, JSON.stringify(credentials, undefined, 2));
  return credentials;
}

/**
 * Starts the platform in a process of its own and waits until it serves.
 * @throws {StartError} where it ends before.
 */
export async function startSimulatedPlatform(
  options: Credentials & {
    readonly port: number;
    readonly baseUrl: string;
    /** Where it keeps its tokens for the next run. */
    readonly stateFile: string;
    /** A certificate (PEM) that the extension speaks TLS with, and nobody else vouches for. */
    readonly trusted?: string | undefined;
    /** Scopes and events that exist besides those that it knows. */
    readonly unlisted: readonly string[];
    /** The region that the extension calls, which is served beside addresses without one. Default: none. */
    readonly region?: string | undefined;
    readonly log: Log;
    /** Gives up starting, and ends what was started. */
    readonly signal: AbortSignal;
    /** Default: the one in infra/simulated-platform/. */
    readonly program?: string | undefined;
  },
): Promise<SimulatedPlatform> {
  const program = options.program ?? join(root, 'infra', 'simulated-platform', 'main.ts');
  const child = spawn(
    process.execPath,
    ['--import', new URL('./lambda/end-with-parent.ts', import.meta.url).href, program],
    {
      cwd: root,
      // A group of its own: Ctrl-C at the terminal reaches it through this process, in order.
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      signal: options.signal,
      env: {
        ...process.env,
        PORT: String(options.port),
        EXTENSION_API_KEY: options.apiKey,
        EXTENSION_API_SECRET: options.apiSecret,
        EXTENSION_BASE_URL: options.baseUrl,
        // Whatever the extension's configuration asks for.
        EXTENSION_SCOPES: '',
        PLATFORM_UNLISTED: options.unlisted.join(','),
        PLATFORM_REGION: options.region ?? '',
        PLATFORM_STATE_FILE: options.stateFile,
        ...(options.trusted !== undefined && { NODE_EXTRA_CA_CERTS: options.trusted }),
      },
    },
  ) as ChildProcessByStdio<null, Readable, Readable>;
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (status, signal) => resolve(`The simulated platform ended (${signal ?? `status ${status}`}).`));
    child.once('error', (error) => resolve(`The simulated platform could not be started (${error.message}).`));
  });
  const close = async () => {
    child.kill();
    await exited;
  };
  createInterface({ input: child.stderr }).on('line', (text) => {
    options.log({ kind: 'output', source: 'platform', text });
  });
  const ready = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (text) => {
      const [, url] = /^platform ready (\S+)/.exec(text) ?? [];
      if (url === undefined) options.log({ kind: 'output', source: 'platform', text });
      else resolve(url);
    });
  });
  const url = await Promise.race([ready, exited.then((sentence) => Promise.reject(new StartError(sentence)))]);
  return { url, ended: exited, close };
}
