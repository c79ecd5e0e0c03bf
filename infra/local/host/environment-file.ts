import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { StartError } from './start-error.ts';

export interface EnvironmentFile {
  /** From this process's directory. */
  readonly path: string;
  /**
   * Puts what the file says now into `process.env`, and takes away what it no longer says. What the environment had wins.
   * @throws {StartError} where the file cannot be read; a file that is not there says nothing.
   */
  read(): void;
}

/** Reads the file, as `read` does again later. */
export function openEnvironmentFile(path = '.env'): EnvironmentFile {
  const ours = new Set<string>();
  const read = () => {
    const variables = parse(path);
    for (const name of ours) if (!(name in variables)) delete process.env[name];
    for (const [name, value] of Object.entries(variables)) {
      if (process.env[name] !== undefined && !ours.has(name)) continue;
      process.env[name] = value;
      ours.add(name);
    }
  };
  read();
  return { path, read };
}

function parse(path: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return {};
    throw new StartError(`${path} cannot be read (${code}).`, { cause: error });
  }
}
