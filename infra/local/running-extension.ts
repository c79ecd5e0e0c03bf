import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { environment } from '../../shared/contract.ts';
import { isDirectoryInUse } from './host/data-directory.ts';
import { readDataFile, writeDataFile } from './host/data-file.ts';
import { shortName } from './host/log-entry.ts';
import { StartError } from './host/start-error.ts';
import type { LocalEndpoints } from './lambda/lambda-environment.ts';
import type { Stack } from './template/read-stack.ts';

const runningSchema = v.object({
  sqsEndpoint: v.string(),
  dynamoDbEndpoint: v.string(),
  secretsEndpoint: v.string(),
  /** Physical names by the environment variable that hands them to functions, e.g. `INSTALLATIONS_TABLE`. */
  resourceNames: v.record(v.string(), v.string()),
  /** Where it serves, for which platform, and as whom. */
  extension: v.object({ baseUrl: v.string(), cluster: v.string(), apiKey: v.string(), apiSecret: v.string() }),
  accessKey: v.object({ accessKeyId: v.string(), secretAccessKey: v.string() }),
  schedules: v.array(
    v.object({
      name: v.string(),
      arn: v.string(),
      queueUrl: v.string(),
      groupId: v.optional(v.string()),
      body: v.string(),
    }),
  ),
  /** Queues with their dead letters. */
  redrives: v.array(v.object({ name: v.string(), url: v.string(), deadLettersUrl: v.string() })),
});

/** What another command needs to know of a local runtime that runs. */
export type RunningExtension = v.InferOutput<typeof runningSchema>;

const fileName = 'endpoints.json';

export function describeRunning(
  { functions, queues, schedules }: Stack,
  endpoints: LocalEndpoints,
  extension: RunningExtension['extension'],
): RunningExtension {
  const named = new Set<string>(Object.values(environment));
  const variables = functions.flatMap((fn) => Object.entries(fn.environment));
  return {
    extension,
    sqsEndpoint: endpoints.sqs,
    dynamoDbEndpoint: endpoints.dynamoDb,
    secretsEndpoint: endpoints.secretsManager,
    resourceNames: Object.fromEntries(variables.filter(([name]) => named.has(name))),
    accessKey: { ...endpoints.accessKey },
    schedules: [...schedules],
    redrives: queues.flatMap(({ logicalId, url, deadLetters }) => {
      const target = queues.find(({ arn }) => arn === deadLetters?.arn);
      return target ? [{ name: shortName(logicalId), url, deadLettersUrl: target.url }] : [];
    }),
  };
}

/** Leaves the description in the data directory, for its owner alone since the access key is in it, until the given function is called. */
export function announceRunning(directory: string, running: RunningExtension): () => void {
  const file = join(directory, fileName);
  writeDataFile(file, JSON.stringify(running, undefined, 2));
  return () => rmSync(file, { force: true });
}

/**
 * Finds the local runtime that runs now: in the folder that was named, else in the default one or in those of further
 * runs inside it. What a run left that was killed does not count.
 * @throws {StartError} where there is none, or more than one.
 */
export async function findRunning(named: string | undefined, defaultPath: string): Promise<RunningExtension> {
  const folders = named === undefined ? [defaultPath, ...furtherFolders(defaultPath)] : [named];
  const used: string[] = [];
  for (const folder of folders) {
    if (existsSync(join(folder, fileName)) && (await isDirectoryInUse(folder))) used.push(folder);
  }
  const [found, ...others] = used;
  if (found === undefined) {
    throw new StartError(
      `No local extension runs${named === undefined ? '' : ` in ${named} (LOCAL_DATA_DIR)`}: start one with npm start.`,
    );
  }
  if (others.length > 0) {
    throw new StartError(
      `${used.length} local extensions run: set LOCAL_DATA_DIR to the folder of one of them, ${used.join(' or ')}.`,
    );
  }
  const running = readDataFile(
    join(found, fileName),
    runningSchema,
    'The extension that runs writes it when it starts.',
  );
  if (running) return running;
  throw new StartError(`The extension in ${found} is just ending.`);
}

function furtherFolders(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => name.startsWith('port-'))
    .map((name) => join(path, name));
}
