import { existsSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { createClient } from '@redis/client';
import { StartError } from '../../local/host/start-error.ts';
import { sessionId } from './parse-session.ts';

/** An entry of the old storage: its key, and its value as it was stored. */
export type Entry = readonly [key: string, stored: unknown];

/** Where the old backend's sessions are. */
export interface Source {
  readonly from: 'redis' | 'sqlite' | 'memory-dump';
  /** Of a Redis server. */
  readonly url?: string | undefined;
  /** Of a SQLite database or a dump. */
  readonly file?: string | undefined;
  /** What the storage was made with, without the colon that the library puts behind it. Default: whatever there is. */
  readonly prefix?: string | undefined;
}

/**
 * Reads what may be a session, one after the other. Nothing is written to the source.
 * @throws {StartError} with a sentence that holds no password.
 */
export async function* readSource({ from, url, file, prefix }: Source): AsyncGenerator<Entry> {
  const entries = from === 'redis' ? fromRedis(url, prefix) : from === 'sqlite' ? fromSqlite(file) : fromDump(file);
  const beginning = prefix === undefined ? '' : `${prefix}:`;
  for await (const entry of entries) {
    if (entry[0].startsWith(beginning) && sessionId.test(entry[0])) yield entry;
  }
}

async function* fromRedis(url: string | undefined, prefix: string | undefined): AsyncGenerator<Entry> {
  if (url === undefined) throw new StartError('--from redis needs --url, or REDIS_URL where the URL holds a password.');
  // It reconnects for ever otherwise.
  const client = openRedis(url);
  client.on('error', () => undefined);
  try {
    await client.connect();
    const MATCH = prefix === undefined ? '*' : `${prefix.replaceAll(/[\\*?[\]]/g, String.raw`\$&`)}:*`;
    for await (const keys of client.scanIterator({ MATCH, COUNT: 1_000, TYPE: 'string' })) {
      const wanted = keys.filter((key) => sessionId.test(key));
      const values = wanted.length === 0 ? [] : await client.mGet(wanted);
      for (const [index, key] of wanted.entries()) {
        // One that ended in between is no entry.
        const value = values[index];
        if (value !== null && value !== undefined) yield [key, value];
      }
    }
  } catch (cause) {
    throw new StartError(
      `Redis cannot be read: ${(cause as Error).message || (cause as Error).name}. Nothing was written.`,
      { cause },
    );
  } finally {
    client.destroy();
  }
}

function openRedis(url: string) {
  try {
    return createClient({
      url,
      socket: { reconnectStrategy: false, connectTimeout: 5_000 },
      disableOfflineQueue: true,
    });
  } catch (cause) {
    // The message would repeat the URL.
    throw new StartError('The URL of Redis is none: redis://HOST:PORT/DATABASE, or rediss:// with TLS.', { cause });
  }
}

function* fromSqlite(file: string | undefined): Generator<Entry> {
  const path = existingFile(file, 'sqlite');
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true });
    for (const row of database.prepare('SELECT key, value FROM storage').iterate()) {
      yield [String(row['key']), row['value']];
    }
  } catch (cause) {
    const { message } = cause as Error;
    throw new StartError(
      /not a database/.test(message)
        ? `${path} is no SQLite database, or an encrypted one: decrypt it first.`
        : `${path} cannot be read as the library's database, which has a table storage: ${message}.`,
      { cause },
    );
  } finally {
    database?.close();
  }
}

/** A JSON object of keys and values, as `MemoryStorage` holds it; or a list of `{ key, value }`, as mongoexport writes it. */
function* fromDump(file: string | undefined): Generator<Entry> {
  const path = existingFile(file, 'memory-dump');
  let dump: unknown;
  try {
    dump = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new StartError(`${path} is not JSON: it may be half written, or encrypted. Nothing was written.`, { cause });
  }
  if (Array.isArray(dump)) {
    for (const each of dump as { readonly key?: unknown; readonly value?: unknown }[]) {
      if (typeof each?.key === 'string') yield [each.key, each.value];
    }
    return;
  }
  const { __data: data = dump } = Object(dump) as { readonly __data?: unknown };
  yield* Object.entries(Object(data) as Record<string, unknown>);
}

function existingFile(file: string | undefined, from: string): string {
  if (file === undefined) throw new StartError(`--from ${from} needs --file.`);
  if (!existsSync(file)) throw new StartError(`There is no file ${file}.`);
  return file;
}
