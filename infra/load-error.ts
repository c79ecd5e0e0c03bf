import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigurationError } from '../shared/config.ts';

/**
 * What stopped a file of the author's from being imported: a sentence, and below it the place with its line of code, in
 * that file or one that it imports. Paths count from the directory in which the command runs.
 */
export function loadError(file: string, cause: unknown): ConfigurationError {
  if (!(cause instanceof Error)) {
    return new ConfigurationError(`${file} cannot be loaded (it threw no error).`, { cause });
  }
  const reason = `${cause.name}: ${cause.message.trim().split('\n')[0]}`;
  const place = parseFrame(cause) ?? placeThrown(cause);
  return new ConfigurationError(`${file} cannot be loaded (${reason}).${place === undefined ? '' : `\n\n${place}\n`}`, {
    cause,
  });
}

/** Node begins the stack of what it could not parse with `file:line` and the code there, marks below the place. */
function parseFrame({ stack = '' }: Error): string | undefined {
  const [, place = '', code] = /^(?:file:\/\/)?([^\n]*:\d+)\n(.*?)\n\n/s.exec(stack) ?? [];
  return code && `${shown(place)}\n${code}`;
}

function placeThrown({ stack = '' }: Error): string | undefined {
  const frames = stack.matchAll(/^ +at .*?(file:\/\/[^\s()]+):(\d+):(\d+)\)?$/gm);
  const own = [...frames].find(([, url = '']) => !url.includes('/node_modules/'));
  if (own === undefined) return undefined;
  const [, url = '', line = '', column = ''] = own;
  const path = fileURLToPath(url);
  if (!existsSync(path)) return undefined;
  const code = readFileSync(path, 'utf8').split('\n')[Number(line) - 1] ?? '';
  return `${shown(path)}:${line}\n${code}\n${code.slice(0, Number(column) - 1).replaceAll(/\S/g, ' ')}^`;
}

function shown(path: string): string {
  const short = relative('.', path);
  return short.startsWith('..') ? path : short;
}
