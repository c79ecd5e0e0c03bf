import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigurationError } from '../shared/config.ts';
import { loadError } from './load-error.ts';
import type { AddOwnResources } from './resources/own-resources.ts';

/**
 * The author's own resources, which the configuration names: another configuration has others, or none.
 * @throws {ConfigurationError} where the file cannot be loaded or does not export them.
 */
export async function loadOwnResources(file: string | undefined): Promise<AddOwnResources | undefined> {
  if (file === undefined) return undefined;
  let module: { addOwnResources?: AddOwnResources };
  try {
    module = await import(pathToFileURL(resolve(file)).href);
  } catch (cause) {
    throw loadError(file, cause);
  }
  if (typeof module.addOwnResources === 'function') return module.addOwnResources;
  throw new ConfigurationError(`resources: ${file} exports no function "addOwnResources".`);
}
