import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { findFreePort } from '../local/host/listen.ts';
import { Aws } from './aws.ts';
import { run, start, stop } from './child.ts';
import { Failure } from './failure.ts';
import { installPythonEnvironment, isPythonEnvironment } from './python-environment.ts';

export const region = 'ap-south-1';
export const accountId = '000000000000';

export interface Emulator {
  readonly endpoint: string;
  readonly port: number;
  /** Whoever talks to it must trust it. */
  readonly certificateFile: string;
  /** All that a command needs to be this account's, and nothing of the machine's own settings. */
  readonly environment: Readonly<Record<string, string>>;
  readonly aws: Aws;
  /** Empty of what its programs should have removed, when all is over. */
  readonly temporaryDirectory: string;
  /** Settles when it ends without having been closed; the sentence says so. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
}

const requirements = fileURLToPath(import.meta.resolve('./requirements.txt'));

/** Whether `installEmulator` has nothing to do. */
export async function isEmulatorInstalled(venv: string): Promise<boolean> {
  return await isPythonEnvironment(venv, requirements);
}

/** MiniStack in a Python environment of this directory, which is made unless it is there already. */
export async function installEmulator(venv: string, signal?: AbortSignal): Promise<string> {
  await installPythonEnvironment(venv, requirements, signal);
  return join(venv, 'bin', 'python');
}

export interface EmulatorOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Default: {@link region}. */
  readonly region?: string | undefined;
  /** Gives up waiting for it. */
  readonly signal?: AbortSignal;
}

/**
 * Starts MiniStack on loopback, with an account that nothing was ever deployed into and every policy enforced. It keeps
 * its files in `directory`. `settings` are added to the environment of those who use the account.
 */
export async function startEmulator(
  python: string,
  directory: string,
  settings: Readonly<Record<string, string>> = {},
  { port: givenPort, region: servedRegion = region, signal }: EmulatorOptions = {},
): Promise<Emulator> {
  const port = givenPort ?? (await findFreePort());
  const home = join(directory, 'home');
  const temporaryDirectory = join(directory, 'tmp');
  const own = join(directory, 'emulator');
  for (const path of [home, temporaryDirectory, own]) await mkdir(path);
  const base = {
    PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
    LANG: 'C.UTF-8',
    NO_COLOR: '1',
    // The CDK CLI remembers the account of each key id: one of this run only.
    AWS_ACCESS_KEY_ID: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
    AWS_SECRET_ACCESS_KEY: settings['AWS_SECRET_ACCESS_KEY'] ?? randomBytes(24).toString('base64url'),
  };
  const certificate = await makeCertificate(python, own);
  const serve = fileURLToPath(import.meta.resolve('./serve.py'));
  const variables = {
    ...base,
    // Its functions see all of this; Node 24 comes first on the PATH.
    HOME: own,
    TMPDIR: own,
    GATEWAY_PORT: String(port),
    BIND_HOST: '127.0.0.1',
    LAMBDA_EXECUTOR: 'local',
    MINISTACK_REGION: servedRegion,
    S3_DATA_DIR: join(own, 's3'),
    STATE_DIR: join(own, 'state'),
    DOCKER_HOST: `unix://${join(own, 'no-docker')}`,
    SFTP_ENABLED: '0',
    IOT_MTLS_ENABLED: '0',
    // Policies and signatures count, for the functions' roles and the CDK's.
    AUTH: 'true',
    // What is not TLS is refused by policies, and by browsers.
    USE_SSL: '1',
    MINISTACK_SSL_CERT: certificate.file,
    MINISTACK_SSL_KEY: certificate.keyFile,
    LOG_LEVEL: 'WARNING',
  };
  const child = start(python, ['-I', serve], variables, 'pipe');
  const ended = once(child, 'exit').then(() => 'The AWS emulator ended.');
  let said = '';
  for (const channel of [child.stdout, child.stderr]) {
    channel?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-20_000);
    });
  }
  const endpoint = `https://127.0.0.1:${port}`;
  const deadline = Date.now() + 30_000;
  while (!(await isReady(endpoint))) {
    if (child.exitCode !== null || Date.now() > deadline || signal?.aborted)
      throw new Failure('The AWS emulator did not start.', said);
    await wait(50);
  }
  const environment = {
    ...base,
    HOME: home,
    TMPDIR: temporaryDirectory,
    AWS_ENDPOINT_URL: endpoint,
    AWS_CA_BUNDLE: certificate.file,
    NODE_EXTRA_CA_CERTS: certificate.file,
    AWS_REGION: servedRegion,
    AWS_DEFAULT_REGION: servedRegion,
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_DEFAULT_ACCOUNT: accountId,
    CI: 'true',
    ...settings,
  };
  const aws = new Aws(python, environment);
  const close = async (): Promise<void> => {
    aws.close();
    await stop(child);
  };
  return { endpoint, port, certificateFile: certificate.file, environment, aws, temporaryDirectory, ended, close };
}

/** A certificate of this run only, which this process trusts from now on. */
async function makeCertificate(python: string, directory: string): Promise<{ file: string; keyFile: string }> {
  const file = join(directory, 'certificate.pem');
  const keyFile = join(directory, 'key.pem');
  const program = fileURLToPath(import.meta.resolve('./certificate.py'));
  const made = await run(python, ['-I', program, file, keyFile], { env: process.env });
  if (made.status !== 0) throw new Failure('The emulator’s certificate could not be made.', made.output);
  setDefaultCACertificates([...getCACertificates('default'), await readFile(file, 'utf8')]);
  return { file, keyFile };
}

async function isReady(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(`${endpoint}/_ministack/ready`)).ok;
  } catch {
    return false;
  }
}
