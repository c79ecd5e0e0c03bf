import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { run, start, stop } from '../../infra/emulator/child.ts';
import { Failure } from '../../infra/emulator/failure.ts';
import { findFreePort } from '../../infra/local/host/listen.ts';
import type { GivenEngine } from '../shared/fixture/engine.ts';

const pom = fileURLToPath(import.meta.resolve('./pom.xml'));
const program = fileURLToPath(import.meta.resolve('./Loopback.java'));

export interface DynamoDbLocal {
  readonly engine: GivenEngine;
  close(): Promise<void>;
}

/** What is not here that DynamoDB Local needs, and how to get it; undefined where nothing is missing. */
export async function missingForDynamoDbLocal(): Promise<string | undefined> {
  const { env } = process;
  const answers = async (command: string, option: string) =>
    (await run(command, [option], { env }).catch(() => undefined))?.output ?? '';
  const [, version] = /^javac (\d+)/m.exec(await answers('javac', '-version')) ?? [];
  if (version === undefined || Number(version) < 17) {
    return 'a JDK of version 17 or newer (Debian: apt-get install openjdk-17-jdk-headless)';
  }
  if (!/Apache Maven/.test(await answers('mvn', '--version'))) return 'Maven (Debian: apt-get install maven)';
  return undefined;
}

/** DynamoDB Local and what it needs, from Maven's repository, into the directory; only once for one pom.xml. */
export async function installDynamoDbLocal(directory: string): Promise<string> {
  const jars = join(directory, 'dynamodb-local');
  const stamp = join(jars, '.installed');
  const digest = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex');
  if (existsSync(stamp) && (await readFile(stamp, 'utf8')) === digest) return jars;
  await rm(jars, { recursive: true, force: true });
  await mkdir(jars, { recursive: true });
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${jars}`];
  const installed = await run('mvn', ['-q', '-B', '-f', pom, ...goal], { env: process.env });
  if (installed.status !== 0) throw new Failure('Maven could not fetch DynamoDB Local.', installed.output);
  await writeFile(stamp, digest);
  return jars;
}

/** In memory, on loopback, with nothing reported to anybody. */
export async function startDynamoDbLocal(jars: string): Promise<DynamoDbLocal> {
  const port = await findFreePort();
  const options = ['-inMemory', '-disableTelemetry', '-port', String(port)];
  const classPath = [join(jars, '*')].join(delimiter);
  const child = start('java', [`-Djava.library.path=${jars}`, '-cp', classPath, program, ...options], process.env);
  let said = '';
  for (const channel of [child.stdout, child.stderr]) {
    channel?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-20_000);
    });
  }
  const endpoint = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + 60_000;
  while (!(await isReady(endpoint))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Failure('DynamoDB Local did not start.', said);
    await wait(50);
  }
  return { engine: { name: 'DynamoDB Local', endpoint }, close: () => stop(child) };
}

/** It answers everything that is not signed, with a refusal. */
async function isReady(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(endpoint)).status === 400;
  } catch {
    return false;
  }
}
