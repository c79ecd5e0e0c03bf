import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { StartError } from '../local/host/start-error.ts';

/**
 * What a command was called with.
 * @throws {StartError} with what is wrong, and the usage.
 */
export function readArguments<const Options extends ParseArgsOptionsConfig>(usage: string, options: Options) {
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch (error) {
    throw new StartError(`${(error as Error).message.split('. ')[0]}.\n\n${usage}`, { cause: error });
  }
}
