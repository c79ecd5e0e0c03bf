import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { StartError } from '../host/start-error.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

export interface Synthesis {
  /** The CDK app. Default: the one that is deployed. */
  readonly app?: string | undefined;
  /** Becomes the cloud assembly; one folder for each run, since two cannot share one. */
  readonly outputDirectory: string;
  readonly baseUrl: string;
  readonly cluster: string;
  readonly configFile?: string | undefined;
  readonly frontendElsewhere?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs the CDK app in the project's directory, as the CDK CLI does. Resolves to what it said on stderr, mostly nothing.
 * @throws {StartError} with what the app said on stderr.
 */
export async function synthesize(synthesis: Synthesis): Promise<string> {
  // No secret, and no stage: those are of what is deployed.
  const {
    EXTENSION_API_KEY: _key,
    EXTENSION_API_SECRET: _secret,
    EXTENSION_STAGE: _stage,
    ...environment
  } = process.env;
  const app = synthesis.app ?? join(root, 'infra', 'app.ts');
  const child = spawn(
    process.execPath,
    [
      ...['../lambda/end-with-parent.ts', './note-loaded-files.ts'].flatMap((file) => [
        '--import',
        new URL(file, import.meta.url).href,
      ]),
      app,
    ],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      signal: synthesis.signal,
      env: {
        ...environment,
        CDK_OUTDIR: synthesis.outputDirectory,
        EXTENSION_BASE_URL: synthesis.baseUrl,
        FP_API_DOMAIN: synthesis.cluster,
        FRONTEND_ELSEWHERE: synthesis.frontendElsewhere ?? '',
        ...(synthesis.configFile === undefined ? {} : { EXTENSION_CONFIG: synthesis.configFile }),
      },
    },
  ) as ChildProcessByStdio<null, Readable, Readable>;
  let said = '';
  child.stdout.resume();
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => {
      // An aborted child is waited for: it writes into the folder that is removed next.
      if (error.name !== 'AbortError') reject(error);
    });
    child.once('close', resolve);
  });
  synthesis.signal?.throwIfAborted();
  if (status === 0) return said.trim();
  throw new StartError(said.trim() || `The stack could not be synthesized (infra/app.ts ended with status ${status}).`);
}
