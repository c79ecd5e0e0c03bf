import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll } from 'vitest';
import type { ExtensionInput } from '../../shared/config.ts';
import { startWorld, type World } from '../functions/fixture/world.ts';

let started: Promise<World> | undefined;

/**
 * Tables, secrets and a platform for the handlers of one file of tests: started at first use, closed behind its last test.
 * The configuration is the author's, or that which `EXTENSION_CONFIG` names.
 */
export function ownWorld(): Promise<World> {
  started ??= ownConfiguration().then(startWorld);
  return started;
}

/** As it is written, without its defaults. */
export async function ownConfiguration(): Promise<ExtensionInput> {
  const file = resolve(process.env['EXTENSION_CONFIG'] ?? 'extension.config.ts');
  const module = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { default: ExtensionInput };
  return module.default;
}

afterAll(async () => {
  await (await started)?.close();
});
