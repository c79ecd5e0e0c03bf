import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseEnv } from 'node:util';
import { check } from '../../infra/emulator/failure.ts';
import { findFreePort } from '../../infra/local/host/listen.ts';
import { atEnd } from '../program.ts';
import { signInBeforeUpdate } from './survival.ts';

/**
 * npm run emulator, from nothing but its installed program to an installed extension and the end; answers how many seconds
 * the installation took.
 */
export async function runAuthorsEmulator(python: string, directory: string): Promise<number> {
  const [platform, extension, account] = [await findFreePort(), await findFreePort(), await findFreePort()];
  const dataDir = join(directory, 'authors');
  const { PATH, TMPDIR } = process.env;
  // As npm runs it, which itself dies of Ctrl-C at once.
  const child = spawn(process.execPath, ['infra/run.mjs', 'infra/commands/emulator.ts'], {
    env: {
      PATH,
      TMPDIR,
      HOME: directory,
      LOCAL_DATA_DIR: dataDir,
      EMULATOR_VENV: dirname(dirname(python)),
      PORT: String(platform),
      EXTENSION_PORT: String(extension),
      EMULATOR_PORT: String(account),
      EXTENSION_CONFIG: 'test/extension/extension.config.ts',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const startedAt = performance.now();
  const exited = once(child, 'exit');
  atEnd(() => child.exitCode ?? child.kill('SIGTERM'));
  let said = '';
  const ready = new Promise<void>((resolve) => {
    for (const channel of [child.stdout, child.stderr]) {
      channel.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('Ctrl-C ends all')) resolve();
      });
    }
  });
  await Promise.race([ready, exited]);
  check(child.exitCode === null, 'npm run emulator ended by itself.', said);
  const environmentFile = join(dataDir, 'emulator', 'environment');
  const lines = (await readFile(environmentFile, 'utf8')).replaceAll(/^export /gm, '');
  check(
    parseEnv(lines)['AWS_ENDPOINT_URL'] === `https://127.0.0.1:${account}`,
    'The account has another address.',
    lines,
  );
  const baseUrl = `http://localhost:${extension}`;
  const [, apiKey = ''] = /details\/([0-9a-f]{24})/.exec(said) ?? [];
  await signInBeforeUpdate({ baseUrl, platformUrl: `http://127.0.0.1:${platform}`, apiKey });
  const seconds = (performance.now() - startedAt) / 1000;
  process.kill(-(child.pid ?? 0), 'SIGINT');
  const [status] = (await exited) as [number | null];
  check(status === 0, `npm run emulator ended with status ${status}.`, said);
  for (const left of ['run', 'environment']) {
    check(!existsSync(join(dataDir, 'emulator', left)), `npm run emulator leaves ${left} behind.`);
  }
  const answers = await fetch(`https://127.0.0.1:${account}`).then(
    () => true,
    () => false,
  );
  check(!answers, 'The emulator still answers.');
  return seconds;
}
