import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../infra/emulator/child.ts';
import { Failure } from '../../infra/emulator/failure.ts';

const files = ['package.json', 'package-lock.json'] as const;
const here = (file: string) => fileURLToPath(import.meta.resolve(`./libraries/${file}`));

/** What npm says where the registry cannot be reached, as opposed to a lock file that is wrong. */
const unreachable = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENETUNREACH|E50\d)\b/;

/**
 * Fynd's libraries and Express by the lock file of `libraries/`, into the directory; only once for one lock file.
 * Answers what is missing where the registry cannot be reached.
 * @throws {Failure} where npm fails for another reason.
 */
export async function installOfficialLibraries(directory: string): Promise<string | undefined> {
  const stamp = join(directory, '.installed');
  const texts = await Promise.all(files.map((file) => readFile(here(file), 'utf8')));
  const digest = createHash('sha256').update(texts.join('\n')).digest('hex');
  if (existsSync(stamp) && (await readFile(stamp, 'utf8')) === digest) return undefined;
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await Promise.all(files.map((file) => copyFile(here(file), join(directory, file))));
  const { status, output } = await npm(
    'ci',
    '--prefix',
    directory,
    '--ignore-scripts',
    '--fetch-retries=1',
    '--loglevel=error',
  );
  if (status !== 0 && unreachable.test(output)) return 'npm’s registry, which cannot be reached';
  if (status !== 0) throw new Failure('npm could not install the official libraries.', output);
  await writeFile(stamp, digest);
  return undefined;
}

/** The npm that runs this, else the one of the path. */
function npm(...words: string[]) {
  const { env, execPath } = process;
  const program = env['npm_execpath'];
  return program === undefined ? run('npm', words, { env }) : run(execPath, [program, ...words], { env });
}
