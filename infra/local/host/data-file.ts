import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import * as v from 'valibot';
import { StartError } from './start-error.ts';
import { systemReason } from './system-error.ts';

/**
 * Writes a file of the data folder whole or not at all, for its owner alone: whatever happens meanwhile, the file is the
 * old one or the new one.
 * @throws {StartError} naming the file and what helps.
 */
export function writeDataFile(file: string, text: string): void {
  closeSync(replaceDataFile(file, text));
}

/** As `writeDataFile`; gives the descriptor, which stands at the end of the new file. */
export function replaceDataFile(file: string, text: string): number {
  const next = `${file}.next`;
  let descriptor: number | undefined;
  try {
    descriptor = openSync(next, 'w', 0o600);
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
    renameSync(next, file);
    return descriptor;
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    rmSync(next, { force: true, recursive: true });
    throw fileError(file, 'written', error);
  }
}

/** The text of a file of the data folder; undefined where there is none. @throws {StartError} where it cannot be read. */
export function readDataText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(file, 'read', error);
  }
}

/**
 * What a file of the data folder holds as JSON; undefined where there is none.
 * @param without what it means to go on without the file, as a sentence.
 * @throws {StartError} where it cannot be read or holds anything else; what it holds is not said, it may be a secret.
 */
export function readDataFile<Schema extends v.GenericSchema>(
  file: string,
  schema: Schema,
  without: string,
): v.InferOutput<Schema> | undefined {
  const text = readDataText(file);
  if (text === undefined) return undefined;
  try {
    return v.parse(schema, JSON.parse(text));
  } catch {
    throw new StartError(
      `${file} is ${text.trim() === '' ? 'empty' : 'damaged'}: bring it back from a copy, or delete it and start again. ${without}`,
    );
  }
}

/** That a file could not be used, with what helps. */
export function fileError(file: string, done: 'written' | 'read', cause: unknown): StartError {
  const { code } = cause as NodeJS.ErrnoException;
  return new StartError(`${file} cannot be ${done}, since ${systemReason(cause) ?? `the system said ${code}`}.`, {
    cause,
  });
}
