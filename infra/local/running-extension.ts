import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDirectoryInUse } from './host/data-directory.ts';
import { shortName } from './host/log-entry.ts';
import { StartError } from './host/start-error.ts';
import type { ScheduleDefinition } from './sqs/queue-definition.ts';
import type { Stack } from './template/read-stack.ts';

/** What another command needs to know of a local runtime that runs. */
export interface RunningExtension {
  readonly sqsEndpoint: string;
  readonly schedules: readonly ScheduleDefinition[];
  /** Queues with their dead letters. */
  readonly redrives: readonly { readonly name: string; readonly url: string; readonly deadLettersUrl: string }[];
}

const fileName = 'endpoints.json';

export function describeRunning({ queues, schedules }: Stack, sqsEndpoint: string): RunningExtension {
  return {
    sqsEndpoint,
    schedules,
    redrives: queues.flatMap(({ logicalId, url, deadLetters }) => {
      const target = queues.find(({ arn }) => arn === deadLetters?.arn);
      return target ? [{ name: shortName(logicalId), url, deadLettersUrl: target.url }] : [];
    }),
  };
}

/** Leaves the description in the data directory, until the given function is called. */
export function announceRunning(directory: string, running: RunningExtension): () => void {
  const file = join(directory, fileName);
  writeFileSync(`${file}.next`, JSON.stringify(running, undefined, 2), { mode: 0o600 });
  renameSync(`${file}.next`, file);
  return () => rmSync(file, { force: true });
}

/**
 * Finds the local runtime that runs now: in the folder that was named, else in the default one or in those of further
 * runs inside it. What a run left that was killed does not count.
 * @throws {StartError} where there is none, or more than one.
 */
export async function findRunning(named: string | undefined, defaultPath: string): Promise<RunningExtension> {
  const folders = named === undefined ? [defaultPath, ...furtherFolders(defaultPath)] : [named];
  const running: string[] = [];
  for (const folder of folders) {
    if (existsSync(join(folder, fileName)) && (await isDirectoryInUse(folder))) running.push(folder);
  }
  const [found, ...others] = running;
  if (found === undefined) {
    throw new StartError(
      `No local extension runs${named === undefined ? '' : ` in ${named} (LOCAL_DATA_DIR)`}: start one with npm start.`,
    );
  }
  if (others.length > 0) {
    throw new StartError(
      `${running.length} local extensions run: set LOCAL_DATA_DIR to the folder of one of them, ${running.join(' or ')}.`,
    );
  }
  return JSON.parse(readFileSync(join(found, fileName), 'utf8')) as RunningExtension;
}

function furtherFolders(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => name.startsWith('port-'))
    .map((name) => join(path, name));
}
