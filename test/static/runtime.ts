import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { run, start, stop } from '../../infra/emulator/child.ts';
import { check, Failure } from '../../infra/emulator/failure.ts';
import { findFreePort } from '../../infra/local/host/listen.ts';

/** Commands that compiling the runtime client takes, and Debian's packages of them. It brings its own libcurl along. */
const buildPackages = { cmake: 'cmake', make: 'make', 'g++': 'g++', xz: 'xz-utils' } as const;

/** What is not here that compiling the runtime client needs; undefined where nothing is missing. */
export async function missingForRuntime(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'Linux, where Lambda’s own programs run';
  const missing: string[] = [];
  for (const [command, name] of Object.entries(buildPackages)) {
    const { status } = await run('sh', ['-c', `command -v ${command}`], { env: process.env });
    if (status !== 0) missing.push(name);
  }
  if (missing.length === 0) return undefined;
  return `${missing.join(', ')} (Debian: apt-get install ${Object.values(buildPackages).join(' ')})`;
}

/** AWS's runtime client for Node.js, compiled below the directory; only once for one lock file and one Node. */
export async function installRuntimeClient(directory: string): Promise<string> {
  const home = join(directory, 'runtime-client');
  const own = (file: string) => fileURLToPath(import.meta.resolve(`./ric/${file}`));
  const digest = createHash('sha256')
    .update(await readFile(own('package-lock.json')))
    .update(process.version)
    .digest('hex');
  const client = join(home, 'node_modules', 'aws-lambda-ric', 'index.mjs');
  const stamp = join(home, '.installed');
  if (existsSync(stamp) && (await readFile(stamp, 'utf8')) === digest) return client;
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) await copyFile(own(file), join(home, file));
  const options = ['--no-audit', '--no-fund', '--loglevel=error'];
  const installed = await run('npm', ['ci', '--prefix', home, ...options], { env: process.env });
  if (installed.status !== 0) throw new Failure('AWS’s runtime client could not be compiled.', installed.output);
  await writeFile(stamp, digest);
  return client;
}

export interface Runtime {
  /** AWS's Runtime Interface Emulator. */
  readonly emulator: string;
  /** AWS's runtime client. */
  readonly client: string;
}

export interface Invocation {
  /** The emulator's; AWS says by a header what it says by this. */
  readonly status: number;
  readonly text: string;
}

export interface StartedFunction {
  invoke(event: unknown): Promise<Invocation>;
  /** What the emulator and the function have written. */
  readonly said: string;
  close(): Promise<void>;
}

/** Starts a function as Lambda would: in its folder, with its variables only, under the runtime client. */
export async function startFunction(
  runtime: Runtime,
  fn: {
    readonly directory: string;
    readonly timeoutSeconds: number;
    readonly environment: Readonly<Record<string, string>>;
  },
): Promise<StartedFunction> {
  const [port, runtimePort] = [await findFreePort(), await findFreePort()];
  const addresses = [
    '--runtime-interface-emulator-address',
    `127.0.0.1:${port}`,
    '--runtime-api-address',
    `127.0.0.1:${runtimePort}`,
  ];
  const programs = [runtime.emulator, ...addresses, process.execPath, runtime.client, 'index.handler'];
  const child = start('sh', ['-c', 'cd "$LAMBDA_TASK_ROOT" && exec "$@"', 'sh', ...programs], {
    PATH: '/usr/bin:/bin',
    LANG: 'en_US.UTF-8',
    TZ: 'UTC',
    LAMBDA_TASK_ROOT: fn.directory,
    AWS_LAMBDA_FUNCTION_NAME: 'function',
    AWS_LAMBDA_FUNCTION_TIMEOUT: String(fn.timeoutSeconds),
    ...fn.environment,
  });
  let said = '';
  for (const channel of [child.stdout, child.stderr]) {
    channel?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const address = `http://127.0.0.1:${port}/2015-03-31/functions/function/invocations`;
  const deadline = Date.now() + 20_000;
  while (!(await isListening(address))) {
    check(child.exitCode === null && Date.now() < deadline, 'The Runtime Interface Emulator did not start.', said);
    await wait(20);
  }
  return {
    invoke: async (event) => {
      const answer = await fetch(address, { method: 'POST', body: JSON.stringify(event) });
      return { status: answer.status, text: await answer.text() };
    },
    get said() {
      return said;
    },
    close: () => stop(child),
  };
}

/** Any answer will do: the function is not called by anything but a POST. */
async function isListening(address: string): Promise<boolean> {
  try {
    await (await fetch(new URL('/', address))).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
